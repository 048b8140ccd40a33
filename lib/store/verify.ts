import type { Database } from "./database.ts";
import type { DigestTree } from "./digest_tree.ts";
import type { Operations } from "./operations.ts";
import type { Damage } from "./rows.ts";
import type { Transactions } from "./transactions.ts";

const PAGE_ROWS = 1000;

/**
 * Reads everything and checks it: each record against its hash, the indexes against the tables, and the digest
 * against the operations.
 *
 * @returns what is not as it was written.
 */
export function verify(
  database: Database,
  transactions: Transactions,
  operations: Operations,
  digest: DigestTree,
): Damage[] {
  const found: Damage[] = [];
  for (const table of [transactions, operations]) {
    for (let after: number | null = 0; after !== null;) {
      const page: { damaged: Damage[]; last: number | null } = table.verifyPage(after, PAGE_ROWS);
      found.push(...page.damaged.map(({ table, row, key }) => ({ table, row, key })));
      after = page.last;
    }
  }
  if (database.statement("PRAGMA integrity_check(1)").get()?.[0] !== "ok") {
    found.push({ table: "indexes", row: 0, key: null });
  }
  // Over damaged records the digest cannot be right.
  if (found.length === 0 && !digest.recompute()) found.push({ table: "digest", row: 0, key: null });
  return found;
}
