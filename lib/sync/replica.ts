import { compare, equal, toHex } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import { MAX_FORK_HEADS, MAX_REPLICA_WRITERS } from "../base/limits.ts";
import { sha256 } from "../crypto/hash.ts";
import { type BriefEntry, type BriefFrontier, briefOf, briefWriter } from "../wire/brief_frontier.ts";
import { compareHeads, type Frontier, type FrontierEntry, type Head } from "../wire/frontier.ts";
import { type WriterId, writerKey } from "../wire/transaction.ts";

/** What another replica says of itself when it is asked whether both are in sync. */
export interface ReplicaState {
  readonly frontierHash: Uint8Array;
  /** What `summaryHash` gives of that and its digest. */
  readonly summary: Uint8Array;
  /** Whether it has not told the frontier's hash: it told a frontier in brief that is like this peer's own. */
  readonly isAssumed: boolean;
}

/** What both replicas hold, in one hash (32 bytes). */
export function summaryHash(frontierHash: Uint8Array, digest: Uint8Array): Uint8Array {
  return sha256(frontierHash, digest);
}

/** How two replicas stand, by what both last said. */
export type Standing =
  /** Not known, or they hold different histories. */
  | "open"
  /** They hold the same history, and this peer has yet to work out its digest. */
  | "unready"
  | "equal"
  /** They hold the same history and not the same versions; `first`: this peer is to begin, `second`: the other. */
  | "first"
  | "second";

/** What this peer knows of the replica at the other end of one link. */
export class Replica {
  /** Per writer the highest sequence that the other holds, or that was sent to it. */
  readonly theirs = new Map<string, number>();
  /** Its last word on frontier and digest; null where it did not say, or in a summary alone. */
  state: ReplicaState | null = null;
  /** The summary that was its last word, where it was. */
  summary: Uint8Array | null = null;
  /** How many operations it said that it holds; null where it did not. */
  operations: number | null = null;
  /** The monotonic time at which its last word is compared with what this peer holds; Infinity for never. */
  compareAtMs = Infinity;
  /** The row behind which it is being streamed to; null when it did not ask. */
  streamedRow: number | null = null;
  /** Ids that it asked for and that have yet to be sent, the newest request's only. */
  wanted: Uint8Array[] = [];
  /** The monotonic time from which it may be pulled from; Infinity when there is nothing to pull. */
  pullAtMs = Infinity;
  /** Whether its frontier came in: before it nothing is sent unasked, since it may lack everything. */
  hasFrontier = false;
  /** Whether it was told this peer's whole frontier. */
  toldFrontier = false;
  /** Whether a summary is all that it was told of this peer's state. */
  hasSummaryOnly = false;

  readonly #heads = new Map<string, FrontierEntry>();
  /** The frontier that it told in brief, as long as that may show more than this peer holds. */
  #brief: BriefFrontier | null = null;

  /** @param isBrief whether frontiers are told in brief, as long as that does. */
  constructor(readonly connection: number, public isBrief: boolean) {}

  /** Takes in a whole frontier, or what changed of it. @throws {ProtocolError} `too_large`, as `showed` and `restart`. */
  announced(entries: Frontier): void {
    for (const entry of entries) {
      const key = writerKey(entry.writer);
      this.#checkRoom(key);
      this.#heads.set(key, entry);
      for (const head of entry.heads) this.holds(key, head.sequence);
    }
  }

  /** A transaction of it came in that can't be applied yet: it is lacked as if it had been announced. */
  showed(writer: WriterId, head: Head): void {
    const key = writerKey(writer);
    this.#checkRoom(key);
    this.holds(key, head.sequence);
    const known = this.#heads.get(key)?.heads ?? [];
    const kept = known.filter(({ sequence, id }) => sequence >= head.sequence && !equal(id, head.id));
    if (kept.some(({ sequence }) => sequence > head.sequence)) return;
    this.#heads.set(key, { writer, heads: [...kept, head].slice(0, MAX_FORK_HEADS) });
  }

  /** Notes that it holds, or was sent, a writer's transactions up to a sequence number. */
  holds(writer: string, sequence: number): void {
    if (sequence > (this.theirs.get(writer) ?? 0)) this.theirs.set(writer, sequence);
  }

  /** Starts over from a whole frontier: what was sent before may have been discarded at the other end. */
  restart(entries: Frontier): void {
    this.#heads.clear();
    this.theirs.clear();
    this.#brief = null;
    this.hasFrontier = true;
    this.announced(entries);
  }

  /** The same from a frontier in brief. @param own the frontier of this peer. */
  briefed(brief: BriefFrontier, own: Frontier): void {
    this.#heads.clear();
    this.theirs.clear();
    this.hasFrontier = true;
    this.#brief = brief;
    const numbers = new Map(brief.map(({ writer, heads }) => [toHex(writer), heads.at(-1)?.sequence ?? 0]));
    for (const { writer } of own) this.holds(writerKey(writer), numbers.get(toHex(briefWriter(writer))) ?? 0);
  }

  /** Whether what it told in brief shows more than this peer holds. */
  showsMore(own: Frontier): boolean {
    if (this.#brief === null) return false;
    const held = new Map(briefOf(own).map(({ writer, heads }) => [toHex(writer), heads]));
    // What is below the last number that is held is taken to be held too.
    const isMore = ({ writer, heads }: BriefEntry) => {
      const ownHeads = held.get(toHex(writer)) ?? [];
      const last = ownHeads.at(-1)?.sequence ?? 0;
      return heads.some((head) => head.sequence >= last && !ownHeads.some((own) => compareHeads(own, head) === 0));
    };
    if (this.#brief.some(isMore)) return true;
    // What is held once stays held.
    this.#brief = null;
    return false;
  }

  /** The transactions it announced that this peer does not hold, one after the other: a frontier's worth of ids at most. */
  *unknownHeads(holds: (id: Uint8Array) => boolean): Generator<Uint8Array, void> {
    for (const [key, entry] of this.#heads) {
      const unknown = entry.heads.filter(({ id }) => !holds(id));
      // What is held once stays held: the entry need not be looked at again.
      if (unknown.length === 0) this.#heads.delete(key);
      for (const { id } of unknown) yield id;
    }
  }

  /**
   * How many transactions this peer, of which `own` is the frontier, and the replica lack of what the other holds; null
   * where a frontier in brief shows only that there is something. What is on its way to the replica is not lacking.
   */
  missing(own: Frontier): { readonly missingHere: number | null; readonly missingThere: number } {
    const held = new Map(own.map(({ writer, heads }) => [writerKey(writer), heads.at(-1)?.sequence ?? 0]));
    let here = 0;
    for (const [key, { heads }] of this.#heads) {
      here += Math.max(0, (heads.at(-1)?.sequence ?? 0) - (held.get(key) ?? 0));
    }
    let there = 0;
    for (const [key, sequence] of held) there += Math.max(0, sequence - (this.theirs.get(key) ?? 0));
    return { missingHere: here === 0 && this.showsMore(own) ? null : here, missingThere: there };
  }

  /** Every writer with heads is one that it holds something of. */
  #checkRoom(writer: string): void {
    if (this.theirs.size < MAX_REPLICA_WRITERS || this.theirs.has(writer)) return;
    throw new ProtocolError("too_large", `${MAX_REPLICA_WRITERS} writers`);
  }

  /** Whether its last word is that it holds the transactions of this frontier. */
  hasFrontierHash(frontierHash: Uint8Array): boolean {
    return this.state !== null && equal(this.state.frontierHash, frontierHash);
  }

  /** How it stands, by its last word, to a peer with the same history and this summary. */
  standing(summary: Uint8Array): Standing {
    if (this.state === null) return "open";
    const order = compare(summary, this.state.summary);
    return order === 0 ? "equal" : order < 0 ? "first" : "second";
  }
}
