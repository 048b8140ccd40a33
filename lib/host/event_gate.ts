import { countedNames, type PeerEvent } from "../base/event.ts";
import { LOG_PERIOD_MS, MAX_LOGGED_EVENTS, MAX_LOGGED_KINDS } from "../base/limits.ts";

interface Kind {
  sinceMs: number;
  logged: number;
  heldBack: number;
}

/** Under this all kinds are counted for which there is no more room. */
const OTHERS = "others";

/**
 * Keeps a flood of one kind of event from the log, so that it neither costs much nor pushes everything else out: of
 * each kind and reason MAX_LOGGED_EVENTS pass in a period, the others are counted, and told in one line behind it.
 */
export class EventGate {
  readonly #nowMs: () => number;
  readonly #kinds = new Map<string, Kind>();
  #lookAtMs = 0;

  /** @param nowMs a monotonic clock. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** What is to be logged, now that an event happened. */
  take(event: PeerEvent): PeerEvent[] {
    const nowMs = this.#nowMs();
    const told = nowMs >= this.#lookAtMs ? this.#endPeriods(nowMs) : [];
    const name = countedNames(event).at(-1) ?? event.name;
    const key = this.#kinds.has(name) || this.#kinds.size < MAX_LOGGED_KINDS ? name : OTHERS;
    const kind = this.#kinds.get(key) ?? { sinceMs: nowMs, logged: 0, heldBack: 0 };
    this.#kinds.set(key, kind);
    if (kind.logged >= MAX_LOGGED_EVENTS) {
      kind.heldBack++;
      return told;
    }
    kind.logged++;
    return [...told, event];
  }

  /** What was held back so far, at the end. */
  close(): PeerEvent[] {
    return this.#endPeriods(Infinity);
  }

  #endPeriods(nowMs: number): PeerEvent[] {
    const told: PeerEvent[] = [];
    this.#lookAtMs = Infinity;
    for (const [key, { sinceMs, heldBack }] of this.#kinds) {
      if (nowMs < sinceMs + LOG_PERIOD_MS) {
        this.#lookAtMs = Math.min(this.#lookAtMs, sinceMs + LOG_PERIOD_MS);
        continue;
      }
      this.#kinds.delete(key);
      if (heldBack === 0) continue;
      const seconds = LOG_PERIOD_MS / 1000;
      told.push({ name: "events_not_logged", level: "warning", fields: { event: key, count: heldBack, seconds } });
    }
    // A kind that comes now is looked at a period later.
    this.#lookAtMs = Math.min(this.#lookAtMs, nowMs + LOG_PERIOD_MS);
    return told;
  }
}
