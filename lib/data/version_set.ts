import type { ShortIds } from "./short_ids.ts";
import type { PartialBytes } from "../wire/partial.ts";
import type { WriterId } from "../wire/transaction.ts";

/** A place for an operation: a transaction that is held, and an index in it. */
export interface Place {
  readonly transactionRow: number;
  readonly index: number;
}

/**
 * What is at a place. `absent`: nothing, though it should be; `gone`: nothing, and a final checkpoint says it is dead;
 * `other`: what a peer that has the version live can't be shown a replacement for.
 */
export type PlaceState = "live" | "replaced" | "other" | "absent" | "gone";

/**
 * A set of versions that is reconciled with another peer's: those that are live, in whatever state of the space both
 * mean. It may change while it is looked at; what is compared is only ever a hint of what to show.
 */
export interface VersionSet {
  /** Begins to read the short ids of all; each call of `next` adds some, and returns whether there is more to read. */
  ids(): { next(ids: ShortIds): boolean };
  /** The nodes of a level of the digest that are not empty, by writer in order. Level 0 has the leaves. */
  nodes(level: number): readonly { readonly writer: WriterId; readonly nodes: ReadonlyMap<number, Uint8Array> }[];
  /** A bit for each of the 1,024 operation numbers of a leaf, set where a version is in the set. 128 bytes. */
  bits(writer: WriterId, leaf: number): Uint8Array;
  /** The same, set where several transactions have the number: a fork, of which bits do not tell the branches apart. */
  forkedBits(writer: WriterId, leaf: number): Uint8Array;
  /** The places with a short id, of which less of the transaction's id may be given. */
  byShortId(id: Uint8Array): readonly Place[];
  /** The places with an operation number. */
  byNumber(writer: WriterId, operationNumber: number): readonly Place[];
  stateOf(place: Place): PlaceState;
  /** Where the operations are that replace the one at a place: name it, directly or through undone ones. */
  replacersOf(place: Place): readonly Place[];
  /** Operations of a transaction, as far as they are held, with what proves them; null where they are damaged here. */
  prove(transactionRow: number, indices: ReadonlySet<number>): PartialBytes | null;
}
