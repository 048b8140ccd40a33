import type { Header } from "../wire/transaction.ts";
import { parentsOf } from "./heads.ts";
import type { Store } from "./store.ts";

/**
 * The context of a transaction whose parents are held: the membership transactions in its past, as the union over its
 * parents.
 *
 * @param isJudgedBy whether others are judged by the membership transaction in a row.
 */
export function inheritedContext(store: Store, header: Header, isJudgedBy: (row: number) => boolean): number {
  const contexts = new Set<number>();
  const acts = new Set<number>();
  for (const parent of parentsOf(header)) {
    const { row, context, header: parentHeader } = store.transaction(parent) as NonNullable<
      ReturnType<Store["transaction"]>
    >;
    contexts.add(context);
    if (parentHeader.class === "membership" && isJudgedBy(row)) acts.add(row);
  }
  if (contexts.size === 1 && acts.size === 0) return contexts.values().next().value as number;
  for (const context of contexts) for (const row of store.context(context)) acts.add(row);
  return store.internContext([...acts].sort((a, b) => a - b));
}
