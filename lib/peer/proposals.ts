import { toBase32 } from "../base/base32.ts";
import { equal, toHex } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import {
  DEFAULT_HISTORY_MS,
  MAX_CHECKPOINT_PAUSE_MS,
  MIN_ABSENT_MS,
  MIN_DEAD_OPERATIONS,
  MIN_HISTORY_STEP_MS,
  REMOVAL_CHECKPOINT_AFTER_MS,
} from "../base/limits.ts";
import type { Identity } from "../crypto/identity.ts";
import { versionText } from "../data/version_text.ts";
import type { AddressBook } from "../mesh/address_book.ts";
import type { CheckpointView } from "../space/checkpoints.ts";
import type { Membership, Standing } from "../space/membership.ts";
import type { Store } from "../store/store.ts";
import { encodeFrontier, type Frontier } from "../wire/frontier.ts";
import type { HistoryMarks } from "./history_marks.ts";
import type { Links } from "./links.ts";

/** How often, at the longest, it is looked whether there is something to do. */
const LOOK_MS = 60 * 60 * 1000;

/** What proposals rest upon. */
export interface ProposalsParts {
  readonly identity: Identity;
  readonly store: Store;
  readonly membership: Membership;
  readonly links: Links;
  readonly book: AddressBook;
  readonly marks: HistoryMarks;
  /** How long what was replaced is kept; Infinity for ever. */
  readonly historyMs: number;
}

/** A reason for a checkpoint. */
interface Cause {
  readonly kind: "removal" | "history";
  readonly frontier: Frontier;
  /** How long it has to have been one, ms. */
  readonly waitMs: number;
}

/** How often history is looked at, ms. */
export function historyStepMs(historyMs: number): number {
  return Math.min(Math.max(historyMs / 8, MIN_HISTORY_STEP_MS), LOOK_MS);
}

/**
 * When an admin's peer proposes a checkpoint: soon after a removal, of all that it holds, so that nothing that was not seen
 * by then undoes the removal; and where enough is dead that is older than the history.
 */
export class Proposals {
  readonly #parts: ProposalsParts;
  /** Why a checkpoint is due, and since when, by the monotonic clock; null when none is. */
  #due: { readonly kind: Cause["kind"]; readonly sinceMs: number } | null = null;
  /** The checkpoint that is waited for, and since when. */
  #pending: { readonly key: string; readonly sinceMs: number } | null = null;

  constructor(parts: ProposalsParts) {
    this.#parts = parts;
  }

  /** The frontier of the checkpoint that this peer should propose now; else when to look again, monotonic ms. */
  due(now: Now): { readonly frontier: Frontier } | number {
    const cause = this.#removalCause() ?? this.#historyCause(now);
    if (cause === null || this.#isAwaited(this.#parts.membership.checkpoints.pending, now)) {
      this.#due = null;
      return Infinity;
    }
    if (this.#due?.kind !== cause.kind) this.#due = { kind: cause.kind, sinceMs: now.monotonicMs };
    const dueMs = this.#due.sinceMs + cause.waitMs;
    if (now.monotonicMs < dueMs) return dueMs;
    this.#due = null;
    return cause;
  }

  /** Whether a confirm of this peer would count, and may be given. */
  canBeConfirmed(pending: CheckpointView): boolean {
    const { membership, store } = this.#parts;
    if (!membership.checkpoints.canBeConfirmed(pending)) return false;
    const past = store.pasts.of(pending.act.operation.frontier);
    if (past === null || store.pasts.hasForkBeside(past)) return false;
    const before = membership.checkpoints.latestFinal;
    return before === null || store.pasts.covers(past, before.act.operation.frontier);
  }

  /** Members that were not seen for as long as history is kept, and at least for a day. */
  longAbsent(now: Now): Uint8Array[] {
    const { membership, links, book, identity } = this.#parts;
    const here = new Set([...links.members()].map(({ peer }) => peer));
    const sinceMs = now.wallMs - this.#absentMs;
    return membership.members().filter(({ peer, sinceMs: admittedMs }) => {
      if (equal(peer, identity.peerId) || here.has(toBase32(peer))) return false;
      const known = book.get(toHex(peer));
      return Math.max(known?.lastSeenMs ?? 0, known?.record?.dateMs ?? 0, admittedMs) < sinceMs;
    }).map(({ peer }) => peer).sort((a, b) => toHex(a) < toHex(b) ? -1 : 1);
  }

  /** A removal that could be undone yet; in a space of one there is nobody who could bring what does it. */
  #removalCause(): Cause | null {
    const { membership, store, identity } = this.#parts;
    const removal = membership.removal.open;
    if (removal === null || membership.members().length < 2) return null;
    const tried = membership.checkpoints.countBehind(removal.row);
    const waitMs = Math.min(REMOVAL_CHECKPOINT_AFTER_MS * 2 ** tried, MAX_CHECKPOINT_PAUSE_MS);
    const place = equal(removal.peer, identity.peerId)
      ? 0
      : 1 + this.#adminsBefore(({ peer }) => !equal(peer, removal.peer));
    return { kind: "removal", frontier: store.frontier(), waitMs: waitMs + place * 2 * REMOVAL_CHECKPOINT_AFTER_MS };
  }

  #historyCause(now: Now): Cause | null {
    const { store, marks, historyMs, membership, links } = this.#parts;
    const row = historyMs === Infinity ? null : marks.rowBefore(now.wallMs - historyMs);
    const dead = Math.max(MIN_DEAD_OPERATIONS, Math.floor(store.entries / 8));
    if (row === null || !store.pasts.hasReplaced(row, dead)) return null;
    const frontier = store.pasts.frontierAt(row);
    const before = membership.checkpoints.latestFinal?.act.operation.frontier;
    if (before !== undefined) {
      // One that is younger does as well once it is old enough, and none goes behind another.
      const newest = store.pasts.newestRow(before);
      if (newest === null || newest > row || equal(encodeFrontier(before), encodeFrontier(frontier))) return null;
    }
    const here = new Set([...links.members()].map(({ peer }) => peer));
    const place = this.#adminsBefore(({ peer }) => here.has(toBase32(peer)));
    return { kind: "history", frontier, waitMs: place * 2 * historyStepMs(historyMs) };
  }

  /**
   * How many of some admins come before this peer. Checkpoints of two would only void each other: the first does it, others
   * only if it does not. After a removal that is who removed, who is here, and then any, linked with this peer or not.
   */
  #adminsBefore(counts: (admin: Standing) => boolean): number {
    const { membership, identity } = this.#parts;
    const own = toHex(identity.peerId);
    return membership.members().filter((member) =>
      member.role === "admin" && toHex(member.peer) < own && counts(member)
    ).length;
  }

  /** Whether a checkpoint that is not final yet is given more time: until those that it waits for are long absent. */
  #isAwaited(pending: CheckpointView | null, now: Now): boolean {
    if (pending === null || !this.canBeConfirmed(pending)) return false;
    const absent = new Set(this.longAbsent(now).map(toHex));
    if (pending.missing.every((peer) => absent.has(peer))) return false;
    const key = versionText(pending.act.version);
    if (this.#pending?.key !== key) this.#pending = { key, sinceMs: now.monotonicMs };
    return now.monotonicMs - this.#pending.sinceMs < this.#absentMs;
  }

  /** Absence after which a member is not waited for. */
  get #absentMs(): number {
    const { historyMs } = this.#parts;
    return historyMs === Infinity ? DEFAULT_HISTORY_MS : Math.max(historyMs, MIN_ABSENT_MS);
  }
}
