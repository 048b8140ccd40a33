import { toHex } from "../base/bytes.ts";
import type { Operation } from "../wire/operation.ts";
import type { VersionId } from "../wire/transaction.ts";

/** The membership operations: the kinds that say who may be in a space. */
export type MembershipOperation = Exclude<Operation, { kind: "put" } | { kind: "del" }>;

/** A membership operation that has been applied, with what is needed to judge by it. */
export interface Act<Kind extends MembershipOperation = MembershipOperation> {
  readonly operation: Kind;
  readonly version: VersionId;
  /** The store's row of its transaction; the unit of which contexts are made. */
  readonly row: number;
  /** Who wrote it. */
  readonly peer: Uint8Array;
  /** The standing under which it was done, as `versionKey`. */
  readonly standing: string;
  /** The membership transactions in its past, as a context id of the store. */
  readonly context: number;
  /** Its transaction's stamp, for people. */
  readonly timeMs: number;
}

/** A version id as the key of a Map. */
export function versionKey(version: VersionId): string {
  return `${toHex(version.transaction)}/${version.index}`;
}
