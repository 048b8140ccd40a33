import { toBase32 } from "../base/base32.ts";
import { equal, fromHex, toHex } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import type { PeerEvent } from "../base/event.ts";
import { COMPACTION_STEP_OPERATIONS, MAX_WANTED, REMOVAL_CHECKPOINT_AFTER_MS } from "../base/limits.ts";
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
import type { Frontier } from "../wire/frontier.ts";
import type { Checkpoint, Confirm } from "../wire/operation.ts";
import type { HistoryMarks } from "./history_marks.ts";
import type { Links } from "./links.ts";
import { historyStepMs, Proposals } from "./proposals.ts";
import type { CompactionView } from "./reads.ts";
import type { SpaceState } from "./space_state.ts";

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
  readonly purpose: "propose" | "confirm" | "settle" | "compact";
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
 * Makes removals final and lets the old history go (DESIGN 6, "Checkpoints and history"): an admin's peer proposes a
 * checkpoint, each member checks it and confirms. Once it is final each settles what it holds by it, and takes what is
 * absent inside for dead; and once all of it has been held for as long as history is kept, what is dead inside its frontier
 * goes. All of it in small steps.
 */
export class Compactor {
  readonly #parts: CompactorParts;
  #work: Work | null = null;
  readonly #proposals: Proposals;
  #nextLookMs: number;
  /** A checkpoint that is old enough to compact up to, and cannot be, as text: a later one has to do. */
  #unfit: string | null = null;

  constructor(parts: CompactorParts, now: Now) {
    this.#parts = parts;
    this.#proposals = new Proposals(parts);
    // A removal from before the start may wait for its checkpoint.
    this.#nextLookMs = now.monotonicMs + Math.min(this.#stepMs, REMOVAL_CHECKPOINT_AFTER_MS);
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
    const { checkpoints } = membership;
    const { finalsApplied } = checkpoints;
    // One that became void waits for nobody: another one takes its place.
    const pending = checkpoints.pending !== null && checkpoints.canBeConfirmed(checkpoints.pending)
      ? checkpoints.pending
      : null;
    const latest = finalsApplied.at(-1) ?? null;
    const compacted = finalsApplied.find(({ act }) => versionText(act.version) === space.compacted);
    return {
      historyMs,
      finalAtMs: latest?.act.timeMs ?? null,
      compactedAtMs: compacted?.act.timeMs ?? null,
      isDone: this.#work?.purpose !== "compact" &&
        (latest === null || space.settled === versionText(latest.act.version)),
      pendingSinceMs: pending?.act.timeMs ?? null,
      waitsFor: pending?.missing.map((peer) => toBase32(fromHex(peer))) ?? [],
    };
  }

  get #stepMs(): number {
    return historyStepMs(this.#parts.historyMs);
  }

  #look(now: Now): void {
    const { membership, space, identity, historyMs, marks, store } = this.#parts;
    this.#nextLookMs = now.monotonicMs + this.#stepMs;
    const standing = space.space === null ? null : membership.standingOf(identity.peerId);
    if (standing === null) return;
    if (historyMs !== Infinity) marks.note(store.transactionsTotal, now.wallMs, historyMs);
    const { latestFinal, pending } = membership.checkpoints;
    if (latestFinal !== null && space.settled !== versionText(latestFinal.act.version)) {
      return this.#begin("settle", latestFinal, latestFinal.act.operation.frontier);
    }
    if (pending !== null && this.#mayConfirm(pending)) {
      return this.#begin("confirm", pending, pending.act.operation.frontier);
    }
    const old = this.#oldFinal(now);
    if (old !== null) return this.#begin("compact", old, old.act.operation.frontier);
    if (standing.role === "admin") {
      const due = this.#proposals.due(now);
      if (typeof due === "object") return this.#begin("propose", null, due.frontier);
      this.#nextLookMs = Math.min(this.#nextLookMs, due);
    }
    this.#askForAbsent();
  }

  /** The last final checkpoint all of which has been held for as long as history is kept; null where it was compacted. */
  #oldFinal(now: Now): CheckpointView | null {
    const { membership, space, store, marks, historyMs } = this.#parts;
    const row = historyMs === Infinity ? null : marks.rowBefore(now.wallMs - historyMs);
    if (row === null) return null;
    for (const final of membership.checkpoints.finalsApplied.toReversed()) {
      const text = versionText(final.act.version);
      if (text === space.compacted || text === this.#unfit) return null;
      const newest = store.pasts.newestRow(final.act.operation.frontier);
      if (newest !== null && newest <= row) return final;
    }
    return null;
  }

  /** Asks for what is absent though no final checkpoint shows it as dead: some source left it out. */
  #askForAbsent(): void {
    const { store, links } = this.#parts;
    const ids = store.partials.open(MAX_WANTED);
    const [source] = links.members();
    if (ids.length > 0 && source !== undefined) links.send(source.number, { type: "want", ids }, "control");
  }

  #mayConfirm(pending: CheckpointView): boolean {
    return pending.missing.includes(toHex(this.#parts.identity.peerId)) && this.#proposals.canBeConfirmed(pending);
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
      sign({ kind: "checkpoint", frontier, digest, absent: this.#proposals.longAbsent(now) }, now);
      emit({ name: "checkpoint_proposed", level: "info", fields: { digest: toHex(digest) } });
      return;
    }
    const fields = { checkpoint: versionText(checkpoint.act.version), by: toBase32(checkpoint.act.peer) };
    if (!equal(digest, checkpoint.act.operation.digest)) {
      this.#work = null;
      // What a later one has settled need not fit an earlier one any more.
      if (purpose === "compact") {
        this.#unfit = versionText(checkpoint.act.version);
        return this.membershipChanged(now);
      }
      this.#nextLookMs = now.monotonicMs + RETRY_MS;
      emit({ name: "checkpoint_differs", level: "warning", reason: "this peer holds another state", fields });
      if (purpose === "settle") differs(checkpoint, work.state, work.leaves, now);
      return;
    }
    if (purpose !== "confirm") {
      work.compaction = store.pasts.compaction(work.past, purpose === "compact");
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
    const checkpoint = versionText((work.checkpoint as CheckpointView).act.version);
    this.#work = null;
    this.#nextLookMs = now.monotonicMs;
    if (work.purpose === "compact") {
      space.compacted = checkpoint;
      emit({ name: "compacted", level: "info", fields: { operations: compaction.dropped } });
      return;
    }
    store.pasts.keepLeaves(work.leaves);
    space.settled = checkpoint;
    emit({ name: "checkpoint_settled", level: "info", fields: { checkpoint } });
  }
}
