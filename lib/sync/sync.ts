import { equal } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { ProtocolError } from "../base/errors.ts";
import { DIGEST_SLICE_IDS, MAX_WANTED } from "../base/limits.ts";
import { briefOf, encodeBrief } from "../wire/brief_frontier.ts";
import type { Brief, Message } from "../wire/message.ts";
import { type Header, writerKey } from "../wire/transaction.ts";
import type { SyncLinks, SyncStore, SyncTree } from "./ports.ts";
import { announcements, type Applied } from "./announcements.ts";
import { Replica, type Standing, summaryHash } from "./replica.ts";
import { Streams } from "./streams.ts";

/** How long an announced transaction may still come from its writer before it is pulled from who announced it. */
const ANNOUNCED_DELAY_MS = 20;
/** The same on a tree, where what came first may have come by a shorter way. */
const TREE_DELAY_MS = 250;
/** Silence in a pull after which another source is tried. */
const PULL_STALLED_MS = 10_000;
/** When to try again a source whose pull brought nothing that could be applied. */
const FRUITLESS_PULL_RETRY_MS = 30_000;
/** After so long without news, a replica that still differs is sent the whole frontier: something was missed. */
const COMPARE_AFTER_MS = 5_000;
/** Pause before that is done again. */
const COMPARE_AGAIN_MS = 30_000;
/** Quiet after a change before this peer tells its state; under steady change it tells it at the longest after `…MAX`. */
const STATE_QUIET_MS = 15;
const STATE_QUIET_MAX_MS = 250;
/** Pause before it is told after a turn that failed: long enough for the others to compare before they hear it again. */
const STATE_AFTER_FAILURE_MS = 10_000;

interface Pull {
  readonly connection: number;
  progressMs: number;
  applied: number;
}

/**
 * Keeps the replicas at the other ends of all links equal to this one (DESIGN 7). Who lacks something pulls it, from
 * one source at a time, in causal order; own writes are sent to all at once; writes of others are announced, and
 * pulled where they do not come from elsewhere within `ANNOUNCED_DELAY_MS`.
 */
export class Sync {
  readonly #store: SyncStore;
  readonly #links: SyncLinks;
  readonly #missingParents: () => Uint8Array[];
  readonly #tree: SyncTree;
  readonly #streams: Streams;
  readonly #replicas = new Map<number, Replica>();
  #pull: Pull | null = null;
  #stateDueMs = Infinity;
  #stateLatestMs = Infinity;

  /** @param missingParents the parents that waiting transactions lack, at most `MAX_WANTED`. */
  constructor(store: SyncStore, links: SyncLinks, tree: SyncTree, missingParents: () => Uint8Array[]) {
    this.#store = store;
    this.#links = links;
    this.#tree = tree;
    this.#missingParents = missingParents;
    this.#streams = new Streams(store, links);
  }

  /**
   * The member at the other end of a link has said who it is: both tell what they hold. Unless it is being pulled from
   * another one already, what this peer lacks is asked for along with that.
   *
   * @param isBrief whether the other knows summaries and frontiers in brief. Else it is told them whole.
   */
  opened(connection: number, isBrief: boolean, now: Now): void {
    if (this.#replicas.has(connection)) return;
    const replica = new Replica(connection, isBrief);
    this.#replicas.set(connection, replica);
    if (!this.#store.prepareDigest(DIGEST_SLICE_IDS)) this.#stateDueMs = 0;
    else if (isBrief) {
      replica.hasSummaryOnly = true;
      this.#send(
        replica,
        { type: "summary", hash: this.#summary(), operations: this.#store.operationsTotal },
        "control",
      );
    } else this.#sendState(replica);
    if (!isBrief) this.#sendFrontier(replica);
    else if (this.#pull === null) this.#beginPull(replica, now);
    else this.#sendBrief(replica, false);
  }

  /** Whether the member at the other end of a link has said who it is. */
  isOpen(connection: number): boolean {
    return this.#replicas.has(connection);
  }

  /** A link is gone. */
  closed(connection: number, now: Now): void {
    this.#replicas.delete(connection);
    if (this.#pull?.connection === connection) this.#pull = null;
    this.#considerPull(now);
  }

  /** A message about synchronisation came in. @throws {ProtocolError} `bad_state` for one that does not belong here. */
  received(connection: number, message: Message, now: Now): void {
    const replica = this.#replicas.get(connection);
    if (replica === undefined) return;
    switch (message.type) {
      case "frontier":
        replica.restart(message.entries);
        // One of the two was told too little in brief: it is not done by that any more.
        replica.isBrief = false;
        if (!replica.toldFrontier) this.#sendFrontier(replica);
        this.#schedulePull(replica, now, 0);
        return;
      case "brief":
        return this.#briefed(replica, message, now);
      case "have":
        replica.announced(message.entries);
        this.#schedulePull(replica, now, this.#replicas.size > 1 ? ANNOUNCED_DELAY_MS : 0);
        return;
      case "pull":
        if (!replica.hasFrontier) throw new ProtocolError("bad_state", "pull before frontier");
        // The stream begins behind the turn's commit: what it may hold is not durable before.
        replica.streamedRow = 0;
        return;
      case "pulled":
        this.#pulled(replica, now);
        return;
      case "state":
        replica.state = {
          frontierHash: message.frontierHash,
          summary: summaryHash(message.frontierHash, message.digest),
          isAssumed: false,
        };
        replica.summary = null;
        replica.operations = message.operations;
        replica.compareAtMs = now.monotonicMs + COMPARE_AFTER_MS;
        if (replica.hasSummaryOnly) this.#answerState(replica);
        return;
      case "summary":
        replica.state = null;
        replica.summary = message.hash;
        replica.operations = message.operations;
        replica.compareAtMs = now.monotonicMs + COMPARE_AFTER_MS;
        return;
      case "want":
        replica.wanted = [...message.ids];
        return;
      default:
        throw new ProtocolError("bad_state", `unexpected ${message.type}`);
    }
  }

  /**
   * A transaction came in by a link.
   *
   * @param waits whether it lacks parents: they are pulled, where no pull is bringing them already.
   */
  transactionReceived(connection: number, id: Uint8Array, header: Header, waits: boolean, now: Now): void {
    const replica = this.#replicas.get(connection);
    if (replica === undefined) return;
    const pulling = this.#pull?.connection === connection;
    if (pulling && this.#pull !== null) this.#pull.progressMs = now.monotonicMs;
    if (!waits) return replica.holds(writerKey(header), header.sequence);
    replica.showed({ peer: header.peer, instance: header.instance }, { sequence: header.sequence, id });
    if (!pulling) this.#schedulePull(replica, now, this.#tree.has(connection) ? TREE_DELAY_MS : ANNOUNCED_DELAY_MS);
  }

  /** Whether a replica is to be sent a transaction by the tree: not where it has it, or gets it by a stream. */
  takesLive(connection: number, header: Header): boolean {
    const replica = this.#replicas.get(connection);
    if (replica === undefined || !replica.hasFrontier || replica.streamedRow !== null) return false;
    const writer = writerKey(header);
    if ((replica.theirs.get(writer) ?? 0) >= header.sequence) return false;
    replica.holds(writer, header.sequence);
    return true;
  }

  /** Streams transactions to a replica, as if it had asked for these ids. */
  stream(connection: number, ids: readonly Uint8Array[]): void {
    const replica = this.#replicas.get(connection);
    if (replica !== undefined) replica.wanted = [...replica.wanted, ...ids].slice(0, MAX_WANTED);
    this.drained(connection);
  }

  /**
   * Tells the others what was applied, and goes on with what they asked for. Called once the store has it.
   *
   * @param hasChanged whether what this peer holds changed, by that or otherwise. Default: by that.
   */
  turnEnded(applied: readonly Applied[], now: Now, hasChanged = applied.length > 0): void {
    if (applied.length > 0) {
      const pull = this.#pull;
      if (pull !== null) pull.applied += applied.filter(({ from }) => from === pull.connection).length;
      this.#announce(applied);
    }
    if (hasChanged) {
      this.#stateDueMs = Math.min(now.monotonicMs + STATE_QUIET_MS, this.#stateLatestMs);
      if (this.#stateLatestMs === Infinity) this.#stateLatestMs = now.monotonicMs + STATE_QUIET_MAX_MS;
    }
    for (const replica of this.#replicas.values()) this.#streams.goOn(replica);
    this.tick(now);
  }

  /**
   * A turn was taken back, and nobody knows what of it came from whom: the others are told what is held, and say in
   * turn all that they hold.
   */
  turnFailed(now: Now): void {
    this.#stateDueMs = Math.min(this.#stateDueMs, now.monotonicMs + STATE_AFTER_FAILURE_MS);
  }

  /** Does what is due. */
  tick(now: Now): void {
    // What is left to be hashed for it is done in the turns that follow: until then it stays due.
    const isStateDue = now.monotonicMs >= this.#stateDueMs;
    if (isStateDue && (this.#replicas.size === 0 || this.#store.prepareDigest(DIGEST_SLICE_IDS))) {
      this.#stateDueMs = Infinity;
      this.#stateLatestMs = Infinity;
      for (const replica of this.#replicas.values()) this.#sendState(replica);
    }
    for (const replica of this.#replicas.values()) {
      if (now.monotonicMs >= replica.compareAtMs) this.#compare(replica, now);
    }
    if (this.#pull !== null && now.monotonicMs >= this.#pull.progressMs + PULL_STALLED_MS) {
      const stalled = this.#replicas.get(this.#pull.connection);
      if (stalled !== undefined) stalled.pullAtMs = now.monotonicMs + FRUITLESS_PULL_RETRY_MS;
      this.#pull = null;
    }
    this.#considerPull(now);
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    let due = this.#stateDueMs;
    for (const replica of this.#replicas.values()) due = Math.min(due, replica.compareAtMs);
    if (this.#pull !== null) return Math.min(due, this.#pull.progressMs + PULL_STALLED_MS);
    for (const replica of this.#replicas.values()) due = Math.min(due, replica.pullAtMs);
    return due;
  }

  /** Room came free in the queue of a link. */
  drained(connection: number): void {
    const replica = this.#replicas.get(connection);
    if (replica !== undefined) this.#streams.goOn(replica);
  }

  /** How the other end of a link stands to this peer. */
  standing(connection: number): Standing {
    const replica = this.#replicas.get(connection);
    if (replica === undefined) return "open";
    if (replica.state === null) {
      if (replica.summary === null || !this.#store.prepareDigest(DIGEST_SLICE_IDS)) return "open";
      return equal(replica.summary, this.#summary()) ? "equal" : "open";
    }
    if (!replica.hasFrontierHash(this.#store.frontierHash())) return "open";
    return this.#store.prepareDigest(DIGEST_SLICE_IDS) ? replica.standing(this.#summary()) : "unready";
  }

  /** Whether the other end of a link holds exactly what this peer holds. Not before this peer knows its own digest. */
  agrees(connection: number): boolean {
    return this.standing(connection) === "equal";
  }

  /** How many transactions either side of a link lacks of what the other holds; null while that is not known. */
  missing(connection: number): { readonly missingHere: number | null; readonly missingThere: number | null } {
    const replica = this.#replicas.get(connection);
    if (replica === undefined || !replica.hasFrontier) return { missingHere: null, missingThere: null };
    if (this.agrees(connection)) return { missingHere: 0, missingThere: 0 };
    return replica.missing(this.#store.frontier());
  }

  /** How many operations the source of the running pull holds; null when no pull runs, or it did not say. */
  pullTotal(): number | null {
    if (this.#pull === null) return null;
    return this.#replicas.get(this.#pull.connection)?.operations ?? null;
  }

  /** Whether a pull is under way that brings something. */
  get pulling(): boolean {
    if (this.#pull === null) return false;
    const replica = this.#replicas.get(this.#pull.connection);
    return this.#pull.applied > 0 || (replica !== undefined && this.#lacksOf(replica));
  }

  #considerPull(now: Now): void {
    if (this.#pull !== null) return;
    for (const replica of this.#replicas.values()) {
      if (replica.pullAtMs > now.monotonicMs) continue;
      replica.pullAtMs = Infinity;
      if (this.#lacksOf(replica)) return this.#beginPull(replica, now);
    }
  }

  #schedulePull(replica: Replica, now: Now, delayMs: number): void {
    if (!this.#lacksOf(replica)) return;
    replica.pullAtMs = Math.min(replica.pullAtMs, now.monotonicMs + delayMs);
    this.#considerPull(now);
  }

  #beginPull(replica: Replica, now: Now): void {
    this.#pull = { connection: replica.connection, progressMs: now.monotonicMs, applied: 0 };
    if (replica.isBrief) return this.#sendBrief(replica, true);
    this.#sendFrontier(replica);
    this.#send(replica, { type: "pull" }, "control");
  }

  /** Whether a replica told of something that this peer lacks. */
  #lacksOf(replica: Replica): boolean {
    // The first will do: to look for each of them at every transaction that comes in is dear.
    return this.#unknownHeads(replica).next().done === false || replica.showsMore(this.#store.frontier());
  }

  #unknownHeads(replica: Replica): Generator<Uint8Array, void> {
    return replica.unknownHeads((id) => this.#store.hasTransaction(id));
  }

  #briefed(replica: Replica, { entries, pulls }: Brief, now: Now): void {
    const own = this.#store.frontier();
    replica.briefed(entries, own);
    if (pulls) replica.streamedRow = 0;
    const { summary } = replica;
    if (summary !== null && equal(encodeBrief(entries), encodeBrief(briefOf(own)))) {
      replica.summary = null;
      replica.state = { frontierHash: this.#store.frontierHash(), summary, isAssumed: true };
      // They reconcile first; only if that does not end the difference may it be another one than it seems.
      replica.compareAtMs = now.monotonicMs + COMPARE_AGAIN_MS;
    }
    this.#schedulePull(replica, now, 0);
  }

  #pulled(replica: Replica, now: Now): void {
    // Of a pull that was given up as stalled.
    if (this.#pull?.connection !== replica.connection) return;
    const fruitful = this.#pull.applied > 0;
    this.#pull = null;
    const unknown = [...this.#unknownHeads(replica)];
    if (unknown.length > 0) {
      // Numbers that both hold with different transactions (a fork) are not in a stream by numbers: ask by id.
      const ids = [...unknown, ...this.#missingParents()].slice(0, MAX_WANTED);
      this.#send(replica, { type: "want", ids }, "control");
      replica.pullAtMs = now.monotonicMs + (fruitful ? ANNOUNCED_DELAY_MS : FRUITLESS_PULL_RETRY_MS);
    } else if (replica.showsMore(this.#store.frontier()) && !replica.toldFrontier) this.#sendFrontier(replica);
    this.#considerPull(now);
  }

  /** What frontiers in brief do not tell, and heads of one writer that hide each other in `have`, whole ones do. */
  #compare(replica: Replica, now: Now): void {
    replica.compareAtMs = Infinity;
    const { state, summary, connection } = replica;
    if ((state === null && summary === null) || this.standing(connection) === "equal") return;
    if (replica.streamedRow !== null || this.#pull?.connection === connection) {
      // What is on its way was not missed.
      replica.compareAtMs = now.monotonicMs + COMPARE_AFTER_MS;
      return;
    }
    if (state?.isAssumed === true && replica.hasSummaryOnly) return this.#answerState(replica);
    if (state !== null && equal(state.frontierHash, this.#store.frontierHash())) return;
    this.#sendFrontier(replica);
    replica.compareAtMs = now.monotonicMs + COMPARE_AGAIN_MS;
  }

  /** Tells a replica that knows no more than a summary in what both differ, where that is not their histories. */
  #answerState(replica: Replica): void {
    const standing = this.standing(replica.connection);
    if (standing === "first" || standing === "second") this.#sendState(replica);
  }

  #announce(applied: readonly Applied[]): void {
    for (const replica of this.#replicas.values()) {
      const untold = this.#tree.has(replica.connection) ? applied.filter((one) => !this.#tree.isLive(one)) : applied;
      for (const message of announcements(this.#store, replica, untold)) {
        this.#send(replica, message, message.type === "transactions" ? "live" : "control");
      }
    }
  }

  #summary(): Uint8Array {
    return summaryHash(this.#store.frontierHash(), this.#store.digest());
  }

  #sendState(replica: Replica): void {
    replica.hasSummaryOnly = false;
    this.#send(replica, {
      type: "state",
      frontierHash: this.#store.frontierHash(),
      digest: this.#store.digest(),
      entries: this.#store.entries,
      operations: this.#store.operationsTotal,
    }, "control");
  }

  #sendFrontier(replica: Replica): void {
    replica.toldFrontier = true;
    this.#send(replica, { type: "frontier", entries: this.#store.frontier() }, "control");
  }

  #sendBrief(replica: Replica, pulls: boolean): void {
    this.#send(replica, { type: "brief", pulls, entries: briefOf(this.#store.frontier()) }, "control");
  }

  #send(replica: Replica, message: Message, priority: "control" | "live" | "bulk"): boolean {
    return this.#links.send(replica.connection, message, priority);
  }
}
