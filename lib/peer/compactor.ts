import { toBase32 } from "../base/base32.ts";
import { equal, fromHex, toHex } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import type { PeerEvent } from "../base/event.ts";
import {
  COMPACTION_STEP_OPERATIONS,
  MAX_WANTED,
  MIN_ABSENT_MS,
  MIN_DEAD_OPERATIONS,
  MIN_HISTORY_STEP_MS,
} from "../base/limits.ts";
import type { Identity } from "../crypto/identity.ts";
import { versionText } from "../data/version_text.ts";
import type { AddressBook } from "../mesh/address_book.ts";
import type { CheckpointView } from "../space/checkpoints.ts";
import type { Membership } from "../space/membership.ts";
import type { Compaction } from "../store/compaction.ts";
import type { Past } from "../store/past.ts";
import type { PastState, PastTransaction } from "../store/past_state.ts";
import { PastTrees } from "../store/past_trees.ts";
import type { Store } from "../store/store.ts";
import { encodeFrontier, type Frontier } from "../wire/frontier.ts";
import type { Checkpoint, Confirm } from "../wire/operation.ts";
import type { HistoryMarks } from "./history_marks.ts";
import type { Links } from "./links.ts";
import type { CompactionView } from "./reads.ts";
import type { SpaceState } from "./space_state.ts";

/** How often the compactor looks whether there is something to do, at the longest. */
const LOOK_MS = 60 * 60 * 1000;
/** Pause before a checkpoint whose digest did not come out right is looked at again. */
const RETRY_MS = 60_000;

/** What the compactor works upon. */
export interface CompactorParts {
  readonly identity: Identity;
  readonly store: Store;
  readonly space: SpaceState;
  readonly membership: Membership;
  readonly links: Links;
  readonly book: AddressBook;
  readonly marks: HistoryMarks;
  /** How long what was replaced is kept; Infinity for ever. */
  readonly historyMs: number;
  readonly emit: (event: PeerEvent) => void;
  /** Writes a membership operation of this peer's own. */
  readonly sign: (operation: Checkpoint | Confirm, now: Now) => void;
  /** A final checkpoint's digest is not that of what is held: others are asked for what it covers. */
  readonly differs: (checkpoint: CheckpointView, state: PastState, own: PastTrees, now: Now) => void;
}

/** A look at the state inside a frontier, and what it is for. */
interface Work {
  readonly purpose: "propose" | "confirm" | "compact";
  /** Null where one is to be proposed. */
  readonly checkpoint: CheckpointView | null;
  readonly frontier: Frontier;
  readonly past: Past;
  readonly state: PastState;
  readonly walk: Generator<PastTransaction>;
  readonly leaves: PastTrees;
  compaction: Compaction | null;
}

/**
 * Lets the old history go (DESIGN 6, "Checkpoints and history"): an admin's peer proposes a checkpoint, each member
 * checks it and confirms, and once it is final each lets go what is dead inside its frontier. All of it in small steps.
 */
export class Compactor {
  readonly #parts: CompactorParts;
  #work: Work | null = null;
  #nextLookMs: number;
  /** Since when a checkpoint has been due, by the monotonic clock; null when none is. */
  #dueSinceMs: number | null = null;
  /** The checkpoint that is waited for, and since when. */
  #pending: { readonly key: string; readonly sinceMs: number } | null = null;

  constructor(parts: CompactorParts, now: Now) {
    this.#parts = parts;
    this.#nextLookMs = now.monotonicMs + this.#stepMs;
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    return this.#work === null ? this.#nextLookMs : 0;
  }

  /** Membership acts were applied: there may be something to confirm, or to let go. */
  membershipChanged(now: Now): void {
    this.#nextLookMs = Math.min(this.#nextLookMs, now.monotonicMs);
  }

  /** Versions that a checkpoint covers came in or ended, or did not come: its digest is looked at again. */
  settled(now: Now): void {
    if (this.#work === null) this.membershipChanged(now);
  }

  /** What is under way is begun anew: the turn was taken back. */
  turnFailed(now: Now): void {
    this.#work = null;
    this.#nextLookMs = now.monotonicMs + RETRY_MS;
  }

  /** Does the next step, where one is due. */
  tick(now: Now): void {
    if (this.#work === null && now.monotonicMs >= this.#nextLookMs) this.#look(now);
    else if (this.#work !== null) this.#step(this.#work, now);
  }

  /** What people are told. */
  view(): CompactionView {
    const { membership, space, historyMs } = this.#parts;
    const { latestFinal, pending } = membership.checkpoints;
    return {
      historyMs,
      finalAtMs: latestFinal?.act.timeMs ?? null,
      isDone: latestFinal === null || space.compacted === versionText(latestFinal.act.version),
      pendingSinceMs: pending?.act.timeMs ?? null,
      waitsFor: pending?.missing.map((peer) => toBase32(fromHex(peer))) ?? [],
    };
  }

  get #stepMs(): number {
    return Math.min(Math.max(this.#parts.historyMs / 8, MIN_HISTORY_STEP_MS), LOOK_MS);
  }

  #look(now: Now): void {
    const { membership, space, identity, historyMs, marks, store } = this.#parts;
    this.#nextLookMs = now.monotonicMs + this.#stepMs;
    const standing = space.space === null ? null : membership.standingOf(identity.peerId);
    if (standing === null) return;
    if (historyMs !== Infinity) marks.note(store.transactionsTotal, now.wallMs, historyMs);
    const { latestFinal, pending } = membership.checkpoints;
    if (latestFinal !== null && space.compacted !== versionText(latestFinal.act.version)) {
      return this.#begin("compact", latestFinal, latestFinal.act.operation.frontier);
    }
    if (pending !== null && this.#mayConfirm(pending)) {
      return this.#begin("confirm", pending, pending.act.operation.frontier);
    }
    const frontier = standing.role === "admin" ? this.#dueFrontier(pending, now) : null;
    if (frontier !== null) return this.#begin("propose", null, frontier);
    this.#askForAbsent();
  }

  /** Asks for what is absent though no final checkpoint shows it as dead: some source left it out. */
  #askForAbsent(): void {
    const { store, links } = this.#parts;
    const ids = store.partials.open(MAX_WANTED);
    const [source] = links.members();
    if (ids.length > 0 && source !== undefined) links.send(source.number, { type: "want", ids }, "control");
  }

  #mayConfirm(pending: CheckpointView): boolean {
    const { membership, identity, store } = this.#parts;
    if (!pending.missing.includes(toHex(identity.peerId)) || !membership.checkpoints.canBeConfirmed(pending)) {
      return false;
    }
    const past = store.pasts.of(pending.act.operation.frontier);
    return past !== null && !store.pasts.hasForkBeside(past);
  }

  /** The frontier of a checkpoint that this peer should propose now; null where it should not. */
  #dueFrontier(pending: CheckpointView | null, now: Now): Frontier | null {
    const { store, marks, historyMs } = this.#parts;
    const row = marks.rowBefore(now.wallMs - historyMs);
    const dead = Math.max(MIN_DEAD_OPERATIONS, Math.floor(store.entries / 8));
    if (historyMs === Infinity || row === null || !store.pasts.hasReplaced(row, dead)) {
      this.#dueSinceMs = null;
      return null;
    }
    this.#dueSinceMs ??= now.monotonicMs;
    // Two at once would only void each other: the first of the admins that are here does it, others only if it does not.
    const waitedMs = now.monotonicMs - this.#dueSinceMs;
    if (waitedMs < this.#place() * 2 * this.#stepMs || this.#isAwaited(pending, now)) return null;
    const frontier = store.pasts.frontierAt(row);
    const before = this.#parts.membership.checkpoints.latestFinal?.act.operation.frontier;
    return before !== undefined && equal(encodeFrontier(before), encodeFrontier(frontier)) ? null : frontier;
  }

  /** How many admins that are here come before this peer. */
  #place(): number {
    const { membership, identity, links } = this.#parts;
    const own = toBase32(identity.peerId);
    const here = new Set([...links.members()].map(({ peer }) => peer));
    return membership.members().filter(({ role, peer }) => {
      const id = toBase32(peer);
      return role === "admin" && here.has(id) && id < own;
    }).length;
  }

  /** Whether a checkpoint that is not final yet is given more time: until those that it waits for are long absent. */
  #isAwaited(pending: CheckpointView | null, now: Now): boolean {
    if (pending === null || !this.#parts.membership.checkpoints.canBeConfirmed(pending)) return false;
    const absent = new Set(this.#longAbsent(now).map(toHex));
    if (pending.missing.every((peer) => absent.has(peer))) return false;
    const key = versionText(pending.act.version);
    if (this.#pending?.key !== key) this.#pending = { key, sinceMs: now.monotonicMs };
    return now.monotonicMs - this.#pending.sinceMs < Math.max(this.#parts.historyMs, MIN_ABSENT_MS);
  }

  #begin(purpose: Work["purpose"], checkpoint: CheckpointView | null, frontier: Frontier): void {
    const { store } = this.#parts;
    const past = store.pasts.of(frontier);
    if (past === null) return;
    const state = store.pasts.state(past);
    const walk = state.transactions();
    this.#work = { purpose, checkpoint, frontier, past, state, walk, leaves: new PastTrees(), compaction: null };
  }

  #step(work: Work, now: Now): void {
    const { store } = this.#parts;
    if (work.compaction !== null) {
      store.begin();
      if (work.compaction.step(COMPACTION_STEP_OPERATIONS)) this.#compacted(work, work.compaction, now);
      return;
    }
    // A removal came in between. What is undone inside a final checkpoint does not change any more.
    if (work.state.isOutdated) {
      this.#work = null;
      return this.membershipChanged(now);
    }
    for (let looked = 0; looked < COMPACTION_STEP_OPERATIONS;) {
      const next = work.walk.next();
      if (next.done) return this.#examined(work, now);
      work.leaves.add(next.value);
      looked += 1 + next.value.live.length + next.value.dead.length;
    }
  }

  /** The state inside the frontier is known. */
  #examined(work: Work, now: Now): void {
    const { emit, sign, differs, store, membership, identity } = this.#parts;
    const { purpose, checkpoint, frontier } = work;
    work.leaves.end();
    const digest = work.state.digestOf(work.leaves);
    if (membership.standingOf(identity.peerId) === null) {
      this.#work = null;
      return;
    }
    if (checkpoint === null) {
      this.#work = null;
      this.#dueSinceMs = null;
      sign({ kind: "checkpoint", frontier, digest, absent: this.#longAbsent(now) }, now);
      emit({ name: "checkpoint_proposed", level: "info", fields: { digest: toHex(digest) } });
      return;
    }
    const fields = { checkpoint: versionText(checkpoint.act.version), by: toBase32(checkpoint.act.peer) };
    if (!equal(digest, checkpoint.act.operation.digest)) {
      this.#work = null;
      this.#nextLookMs = now.monotonicMs + RETRY_MS;
      emit({ name: "checkpoint_differs", level: "warning", reason: "this peer holds another state", fields });
      if (purpose === "compact") differs(checkpoint, work.state, work.leaves, now);
      return;
    }
    if (purpose === "compact") {
      // Who keeps all of it for ever settles what it holds all the same, and takes what is absent for dead.
      work.compaction = store.pasts.compaction(work.past, this.#parts.historyMs !== Infinity);
      return;
    }
    this.#work = null;
    const pending = membership.checkpoints.pending;
    if (pending?.act !== checkpoint.act || !this.#mayConfirm(pending)) return;
    sign({ kind: "confirm", checkpoint: checkpoint.act.version }, now);
    emit({ name: "checkpoint_confirmed", level: "info", fields });
  }

  #compacted(work: Work, compaction: Compaction, now: Now): void {
    const { store, space, emit } = this.#parts;
    const checkpoint = work.checkpoint as CheckpointView;
    this.#work = null;
    store.pasts.keepLeaves(work.leaves);
    space.compacted = versionText(checkpoint.act.version);
    emit({ name: "compacted", level: "info", fields: { operations: compaction.dropped } });
    this.#nextLookMs = now.monotonicMs;
  }

  /** Members that were not seen for as long as history is kept, and at least for a day. */
  #longAbsent(now: Now): Uint8Array[] {
    const { membership, links, book, identity, historyMs } = this.#parts;
    const here = new Set([...links.members()].map(({ peer }) => peer));
    const sinceMs = now.wallMs - Math.max(historyMs, MIN_ABSENT_MS);
    return membership.members().filter(({ peer, sinceMs: admittedMs }) => {
      if (equal(peer, identity.peerId) || here.has(toBase32(peer))) return false;
      const known = book.get(toHex(peer));
      return Math.max(known?.lastSeenMs ?? 0, known?.record?.dateMs ?? 0, admittedMs) < sinceMs;
    }).map(({ peer }) => peer).sort((a, b) => toHex(a) < toHex(b) ? -1 : 1);
  }
}
