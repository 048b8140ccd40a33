import { assert } from "../base/assert.ts";
import type { CheckedPartial } from "../data/partial.ts";
import type { CheckedTransaction } from "../data/transaction.ts";
import { Contexts } from "./contexts.ts";
import type { Database } from "./database.ts";
import { DigestTree } from "./digest_tree.ts";
import { Heads, parentsOf } from "./heads.ts";
import { Merge } from "./merge.ts";
import { Meta } from "./meta.ts";
import { Naming } from "./naming.ts";
import { Operations } from "./operations.ts";
import { Proofs } from "./proofs.ts";
import type { TransactionRow } from "./rows.ts";
import { StoreRow } from "./store_row.ts";
import { Transactions } from "./transactions.ts";
import { UndoneMarks } from "./undone_marks.ts";
import { Writers } from "./writers.ts";

/** The tables of a store, each with what is kept of it in memory: what all of its sides share. */
export class StoreParts {
  readonly database: Database;
  readonly writers: Writers;
  readonly transactions: Transactions;
  readonly operations: Operations;
  readonly heads: Heads;
  readonly contexts: Contexts;
  readonly row: StoreRow;
  readonly meta: Meta;
  readonly digest: DigestTree;
  readonly proofs: Proofs;
  readonly marks: UndoneMarks;
  readonly naming: Naming;
  readonly merge: Merge;

  constructor(database: Database) {
    this.database = database;
    this.writers = new Writers(database);
    this.transactions = new Transactions(database);
    this.operations = new Operations(database);
    this.heads = new Heads(database, this.writers, this.transactions);
    this.contexts = new Contexts(database);
    this.row = new StoreRow(database);
    this.meta = new Meta(database, this.row);
    this.digest = new DigestTree(database, this.writers);
    this.proofs = new Proofs(database);
    this.marks = new UndoneMarks(database);
    this.naming = new Naming(database, this.transactions, this.operations, this.marks);
    this.merge = new Merge(this);
  }

  /** Gives a transaction, or a part of one, that is not held its row, and the rows of its operations. */
  place(transaction: CheckedTransaction | CheckedPartial, context: number): TransactionRow {
    const { header } = transaction;
    for (const parent of parentsOf(header)) {
      assert(this.transactions.byId(parent) !== null, "parents are held before their child");
    }
    this.database.begin();
    const writer = this.writers.numberFor(header);
    const place = this.transactions.insert(transaction, writer, this.operations.total + 1, context);
    this.operations.took(header.operationCount);
    this.heads.append(place);
    this.row.appended(place.id);
    return place;
  }

  /** Drops everything that is in memory; it is read again when needed. */
  reset(): void {
    const { writers, transactions, operations, heads, contexts, row, meta, digest, proofs, marks } = this;
    const parts = [writers, transactions, operations, heads, contexts, row, meta, digest, proofs, marks];
    for (const part of parts) part.reset();
  }
}
