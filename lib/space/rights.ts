import { equal } from "../base/bytes.ts";
import { type CheckedTransaction, isMembership } from "../data/transaction.ts";
import type { Grant } from "../wire/operation.ts";
import type { Header } from "../wire/transaction.ts";

/** What a standing lets its holder do. */
export interface Rights {
  readonly role: Grant["role"];
  /** Keys must begin with it to be written; empty for all. */
  readonly prefix: string;
}

/** Why rights do not allow an operation of a transaction; null where they do. */
export function operationRefusal(
  operation: CheckedTransaction["operations"][number]["operation"],
  standing: Rights,
  header: Header,
): string | null {
  if (!isMembership(operation)) {
    if (standing.role === "reader") return "its writer may only read";
    if ((operation.kind === "put" || operation.kind === "del") && !operation.key.startsWith(standing.prefix)) {
      return "its writer may not write under this key";
    }
    return null;
  }
  if (operation.kind === "grant") {
    if (standing.role !== "admin") return "only an admin may grant";
    return operation.prefix.startsWith(standing.prefix) ? null : "its writer may not grant more keys than it may write";
  }
  if (operation.kind === "checkpoint" && standing.role !== "admin") return "only an admin may write a checkpoint";
  if (operation.kind === "revoke") {
    const leaves = operation.target.kind === "peer" && equal(operation.target.peer, header.peer);
    if (standing.role !== "admin" && !(leaves && operation.frontier === null)) return "only an admin may revoke";
    const named = (operation.frontier ?? []).flatMap(({ heads }) => heads);
    return named.every(({ id }) => header.parents.some((parent) => equal(parent, id)))
      ? null
      : "its frontier is not among what it builds upon";
  }
  return null;
}
