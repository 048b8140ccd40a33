import type { Found } from "./rows.ts";
import { VERIFY_PAGE_ROWS } from "./verify_own.ts";
import type { VerifyParts } from "./verifier.ts";

/**
 * Checks that marks are of transactions that are here, and their causes membership transactions; that operations are
 * what the marks say is checked with them (`VerifyHistory`). Yields how many rows it has looked at since the last yield.
 */
export function* verifyMarks({ database, marks, transactions }: VerifyParts, found: Found): Generator<number> {
  const isAct = database.statement("SELECT 1 FROM transactions WHERE row = ? AND class = 1");
  for (let after = 0;;) {
    const page = marks.page(after, VERIFY_PAGE_ROWS);
    for (const { transactionRow, cause } of page) {
      after = transactionRow;
      if (transactionRow > transactions.total) {
        found({ table: "undoings", row: after, key: null, mend: () => marks.delete(transactionRow) });
      } else if (cause !== 0 && isAct.get(cause) === undefined) {
        found({ table: "undoings", row: after, key: null, mend: () => marks.renew(transactionRow) });
      }
    }
    yield page.length;
    if (page.length < VERIFY_PAGE_ROWS) return;
  }
}
