import { KithError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import { CHECKPOINT_IDLE_MS } from "../base/limits.ts";

/** Moves the store's log into its file a while after something was done, so that no write has to wait for it. */
export class IdleCheckpoint {
  readonly #checkpoint: () => void;
  readonly #event: (event: PeerEvent) => void;
  readonly #idleMs: number;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #stopped = false;

  /** @param idleMs time after the first turn since the last one. Default: CHECKPOINT_IDLE_MS. */
  constructor(checkpoint: () => void, event: (event: PeerEvent) => void, idleMs: number = CHECKPOINT_IDLE_MS) {
    this.#checkpoint = checkpoint;
    this.#event = event;
    this.#idleMs = idleMs;
  }

  /** A turn is over. */
  turned(): void {
    if (this.#timer !== null || this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#run();
    }, this.#idleMs);
  }

  /** Ends it. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #run(): void {
    try {
      this.#checkpoint();
    } catch (error) {
      // The disk is full, say: what was acknowledged is safe in the log, and the next turn tries again.
      if (!(error instanceof KithError)) throw error;
      this.#event({ name: "checkpoint_failed", level: "error", reason: error.code });
    }
  }
}
