import type { Frontier } from "../wire/frontier.ts";
import type { WriterId } from "../wire/transaction.ts";
import { Compaction } from "./compaction.ts";
import { LetGo } from "./let_go.ts";
import { Past } from "./past.ts";
import { PastState } from "./past_state.ts";
import type { PastTrees } from "./past_trees.ts";
import type { StoreParts } from "./store_parts.ts";

/** A leaf of the digest tree over the state inside a checkpoint. */
export interface PastLeaf {
  /** The writer's number in this store. */
  readonly number: number;
  readonly writer: WriterId;
  readonly leaf: number;
  readonly hash: Uint8Array;
}

/** The pasts of frontiers, above all of checkpoints: the state inside of them, and letting go what is dead there. */
export class Pasts {
  readonly #parts: StoreParts;
  readonly #letGo: LetGo;
  readonly #leaves;
  readonly #countReplaced;

  constructor(parts: StoreParts) {
    const { database, transactions, operations, proofs } = parts;
    this.#parts = parts;
    this.#letGo = new LetGo(database, transactions, operations, proofs);
    this.#leaves = database.statement(
      "SELECT writer, leaf, hash FROM past_leaves WHERE (writer, leaf) > (?, ?) ORDER BY writer, leaf LIMIT ?",
    );
    this.#countReplaced = database.statement(`
      SELECT count(*) FROM (
        SELECT 1 FROM operations INDEXED BY operations_past WHERE state IN (1, 2) AND row < ? LIMIT ?
      )`);
  }

  /** The held transactions inside a frontier; null where some of its heads are not held. */
  of(frontier: Frontier): Past | null {
    return Past.of(frontier, this.#parts.writers, this.#parts.heads, this.#parts.transactions);
  }

  /** The state of the space inside a past. */
  state(past: Past): PastState {
    return new PastState(this.#parts, past);
  }

  /**
   * Begins to let go what is dead inside the past of a final checkpoint, whose digest was found right.
   *
   * @param goes whether what is held goes; else only what is absent is taken for dead. Default: true.
   */
  compaction(past: Past, goes = true): Compaction {
    return new Compaction(this.#parts.database, this.#parts.transactions, this.#letGo, past, this.state(past), goes);
  }

  /**
   * Lets versions go that a final checkpoint shows as dead, though nothing here that it covers names them.
   *
   * @param rows of operations, by their transactions' rows.
   * @returns their keys.
   */
  endVersions(rows: ReadonlyMap<number, ReadonlySet<number>>): Set<string> {
    this.#parts.database.begin();
    const keys = new Set<string>();
    for (const [transactionRow, versions] of rows) {
      for (const row of versions) {
        const key = this.#parts.merge.end(row);
        if (key !== null) keys.add(key);
      }
      this.#letGo.of(transactionRow, versions);
    }
    return keys;
  }

  /** The frontier of the first so many transactions in the order in which they were taken in. */
  frontierAt(row: number): Frontier {
    return this.#parts.heads.frontierAt(row);
  }

  /** The row of the newest of a frontier's heads, and so of all that is inside; null where some are not held. */
  newestRow(frontier: Frontier): number | null {
    let newest = 0;
    for (const { id } of frontier.flatMap(({ heads }) => heads)) {
      const row = this.#parts.transactions.byId(id)?.row;
      if (row === undefined) return null;
      newest = Math.max(newest, row);
    }
    return newest;
  }

  /** Whether all that is inside a frontier is inside a past. */
  covers(past: Past, frontier: Frontier): boolean {
    return frontier.flatMap(({ heads }) => heads).every(({ id }) => {
      const held = this.#parts.transactions.byId(id);
      return held !== null && past.has(held.writer, held.header.sequence, held.row);
    });
  }

  /** Whether a transaction is held that is not inside a past, though its writer's number is used there. */
  hasForkBeside(past: Past): boolean {
    return past.writers.some((writer) => {
      if (this.#parts.heads.of(writer).length < 2) return false;
      const rows = this.#parts.database.statement("SELECT row, sequence FROM transactions WHERE writer = ?").all(
        writer,
      );
      return (rows as [number, number][]).some(([row, sequence]) =>
        past.covers(writer, sequence) && !past.has(writer, sequence, row)
      );
    });
  }

  /** Whether there are at least `count` operations that something names among those of the first transactions. */
  hasReplaced(transactionRow: number, count: number): boolean {
    if (transactionRow < 1) return false;
    const { firstRow, header } = this.#parts.transactions.byRow(
      Math.min(transactionRow, this.#parts.transactions.total),
    );
    const found = this.#countReplaced.get(firstRow + header.operationCount, count)?.[0] as number;
    return found >= count;
  }

  /** Keeps the digest's leaves over the past of the checkpoint that was settled by last, to show them to others. */
  keepLeaves(leaves: PastTrees): void {
    this.#parts.database.begin();
    this.#parts.database.execute("DELETE FROM past_leaves");
    const insert = this.#parts.database.statement("INSERT INTO past_leaves (writer, leaf, hash) VALUES (?, ?, ?)");
    for (const leaf of leaves.leaves()) insert.run(...leaf);
  }

  /** The leaves that `keepLeaves` kept, in order. @param after the last one of the page before; null at first. */
  leaves(after: { writer: number; leaf: number } | null, limit: number): PastLeaf[] {
    const rows = this.#leaves.all(after?.writer ?? 0, after?.leaf ?? 0, limit);
    return (rows as [number, number, Uint8Array][]).map(([number, leaf, hash]) => ({
      number,
      writer: this.#parts.writers.writer(number),
      leaf,
      hash,
    }));
  }
}
