import { equal } from "../base/bytes.ts";
import { versionKey } from "../space/acts.ts";
import type { DataBound, JudgedData, RemovalPort } from "../space/removal.ts";
import type { TransactionRow } from "../store/rows.ts";
import type { Store } from "../store/store.ts";
import type { Frontier, FrontierEntry } from "../wire/frontier.ts";
import { compareWriterIds, type VersionId } from "../wire/transaction.ts";

/** The history in a store, as removals are judged by it. */
export function removalPort(store: Store): RemovalPort {
  return {
    isInside: (frontier, row) => isInside(store, frontier, row),
    isUndone: (row) => store.undoing.isUndone(row),
    dataOf: (peer, bound) => dataOf(store, peer, bound),
  };
}

/**
 * Whether a held transaction is one of a frontier's heads, or before one on its writer's own chain. A head that is not
 * what the frontier says of it has nothing before it.
 */
function isInside(store: Store, frontier: Frontier, row: number): boolean {
  const transaction = store.transactionByRow(row);
  const { header } = transaction;
  const entry = frontier.find(({ writer }) => compareWriterIds(writer, header) === 0);
  if (entry === undefined) return false;
  const isForked = store.writers.headsOf(header).length > 1;
  return headsOf(store, entry).some((head) => {
    if (head.header.sequence < header.sequence) return false;
    if (!isForked) return true;
    let at: TransactionRow | null = head;
    while (at !== null && at.header.sequence > header.sequence) {
      at = at.header.previous === null ? null : store.transaction(at.header.previous);
    }
    return at?.row === row;
  });
}

function* dataOf(store: Store, peer: Uint8Array, bound: DataBound | null): Generator<JudgedData> {
  for (const { writer, heads } of store.frontier()) {
    if (!equal(writer.peer, peer)) continue;
    // Of a writer that used a number twice, something below a head may be outside.
    const floors = bound?.frontiers.map((frontier) => {
      const entry = frontier.find((other) => compareWriterIds(other.writer, writer) === 0);
      return entry === undefined ? 0 : Math.max(0, ...headsOf(store, entry).map(({ header }) => header.sequence));
    });
    const aboveSequence = bound === null || heads.length > 1 ? 0 : Math.min(...floors as number[]);
    for (const row of store.writers.dataRows(writer, aboveSequence, bound?.afterRow ?? Infinity)) {
      const { header, context } = store.transactionByRow(row);
      yield { row, standing: versionKey(header.standing as VersionId), context, operations: header.operationCount };
    }
  }
}

function headsOf(store: Store, { writer, heads }: FrontierEntry): TransactionRow[] {
  return heads.flatMap(({ id, sequence }) => {
    const held = store.transaction(id);
    const isRight = held !== null && held.header.sequence === sequence && compareWriterIds(held.header, writer) === 0;
    return isRight ? [held] : [];
  });
}
