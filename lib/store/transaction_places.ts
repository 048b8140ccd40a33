import { OPERATION_KINDS } from "../wire/operation.ts";
import type { Database } from "./database.ts";

/** What is told of a transaction by the columns of its row alone, whose hash is not checked. */
export interface TransactionPlace {
  readonly row: number;
  readonly writer: number;
  readonly sequence: number;
  readonly firstOperation: number;
  readonly operationCount: number;
  readonly firstRow: number;
  readonly isMembership: boolean;
  readonly context: number;
}

/** Finds transactions by their ids on disk, past every cache. */
export class TransactionPlaces {
  readonly #byId;
  readonly #judges;
  readonly #idByRow;

  constructor(database: Database) {
    this.#byId = database.statement(`
      SELECT row, writer, sequence, first_operation, operation_count, first_row, class, context
      FROM transactions WHERE id = ?`);
    this.#judges = database.statement(`
      SELECT 1 FROM operations WHERE row >= ? AND row < ?
        AND substr(leaf, 1, 1) <> x'${OPERATION_KINDS.confirm.toString(16)}' LIMIT 1`);
    this.#idByRow = database.statement("SELECT id, first_row FROM transactions WHERE row = ?");
  }

  /** The transaction with an id; null where it is not held. */
  of(id: Uint8Array): TransactionPlace | null {
    const columns = this.#byId.get(id) as number[] | undefined;
    if (columns === undefined) return null;
    const [row, writer, sequence, firstOperation, operationCount, firstRow, classNumber, context] = columns as [
      ...[number, number, number, number],
      ...[number, number, number, number],
    ];
    return {
      row,
      writer,
      sequence,
      firstOperation,
      operationCount,
      firstRow,
      isMembership: classNumber === 1,
      context,
    };
  }

  /** Whether others are judged by a transaction: one of membership that does more than confirm (lib/space). */
  isJudgedBy({ isMembership, firstRow, operationCount }: TransactionPlace): boolean {
    return isMembership && this.#judges.get(firstRow, firstRow + operationCount) !== undefined;
  }

  /** Id and first operation row of the transaction in a row; null where there is none. */
  inRow(row: number): { readonly id: Uint8Array; readonly firstRow: number } | null {
    const columns = this.#idByRow.get(row) as [Uint8Array, number] | undefined;
    return columns === undefined ? null : { id: columns[0], firstRow: columns[1] };
  }
}
