import { toHex } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import type { PeerEvent } from "../base/event.ts";
import { MAX_ADDRESSES } from "../base/limits.ts";

/** How long after a peer reached its own identity the other end of that link may take to turn up here. */
const OWN_END_MS = 3_000;

/**
 * Tells whether a link with this peer's own identity at the other end leads to this very process, as when it dials its
 * own address, or to another one that runs with a copy of its home. In the first case both ends are here, and have one
 * handshake hash.
 */
export class Copies {
  readonly #emit: (event: PeerEvent) => void;
  readonly #cameBack: (address: string, now: Now) => void;
  readonly #addresses = new Set<string>();
  /** Dialled links whose other end has yet to turn up, by handshake hash. */
  readonly #dialled = new Map<string, { readonly address: string; readonly dueMs: number }>();

  /** @param cameBack is told the address where this process was dialled that is this process. Default: nobody is. */
  constructor(emit: (event: PeerEvent) => void, cameBack: (address: string, now: Now) => void = () => {}) {
    this.#emit = emit;
    this.#cameBack = cameBack;
  }

  /** Where other processes with this identity were met, the first ones. */
  get addresses(): readonly string[] {
    return [...this.#addresses];
  }

  /** A link was closed since both ends have this identity. */
  met(direction: "in" | "out", handshakeHash: Uint8Array, address: string, now: Now): void {
    const hash = toHex(handshakeHash);
    if (direction === "in") {
      // Who dials is through with the handshake before who listens.
      const dialled = this.#dialled.get(hash);
      if (dialled === undefined) return this.#found(address);
      this.#dialled.delete(hash);
      this.#cameBack(dialled.address, now);
    } else if (this.#dialled.size < MAX_ADDRESSES) {
      this.#dialled.set(hash, { address, dueMs: now.monotonicMs + OWN_END_MS });
    }
  }

  /** Takes what did not turn up here in time as another process. */
  tick(now: Now): void {
    for (const [hash, { address, dueMs }] of this.#dialled) {
      if (now.monotonicMs < dueMs) continue;
      this.#dialled.delete(hash);
      this.#found(address);
    }
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    return Math.min(Infinity, ...[...this.#dialled.values()].map(({ dueMs }) => dueMs));
  }

  #found(address: string): void {
    if (this.#addresses.has(address) || this.#addresses.size >= MAX_ADDRESSES) return;
    this.#addresses.add(address);
    this.#emit({
      name: "home_copied",
      level: "error",
      reason: "another kith runs with the identity of this one: stop the copy, and let it join anew with a new home",
      fields: { address },
    });
  }
}
