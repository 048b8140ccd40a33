import { compare, equal, toHex } from "../../lib/base/bytes.ts";
import type { Now } from "../../lib/base/clock.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import type { SyncLinks, SyncStore, SyncTree } from "../../lib/sync/ports.ts";
import type { Applied } from "../../lib/sync/announcements.ts";
import { Sync } from "../../lib/sync/sync.ts";
import type { TransactionBytes } from "../../lib/wire/bundle.ts";
import { compareHeads, encodeFrontier, type Frontier } from "../../lib/wire/frontier.ts";
import type { Message } from "../../lib/wire/message.ts";
import { type Header, writerKey } from "../../lib/wire/transaction.ts";
import { Prng } from "../sim/prng.ts";

/** Writers from this number on begin alike. */
export const ALIKE = 100;

/** Of replicas that are all linked with each other. */
export const NO_TREE: SyncTree = { has: () => false, isLive: () => false };

/** A transaction, as far as synchronisation looks at it. */
export interface Piece {
  readonly id: Uint8Array;
  readonly header: Header;
  readonly sizeBytes: number;
}

/** A store of pieces: one is applied once the one before it of its writer is. */
export class PieceStore implements SyncStore {
  readonly held: Piece[] = [];
  /** What makes its digest another one. */
  damage = 0;

  add(piece: Piece): void {
    this.held.push(piece);
  }

  holds(piece: Piece): boolean {
    return this.hasTransaction(piece.id);
  }

  frontier(): Frontier {
    const previous = new Set(this.held.map(({ header }) => toHex(header.previous ?? new Uint8Array())));
    const byWriter = Map.groupBy(this.held, ({ header }) => writerKey(header));
    return [...byWriter].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, pieces]) => ({
      writer: { peer: pieces[0]!.header.peer, instance: pieces[0]!.header.instance },
      heads: pieces.filter(({ id }) => !previous.has(toHex(id)))
        .map(({ id, header }) => ({ sequence: header.sequence, id })).sort(compareHeads),
    }));
  }

  frontierHash(): Uint8Array {
    return sha256(encodeFrontier(this.frontier()));
  }

  digest(): Uint8Array {
    return sha256(...this.held.map(({ id }) => id).sort(compare), new Uint8Array(this.damage));
  }

  prepareDigest(): boolean {
    return true;
  }

  hasTransaction(id: Uint8Array): boolean {
    return this.transaction(id) !== null;
  }

  transaction(id: Uint8Array): { row: number } | null {
    const place = this.held.findIndex((piece) => equal(piece.id, id));
    return place < 0 ? null : { row: place + 1 };
  }

  transactionByRow(row: number): Piece {
    return this.held[row - 1] as Piece;
  }

  lackingRows(theirs: ReadonlyMap<string, number>, afterRow: number, limit: number): number[] {
    return this.held.flatMap(({ header }, i) =>
      i + 1 > afterRow && header.sequence > (theirs.get(writerKey(header)) ?? 0) ? [i + 1] : []
    ).slice(0, limit);
  }

  /** Travels as its id, with so many bytes beside it. */
  load(row: number): TransactionBytes {
    const { id, sizeBytes } = this.transactionByRow(row);
    return {
      header: id,
      signature: new Uint8Array(64),
      operations: [{ leaf: new Uint8Array(1), value: new Uint8Array(sizeBytes) }],
    };
  }

  readonly partials = {
    isWhole: () => true,
    load: () => {
      throw new Error("all pieces are whole");
    },
  };

  get entries(): number {
    return this.held.length;
  }

  get operationsTotal(): number {
    return this.held.length;
  }
}

/** A message on its way. */
interface Sent {
  readonly message: Message;
  readonly priority: "control" | "live" | "bulk";
}

/** One replica: a store, its `Sync`, and what was applied in the turn under way. */
export class Node implements SyncLinks {
  readonly store = new PieceStore();
  readonly sync = new Sync(this.store, this, NO_TREE, () => this.#missingParents());
  /** Messages on their way, by connection. */
  readonly sent = new Map<number, Sent[]>();
  /** Bulk bytes that a link is said to hold already. */
  congestedBytes = 0;
  readonly #pieces: Map<string, Piece>;
  readonly #applied: Applied[] = [];
  #waiting: { piece: Piece; from: number }[] = [];

  constructor(pieces: Map<string, Piece>) {
    this.#pieces = pieces;
  }

  send(connection: number, message: Message, priority: "control" | "live" | "bulk"): boolean {
    const queue = this.sent.get(connection) ?? [];
    this.sent.set(connection, queue);
    queue.push({ message, priority });
    return true;
  }

  bulkQueuedBytes(connection: number): number {
    const bulk = (this.sent.get(connection) ?? []).filter(({ priority }) => priority === "bulk");
    return this.congestedBytes + bulk.reduce((sum, { message }) => sum + sizeOf(message), 0);
  }

  /** Applies a piece of its own or of another. */
  apply(piece: Piece, from: number | null): void {
    if (this.store.holds(piece)) return;
    this.store.add(piece);
    this.#applied.push({ row: this.store.held.length, header: piece.header, id: piece.id, from });
    const ready = this.#waiting.filter((waiting) => equal(waiting.piece.header.previous as Uint8Array, piece.id));
    this.#waiting = this.#waiting.filter((waiting) => !ready.includes(waiting));
    for (const waiting of ready) this.apply(waiting.piece, waiting.from);
  }

  /** Takes a message in. */
  take(connection: number, message: Message, now: Now): void {
    if (message.type !== "transactions") return this.sync.received(connection, message, now);
    for (const { header: id } of message.list) {
      const piece = this.#pieces.get(toHex(id)) as Piece;
      const { previous } = piece.header;
      const waits = previous !== null && !this.store.hasTransaction(previous) && !this.store.holds(piece);
      if (waits) this.#waiting.push({ piece, from: connection });
      else this.apply(piece, connection);
      this.sync.transactionReceived(connection, piece.id, piece.header, waits, now);
    }
  }

  /** Forgets what waits, as a bounded waiting room may. */
  forgetWaiting(): void {
    this.#waiting = [];
  }

  endTurn(now: Now): void {
    this.sync.turnEnded(this.#applied.splice(0), now);
  }

  #missingParents(): Uint8Array[] {
    return this.#waiting.map(({ piece }) => piece.header.previous as Uint8Array);
  }
}

/** Replicas and links between them, with messages that arrive when a test says so. */
export class Replicas {
  readonly nodes: Node[] = [];
  readonly pieces = new Map<string, Piece>();
  readonly #random = new Prng(6);
  readonly #links: { a: number; b: number; connection: number }[] = [];
  #last = new Map<string, Piece>();
  nowMs = 0;
  #connections = 0;

  constructor(count: number) {
    for (let i = 0; i < count; i++) this.nodes.push(new Node(this.pieces));
  }

  get now(): Now {
    return { monotonicMs: this.nowMs, wallMs: 0 };
  }

  /** A replica by its number. */
  node(i: number): Node {
    return this.nodes[i] as Node;
  }

  /**
   * Opens a link. @returns its connection number, the same at both ends.
   *
   * @param isBrief whether both know frontiers in brief.
   */
  link(a: number, b: number, isBrief = true): number {
    const connection = ++this.#connections;
    this.#links.push({ a, b, connection });
    for (const end of [a, b]) this.node(end).sync.opened(connection, isBrief, this.now);
    return connection;
  }

  /** Breaks a link, with all that is on its way. */
  unlink(connection: number): void {
    const place = this.#links.findIndex((link) => link.connection === connection);
    const [link] = this.#links.splice(place, 1);
    for (const end of [link!.a, link!.b]) {
      this.node(end).sent.delete(connection);
      this.node(end).sync.closed(connection, this.now);
    }
  }

  /** A replica writes its next piece; several writes of one turn by `endTurn: false`. */
  write(i: number, { writer = i, sizeBytes = 10, endTurn = true, forkOf = null as Piece | null } = {}): Piece {
    const before = forkOf === null ? this.#last.get(`${writer}`) : this.pieces.get(toHex(forkOf.header.previous!));
    const peer = sha256(new Uint8Array([writer]));
    // Two writers that a frontier in brief does not tell apart.
    if (writer >= ALIKE) peer.fill(0, 0, 4);
    const piece: Piece = {
      id: this.#random.bytes(32),
      sizeBytes,
      header: {
        peer,
        instance: new Uint8Array(16),
        sequence: (before?.header.sequence ?? 0) + 1,
        previous: before?.id ?? null,
        parents: [],
        standing: null,
        clock: { ms: 0, count: 0 },
        firstOperation: 0,
        operationCount: 0,
        class: "data",
        root: new Uint8Array(32),
      },
    };
    this.pieces.set(toHex(piece.id), piece);
    if (forkOf === null) this.#last.set(`${writer}`, piece);
    this.node(i).apply(piece, null);
    if (endTurn) this.node(i).endTurn(this.now);
    return piece;
  }

  /** The next message of a link arrives. @returns it, or null where none is on its way. */
  deliver(connection: number, to: number): Message | null {
    const link = this.#links.find((link) => link.connection === connection);
    if (link === undefined) return null;
    const from = this.node(link.a === to ? link.b : link.a);
    const next = from.sent.get(connection)?.shift();
    if (next === undefined) return null;
    from.sync.drained(connection);
    this.node(to).take(connection, next.message, this.now);
    this.node(to).endTurn(this.now);
    return next.message;
  }

  /** All messages arrive, and those that they lead to; no time passes. @returns how many of each kind. */
  settle(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (let moved = true; moved;) {
      moved = false;
      for (const { a, b, connection } of [...this.#links]) {
        for (const to of [a, b]) {
          const message = this.deliver(connection, to);
          if (message === null) continue;
          counts[message.type] = (counts[message.type] ?? 0) + 1;
          moved = true;
        }
      }
    }
    return counts;
  }

  /** Time passes, with everything that is due. */
  pass(forMs: number): void {
    const untilMs = this.nowMs + forMs;
    for (;;) {
      this.settle();
      const due = Math.min(...this.nodes.map(({ sync }) => sync.deadline()));
      if (due > untilMs) break;
      this.nowMs = Math.max(this.nowMs, due);
      for (const { sync } of this.nodes) sync.tick(this.now);
    }
    this.nowMs = untilMs;
  }

  /** Whether all hold the same. */
  get areEqual(): boolean {
    return this.nodes.every(({ store }) => equal(store.digest(), this.node(0).store.digest()));
  }

  /** Whether every end of every link says that the other agrees. */
  get allAgree(): boolean {
    return this.#links.every(({ a, b, connection }) => [a, b].every((end) => this.node(end).sync.agrees(connection)));
  }

  /** The connections that are open. */
  get connections(): number[] {
    return this.#links.map(({ connection }) => connection);
  }

  /** The two ends of a connection. */
  ends(connection: number): [number, number] {
    const { a, b } = this.#links.find((link) => link.connection === connection)!;
    return [a, b];
  }
}

function sizeOf(message: Message): number {
  if (message.type !== "transactions") return 1;
  return message.list.reduce((sum, { operations }) => sum + (operations[0]?.value?.length ?? 0), 0);
}
