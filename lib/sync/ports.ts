import type { Applied } from "./announcements.ts";
import type { TransactionBytes } from "../wire/bundle.ts";
import type { Frontier } from "../wire/frontier.ts";
import type { Message } from "../wire/message.ts";
import type { PartialBytes } from "../wire/partial.ts";
import type { Header } from "../wire/transaction.ts";

/** What synchronisation needs of a store. */
export interface SyncStore {
  frontier(): Frontier;
  frontierHash(): Uint8Array;
  digest(): Uint8Array;
  /** Does a part of what `digest` has to do: `maxIds` live versions are read, or so. @returns whether all is done. */
  prepareDigest(maxIds: number): boolean;
  hasTransaction(id: Uint8Array): boolean;
  transaction(id: Uint8Array): { readonly row: number } | null;
  transactionByRow(row: number): { readonly header: Header };
  /** Rows above `afterRow`, in causal order, that a holder of `theirs` (writer → highest sequence) lacks. */
  lackingRows(theirs: ReadonlyMap<string, number>, afterRow: number, limit: number): number[];
  load(row: number): TransactionBytes;
  readonly partials: {
    /** Whether all operations of a transaction are held. */
    isWhole(row: number): boolean;
    /** A transaction that is not whole, with what is held of it. */
    load(row: number, indices: null): PartialBytes;
  };
  readonly entries: number;
  readonly operationsTotal: number;
}

/** How transactions go live to neighbours, in a space where not all are linked. */
export interface SyncTree {
  /** Whether a link is one of the tree's. */
  has(connection: number): boolean;
  /** Whether what was applied goes on by the tree, and need not be announced to those on it. */
  isLive(applied: Applied): boolean;
}

/** A way to the linked members. */
export interface SyncLinks {
  /** Queues a message; false where a bulk message found no room. */
  send(connection: number, message: Message, priority: "control" | "live" | "bulk"): boolean;
  /** Bytes of bulk priority that wait to be sent. */
  bulkQueuedBytes(connection: number): number;
}
