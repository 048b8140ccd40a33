import { fromHex, toHex } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { forgetOldest } from "../base/forget_oldest.ts";
import { MAX_ANNOUNCEMENTS, MAX_RECEIVED_IDS, MAX_TRANSACTIONS_MESSAGE_BYTES } from "../base/limits.ts";
import { Plumtree } from "../mesh/plumtree.ts";
import type { Store } from "../store/store.ts";
import type { Applied } from "../sync/announcements.ts";
import { bundleSizeBytes, type TransactionBytes } from "../wire/bundle.ts";
import type { Announce, Graft } from "../wire/overlay_messages.ts";
import { type Header, writerKey } from "../wire/transaction.ts";
import type { Links } from "./links.ts";

/** The most hops that the wire can tell. */
const MAX_HOPS = 255;

/** What the tree works upon. */
export interface LiveTreeParts {
  readonly store: Store;
  readonly links: Links;
  /** Whether a replica is to be sent a transaction live; notes that it was. */
  readonly takesLive: (connection: number, header: Header) => boolean;
  /** Sends to a replica, by its stream, transactions by id. */
  readonly stream: (connection: number, ids: readonly Uint8Array[]) => void;
  /** Whether something else than a transaction was here of late. */
  readonly isSeen: (id: string) => boolean;
  /** Sends to a neighbour what it asked for that are no transactions. */
  readonly resend: (connection: number, ids: readonly string[]) => void;
}

interface Queued {
  readonly transaction: TransactionBytes;
  readonly hops: number;
}

/** How transactions go live between neighbours: whole along a tree of links, announced by the others. */
export class LiveTree {
  readonly #parts: LiveTreeParts;
  readonly #plumtree: Plumtree<number>;
  /** By how many hops what came live came, until it is applied; the oldest first. */
  readonly #hops = new Map<string, number>();
  /** What the turn that ends has for each link. */
  readonly #queued = new Map<number, Queued[]>();
  /** What each link asked for in the turn under way, by hexadecimal ids. */
  readonly #asked = new Map<number, Set<string>>();
  /** The transaction that is passed on; null while it is something else, for which links are gathered. */
  #spreading: Applied | null = null;
  #targets = new Set<number>();

  constructor(parts: LiveTreeParts) {
    this.#parts = parts;
    const { links } = parts;
    this.#plumtree = new Plumtree({
      push: (to, _id, hops) => this.#push(to, hops),
      announce: (to, list) => {
        const message = { type: "announce", list: list.map(({ id, hops }) => ({ id: fromHex(id), hops })) } as const;
        links.send(to, message, "control");
      },
      graft: (to, ids) => {
        for (let i = 0; i === 0 || i < ids.length; i += MAX_ANNOUNCEMENTS) {
          const message = { type: "graft", ids: ids.slice(i, i + MAX_ANNOUNCEMENTS).map((id) => fromHex(id)) } as const;
          links.send(to, message, "control");
        }
      },
      prune: (to) => links.send(to, { type: "prune" }, "control"),
    });
  }

  /** Whether a link is one of the tree's. */
  has(connection: number): boolean {
    return this.#plumtree.has(connection);
  }

  /** Whether a transaction that was applied goes on by the tree: it was made here, or came so. */
  isLive({ from, id }: Applied): boolean {
    return from === null || (this.#hops.size > 0 && this.#hops.has(toHex(id)));
  }

  /** A link is one of the tree's from now on. */
  up(connection: number): void {
    this.#plumtree.up(connection);
  }

  /** A link is no more. */
  down(connection: number): void {
    this.#plumtree.down(connection);
    this.#asked.delete(connection);
  }

  /** A transaction came live. @param isHeld whether it was here before. */
  pushed(connection: number, id: Uint8Array, hops: number, isHeld: boolean): void {
    if (isHeld) return this.#plumtree.repeated(connection, toHex(id), hops);
    this.#hops.set(toHex(id), hops);
    forgetOldest(this.#hops, MAX_RECEIVED_IDS);
  }

  /** A neighbour has transactions. */
  announced(connection: number, { list }: Announce, now: Now): void {
    const { store, isSeen } = this.#parts;
    const told = list.map(({ id, hops }) => ({ id: toHex(id), hops }));
    const isHeld = (id: string) => isSeen(id) || store.hasTransaction(fromHex(id));
    const isOfUse = (id: string) => this.#plumtree.hopsOf(id) !== null || !isHeld(id);
    this.#plumtree.announced(connection, told.filter(({ id }) => isOfUse(id)), now);
  }

  /** A neighbour wants all that is new, and some that it misses. */
  grafted(connection: number, { ids }: Graft): void {
    this.#plumtree.grafted(connection);
    // The answer waits for the turn's commit: what it may hold is not durable before.
    if (ids.length === 0) return;
    const asked = this.#asked.get(connection) ?? new Set();
    this.#asked.set(connection, asked);
    for (const id of ids) if (asked.size < MAX_ANNOUNCEMENTS) asked.add(toHex(id));
  }

  #answer(connection: number, ids: Iterable<string>): void {
    const { store, stream, resend } = this.#parts;
    const streamed: Uint8Array[] = [];
    const others: string[] = [];
    let sizeBytes = 0;
    for (const hex of ids) {
      const id = fromHex(hex);
      const row = store.transaction(id)?.row;
      if (row === undefined) others.push(hex);
      // What is more than a push is no news, and waits for room as any stream does.
      else if (sizeBytes >= MAX_TRANSACTIONS_MESSAGE_BYTES || !store.partials.isWhole(row)) streamed.push(id);
      else {
        const transaction = store.load(row);
        sizeBytes += bundleSizeBytes(transaction);
        this.#queue(connection, transaction, (this.#plumtree.hopsOf(hex) ?? 0) + 1);
      }
    }
    if (streamed.length > 0) stream(connection, streamed);
    if (others.length > 0) resend(connection, others);
  }

  /** A neighbour wants announcements only. */
  pruned(connection: number): void {
    this.#plumtree.pruned(connection);
  }

  /** Passes on something else than a transaction (see `SpreadTree`). By how many hops it came is not known. */
  spread(id: string, from: number | null, now: Now): ReadonlySet<number> {
    this.#targets = new Set();
    if (from === null) this.#plumtree.broadcast(id, now);
    else this.#plumtree.received(from, id, 0, now);
    return this.#targets;
  }

  /** Something else than a transaction came that was here before. */
  useless(from: number): void {
    this.#plumtree.useless(from);
  }

  /** Passes on what was applied. Called once the store has it. */
  turnEnded(applied: readonly Applied[], now: Now): void {
    if (this.#plumtree.isEmpty && this.#hops.size === 0 && this.#asked.size === 0) return;
    for (const [connection, ids] of this.#asked) this.#answer(connection, ids);
    this.#asked.clear();
    for (const transaction of applied) {
      const id = toHex(transaction.id);
      const hops = this.#hops.get(id);
      this.#hops.delete(id);
      this.#spreading = transaction;
      const { from, header } = transaction;
      if (from === null) this.#plumtree.broadcast(id, now);
      else if (hops !== undefined) this.#plumtree.received(from, id, hops, now, writerKey(header));
      else this.#plumtree.held(id);
    }
    this.#spreading = null;
    this.#flush();
  }

  /** Does what is due. */
  tick(now: Now): void {
    this.#plumtree.tick(now);
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    return this.#plumtree.deadline();
  }

  #push(to: number, hops: number): void {
    const { store, takesLive } = this.#parts;
    if (this.#spreading === null) {
      this.#targets.add(to);
      return;
    }
    const { row, header } = this.#spreading;
    if (takesLive(to, header)) this.#queue(to, store.load(row), hops);
  }

  #queue(to: number, transaction: TransactionBytes, hops: number): void {
    const queued = this.#queued.get(to) ?? [];
    this.#queued.set(to, queued);
    queued.push({ transaction, hops: Math.min(hops, MAX_HOPS) });
  }

  /** Sends what is queued, in order: transactions of one message came by as many hops. */
  #flush(): void {
    for (const [to, queued] of this.#queued) {
      let list: TransactionBytes[] = [];
      let sizeBytes = 0;
      queued.forEach(({ transaction, hops }, i) => {
        list.push(transaction);
        sizeBytes += bundleSizeBytes(transaction);
        if (queued[i + 1]?.hops === hops && sizeBytes < MAX_TRANSACTIONS_MESSAGE_BYTES) return;
        this.#parts.links.send(to, { type: "push", hops, list }, "live");
        list = [];
        sizeBytes = 0;
      });
    }
    this.#queued.clear();
  }
}
