import { compare, equal } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { ProtocolError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import { MAX_STREAM_QUEUE_BYTES } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { RECONCILIATION_KEY_BYTES, type ReconciliationMessage } from "../wire/reconciliation.ts";
import type { SyncLinks } from "./ports.ts";
import type { Standing } from "./replica.ts";
import { Reconciliation } from "./reconciliation.ts";
import type { VersionSet } from "../data/version_set.ts";

/** How long two replicas must differ before they are reconciled: what is on its way has come by then. */
const QUIET_MS = 1000;
/** How long the one that is not to begin waits for the other to. */
const PATIENCE_MS = 10_000;
/** Silence after which a reconciliation is given up. */
const SILENT_MS = 30_000;
/** Pause after one that led to nothing; four times as long after each further one, up to `…MAX`. */
const REST_MS = 2000;
const REST_MAX_MS = 600_000;
/** Pause where the other side was busy. */
const BUSY_MS = 3000;

/** What the reconciler works with. */
export interface ReconcilerParts {
  readonly links: SyncLinks;
  readonly random: Random;
  readonly emit: (event: PeerEvent) => void;
  /** The versions as they are now. */
  readonly set: () => VersionSet;
  /** How this peer and the one at the other end of a link stand. */
  readonly standing: (connection: number) => Standing;
}

/** What is remembered of a link. */
interface Other {
  readonly connection: number;
  /** When to look whether both differ; Infinity for when something changes. */
  lookAtMs: number;
  /** Before it nothing new is begun with this one. */
  restUntilMs: number;
  /** Until when the other may begin; null where it is not known that it should. */
  patienceUntilMs: number | null;
  /** Reconciliations in a row that brought nothing. */
  fruitless: number;
}

interface Running {
  readonly other: Other;
  readonly reconciliation: Reconciliation;
  heardMs: number;
  received: number;
}

/**
 * Decides when this peer and another one reconcile (DESIGN 7): where their histories are equal and their versions are
 * not, for a second. One at a time, so that a peer needs memory for one only; with ever longer pauses where it brings
 * nothing, so that a peer that sends nonsense costs little. Works behind the commits of turns.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #others = new Map<number, Other>();
  #running: Running | null = null;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  /** Whether one is under way. */
  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** A link to a member is open. */
  opened(connection: number, now: Now): void {
    const lookAtMs = now.monotonicMs + QUIET_MS;
    this.#others.set(connection, { connection, lookAtMs, restUntilMs: 0, patienceUntilMs: null, fruitless: 0 });
  }

  /** A link is gone. What was merged stays; the rest starts over with the next link. */
  closed(connection: number): void {
    this.#others.delete(connection);
    if (this.#running?.other.connection === connection) this.#running = null;
  }

  /** What this peer holds changed. */
  changed(now: Now): void {
    for (const other of this.#others.values()) this.#look(other, now.monotonicMs + QUIET_MS);
  }

  /** What another one says of itself changed. */
  stateReceived(connection: number, now: Now): void {
    const other = this.#others.get(connection);
    if (other !== undefined) this.#look(other, now.monotonicMs + QUIET_MS);
  }

  /** A message came in. @throws {ProtocolError} `overloaded` where they come faster than anybody would answer. */
  received(connection: number, message: ReconciliationMessage, now: Now): void {
    const other = this.#others.get(connection);
    if (other === undefined) return;
    const running = this.#running;
    if (running?.other === other && equal(running.reconciliation.key, message.key)) {
      running.heardMs = now.monotonicMs;
      if (!running.reconciliation.received(message)) throw new ProtocolError("overloaded", "too many messages");
      return;
    }
    // Others are of one that is over here.
    const begins = message.type === "sketch" ? message.first === 0 : message.type === "nodes" && message.isWhole;
    if (!begins) return;
    if (!this.#mayAnswer(other, message.key, now)) {
      this.#parts.links.send(connection, { type: "settled", key: message.key, outcome: "busy" }, "bulk");
      return;
    }
    this.#begin(other, message.key, false, now).received(message);
  }

  /**
   * Operations came in of a transaction that is held.
   *
   * @param indices of them. @param isNew whether any of them was absent.
   */
  partialReceived(
    connection: number,
    transaction: Uint8Array,
    indices: readonly number[],
    isNew: boolean,
    now: Now,
  ): void {
    const running = this.#running;
    if (running === null || running.other.connection !== connection) return;
    running.heardMs = now.monotonicMs;
    if (isNew) running.received += indices.length;
    running.reconciliation.merged(transaction, indices);
  }

  /** Goes on for some milliseconds. Called once the store has what the turn brought. */
  turnEnded(now: Now): void {
    const running = this.#running;
    if (running === null) return this.#consider(now);
    if (running.reconciliation.canStep) {
      running.heardMs = now.monotonicMs;
      running.reconciliation.step();
    } else if (now.monotonicMs >= running.heardMs + SILENT_MS) running.reconciliation.fail("no answer");
    if (running.reconciliation.outcome !== null) this.#ended(running, now);
  }

  /** The monotonic time in ms at which a turn should be. */
  deadline(): number {
    const running = this.#running;
    if (running !== null) return running.reconciliation.canStep ? 0 : running.heardMs + SILENT_MS;
    let due = Infinity;
    for (const { lookAtMs } of this.#others.values()) due = Math.min(due, lookAtMs);
    return due;
  }

  #look(other: Other, atMs: number): void {
    other.lookAtMs = Math.max(Math.min(other.lookAtMs, atMs), other.restUntilMs);
  }

  /** Begins where it is time to. */
  #consider(now: Now): void {
    for (const other of this.#others.values()) {
      if (now.monotonicMs < other.lookAtMs) continue;
      other.lookAtMs = Infinity;
      const standing = this.#parts.standing(other.connection);
      if (standing === "equal") other.fruitless = 0;
      if (standing === "unready") other.lookAtMs = now.monotonicMs + QUIET_MS;
      if (standing === "second") {
        other.patienceUntilMs ??= now.monotonicMs + PATIENCE_MS;
        other.lookAtMs = other.patienceUntilMs;
        if (now.monotonicMs < other.patienceUntilMs) continue;
      }
      other.patienceUntilMs = null;
      if (standing !== "first" && standing !== "second") continue;
      other.lookAtMs = Infinity;
      this.#begin(other, this.#parts.random.bytes(RECONCILIATION_KEY_BYTES).slice(), true, now);
      return;
    }
  }

  #mayAnswer(other: Other, key: Uint8Array, now: Now): boolean {
    const running = this.#running;
    if (running === null) return now.monotonicMs >= other.restUntilMs;
    // Both began at the same time: that with the lower key goes on.
    if (running.other !== other || !running.reconciliation.isFirst) return false;
    return compare(key, running.reconciliation.key) < 0;
  }

  #begin(other: Other, key: Uint8Array, isFirst: boolean, now: Now): Reconciliation {
    const { links, set } = this.#parts;
    const reconciliation = new Reconciliation(key, isFirst, set(), {
      send: (message) => links.send(other.connection, message, "bulk"),
      hasRoom: () => links.bulkQueuedBytes(other.connection) < MAX_STREAM_QUEUE_BYTES,
    });
    this.#running = { other, reconciliation, heardMs: now.monotonicMs, received: 0 };
    return reconciliation;
  }

  #ended({ other, reconciliation, received }: Running, now: Now): void {
    this.#running = null;
    const { outcome, shown } = reconciliation;
    if (outcome === null) return;
    if (outcome.settled === "busy") {
      this.#rest(other, now.monotonicMs + BUSY_MS);
      return;
    }
    if (received > 0) other.fruitless = 0;
    else other.fruitless++;
    const restMs = other.fruitless === 0 ? 0 : Math.min(REST_MS * 4 ** (other.fruitless - 1), REST_MAX_MS);
    this.#rest(other, now.monotonicMs + Math.max(restMs, QUIET_MS));
    this.#parts.emit({
      name: outcome.settled === "done" ? "reconciled" : "reconcile_failed",
      level: outcome.settled === "done" ? "info" : "warning",
      reason: outcome.reason,
      fields: { connection: other.connection, received, shown },
    });
  }

  #rest(other: Other, untilMs: number): void {
    other.restUntilMs = untilMs;
    other.lookAtMs = untilMs;
  }
}
