import { DatabaseSync } from "node:sqlite";
import { toHex } from "../../lib/base/bytes.ts";
import type { Random } from "../../lib/base/random.ts";
import { Store } from "../../lib/store/store.ts";
import type { Prng } from "./prng.ts";

/** Where a record is. */
export interface RecordPlace {
  readonly table: "operations" | "transactions";
  readonly column: "value" | "leaf" | "header" | "signature";
  readonly row: number;
}

/** The disk of a simulated peer: what was committed stays, unless the disk itself fails. */
export class SimDisk {
  readonly #random: Random;
  #database: DatabaseSync;

  /** @param database what is on it at first. Default: nothing. */
  constructor(random: Random, database: DatabaseSync = new DatabaseSync(":memory:")) {
    this.#random = random;
    this.#database = database;
  }

  /** Opens the store as the disk has it. */
  open(): Store {
    return Store.open(this.#database, { random: this.#random });
  }

  /** A copy of what is on it. */
  copy(): DatabaseSync {
    return copyOf(this.#database);
  }

  /** Puts a copy in place of what is on it; the store has to be opened anew. */
  restore(copy: DatabaseSync): void {
    this.#database = copy;
  }

  /**
   * From now on it reads one bit of a record wrongly.
   *
   * @param place which record. Default: any.
   * @returns what makes it read rightly again; null where there is no record.
   */
  flip(prng: Prng, place?: RecordPlace): (() => void) | null {
    const { table, column } = place ?? prng.pick(
      [
        { table: "operations", column: "value" },
        { table: "operations", column: "leaf" },
        { table: "transactions", column: "header" },
        { table: "transactions", column: "signature" },
      ] as const,
    );
    const database = this.#database;
    const records = database.prepare(`SELECT row, ${column} AS bytes FROM ${table} WHERE length(${column}) > 0`).all()
      .filter(({ row }) => place === undefined || row === place.row);
    if (records.length === 0) return null;
    const { row, bytes } = prng.pick(records) as { row: number; bytes: Uint8Array };
    const wrong = bytes.slice();
    const at = prng.below(wrong.length);
    wrong[at] = (wrong[at] as number) ^ (1 << prng.below(8));
    const update = database.prepare(`UPDATE ${table} SET ${column} = ? WHERE row = ?`);
    update.run(wrong, row);
    return () => update.run(bytes, row);
  }

  /** Ids of the transactions on it, in hexadecimal. */
  transactions(): Set<string> {
    return new Set(
      this.#database.prepare("SELECT id FROM transactions").all().map(({ id }) => toHex(id as Uint8Array)),
    );
  }
}

/** A database in memory with the same content. */
export function copyOf(source: DatabaseSync): DatabaseSync {
  const copy = new DatabaseSync(":memory:");
  for (const pragma of ["application_id", "user_version"]) {
    copy.exec(`PRAGMA ${pragma} = ${Object.values(source.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]}`);
  }
  const parts = source.prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid").all();
  for (const { type, name, sql } of parts) {
    copy.exec(String(sql));
    if (type !== "table") continue;
    const rows = source.prepare(`SELECT * FROM "${name}"`).all();
    const insert = rows.length === 0
      ? null
      : copy.prepare(`INSERT INTO "${name}" VALUES (${Object.keys(rows[0] ?? {}).map(() => "?").join()})`);
    for (const row of rows) insert?.run(...Object.values(row));
  }
  return copy;
}
