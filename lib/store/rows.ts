import type { DamagedTable } from "./damaged_error.ts";
import type { Header, Stamp, VersionId, WriterId } from "../wire/transaction.ts";
import type { Operation } from "../wire/operation.ts";

/** What an operation is in the state of the space, as kept in its row. Append-only: the numbers are on disk. */
export const STATES = {
  /** A put that stands. */
  live: 0,
  /** A put or del that an operation under the same key names. */
  replaced: 1,
  /** Taken out of the state by a removal. */
  undone: 2,
  /** A del that no operation names yet: whoever writes the key next, having seen it, names it. */
  openDel: 3,
  /** A membership operation. */
  other: 4,
} as const;

/** What a version is now; "del" for an operation that ends versions and that nothing names yet. */
export type VersionState = "live" | "replaced" | "undone" | "del";

/** A transaction as it is held. */
export interface TransactionRow {
  /** Place in the order in which transactions were taken in; parents come before their children. From 1. */
  readonly row: number;
  /** Transaction id (32 bytes). */
  readonly id: Uint8Array;
  readonly header: Header;
  /** What was signed; its SHA-256 is the id. */
  readonly headerBytes: Uint8Array;
  /** Ed25519 (64 bytes). */
  readonly signature: Uint8Array;
  /** The membership acts in its past, as `Store.context` gives them. */
  readonly context: number;
  /** Row of its operation 0; the others follow. */
  readonly firstRow: number;
  /** The writer's number in this store. */
  readonly writer: number;
}

/** A put as it is held. */
export interface VersionRow {
  readonly versionId: VersionId;
  /** Operation row. */
  readonly row: number;
  readonly transactionRow: number;
  readonly key: string;
  /** Media type. */
  readonly media: string;
  readonly value: Uint8Array;
  /** When it was written, by its writer's clock. */
  readonly stamp: Stamp;
  /** Who wrote it (32 bytes). */
  readonly peer: Uint8Array;
  /** The versions it replaces. */
  readonly names: readonly VersionId[];
}

/** A del as it is held. */
export interface DelRow {
  readonly versionId: VersionId;
  /** Operation row. */
  readonly row: number;
  readonly transactionRow: number;
  readonly key: string;
  /** When it was written, by its writer's clock. */
  readonly stamp: Stamp;
  /** Who wrote it (32 bytes). */
  readonly peer: Uint8Array;
  /** The versions it ends. */
  readonly names: readonly VersionId[];
}

/** A put or del on a key, whatever became of it. */
export interface PastOperation {
  readonly versionId: VersionId;
  /** Operation row. */
  readonly row: number;
  readonly key: string;
  /** What a put gave; null for a del. */
  readonly put: { readonly media: string; readonly sizeBytes: number } | null;
  /** When it was written, by its writer's clock. */
  readonly stamp: Stamp;
  /** Who wrote it (32 bytes). */
  readonly peer: Uint8Array;
  readonly state: VersionState;
  /** The versions that it replaced. */
  readonly names: readonly VersionId[];
  /** Those of them that are not held, or no longer. */
  readonly missing: readonly VersionId[];
}

/** A put or del that a removal has undone. */
export interface UndoneVersion {
  readonly versionId: VersionId;
  /** Operation row. */
  readonly row: number;
  readonly key: string;
  /** What a put gave; null for a del. */
  readonly put: { readonly media: string; readonly value: Uint8Array } | null;
  /** When it was written, by its writer's clock. */
  readonly stamp: Stamp;
  /** Who wrote it (32 bytes). */
  readonly peer: Uint8Array;
}

/** One key of a listing. */
export interface ListedEntry {
  /** The version that is shown: the highest (clock, id) of the live ones. */
  readonly winner: VersionRow;
  /** Live versions beside the winner. */
  readonly conflicts: number;
}

/** A del beside a concurrent put that stands, since neither names the other: both writers are told. */
export interface DeletedBesidePut {
  readonly del: DelRow;
  readonly put: VersionRow;
}

/** A writer of which two transactions have one number: its store was copied or put back, or it is malicious. */
export interface Fork {
  readonly writer: WriterId;
  /** The lowest such number. */
  readonly sequence: number;
  /** How many ends its history has. */
  readonly heads: number;
}

/** A membership transaction with what it does. */
export interface MembershipRow {
  readonly transaction: TransactionRow;
  readonly operations: readonly Operation[];
}

/** Something that is not what was written. */
export interface Damage {
  /** Where: a table, or "structure" for SQLite's own. */
  readonly table: DamagedTable | DerivedTable | "structure";
  /** Row of a record; 0 where it has none. */
  readonly row: number;
  /** The key or name it is under, where it has one that can still be read. */
  readonly key: string | null;
  /** Puts it right, within a transaction of the store, where all that it takes is here. */
  readonly mend?: () => void;
}

/** Tables that follow from the transactions and operations. */
export type DerivedTable =
  | "replacements"
  | "dangling"
  | "heads"
  | "tips"
  | "conflicts"
  | "counters"
  | "digest"
  | "proofs"
  | "undoings";

/** Takes in what a check finds. */
export type Found = (damage: Damage) => void;
