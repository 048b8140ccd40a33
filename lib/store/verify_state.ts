import { compare, equal, utf8Decode } from "../base/bytes.ts";
import type { Found } from "./rows.ts";
import { VERIFY_PAGE_ROWS } from "./verify_own.ts";
import type { VerifyParts } from "./verifier.ts";

const NOTHING = new Uint8Array(0);

/** Checks what is counted and hashed over the live versions: conflicts, numbers of entries, leaves of the digest. */
export class VerifyState {
  readonly #parts: VerifyParts;
  readonly #found: Found;
  readonly #keys;
  readonly #isConflict;
  readonly #conflicts;
  readonly #countLive;
  readonly #insertConflict;
  readonly #deleteConflict;
  readonly #leaves;
  /** The key up to which entries and conflicts were counted; null while nothing is. */
  #counted: Uint8Array | null = null;
  #entries = 0;
  #conflictCount = 0;

  constructor(parts: VerifyParts, found: Found) {
    const { database } = parts;
    this.#parts = parts;
    this.#found = found;
    this.#keys = database.statement(`
      SELECT key, count(*) FROM operations INDEXED BY operations_live WHERE state = 0 AND key > ?
      GROUP BY key LIMIT ${VERIFY_PAGE_ROWS}`);
    this.#isConflict = database.statement("SELECT 1 FROM conflicts WHERE key = ?");
    this.#conflicts = database.statement(
      `SELECT key FROM conflicts WHERE key > ? ORDER BY key LIMIT ${VERIFY_PAGE_ROWS}`,
    );
    this.#countLive = database.statement(
      "SELECT count(*) FROM operations INDEXED BY operations_live WHERE state = 0 AND key = ?",
    );
    this.#insertConflict = database.statement("INSERT OR IGNORE INTO conflicts VALUES (?)");
    this.#deleteConflict = database.statement("DELETE FROM conflicts WHERE key = ?");
    this.#leaves = database.statement(`
      SELECT writer, leaf, hash FROM digest_leaves WHERE (writer, leaf) > (?, ?)
      ORDER BY writer, leaf LIMIT ${VERIFY_PAGE_ROWS}`);
  }

  /** Goes through all of it. */
  *run(): Generator<number> {
    yield* this.#count();
    for (let after: Uint8Array = NOTHING;;) {
      const page = this.#conflicts.all(after) as [Uint8Array][];
      for (const [key] of page) {
        after = key;
        if ((this.#countLive.get(key)?.[0] as number) > 1) continue;
        this.#found({ table: "conflicts", row: 0, key: readable(key), mend: () => this.#deleteConflict.run(key) });
      }
      yield page.length;
      if (page.length < VERIFY_PAGE_ROWS) break;
    }
    for (let [writer, leaf] = [0, -1];;) {
      const page = this.#leaves.all(writer, leaf) as [number, number, Uint8Array | null][];
      for (const columns of page) {
        [writer, leaf] = columns;
        this.#checkLeaf(writer, leaf, columns[2]);
        yield VERIFY_PAGE_ROWS;
      }
      if (page.length < VERIFY_PAGE_ROWS) break;
    }
  }

  /** The number of live versions of a key changes while the check is under way. */
  changed(key: Uint8Array, entries: number, conflicts: number): void {
    if (this.#counted === null || compare(key, this.#counted) > 0) return;
    this.#entries += entries;
    this.#conflictCount += conflicts;
  }

  /** What was counted since the last commit did not happen. */
  rolledBack(): void {
    this.#counted = null;
  }

  *#count(): Generator<number> {
    while (!(yield* this.#countOnce()));
    const { entries, conflicts } = this.#parts.storeRow;
    if (this.#entries !== entries || this.#conflictCount !== conflicts) {
      const mend = () => this.#parts.storeRow.add(this.#entries - entries, this.#conflictCount - conflicts);
      this.#found({ table: "counters", row: 0, key: null, mend });
    }
    this.#counted = null;
  }

  /** @returns false where it has to be done again. */
  *#countOnce(): Generator<number, boolean> {
    this.#entries = 0;
    this.#conflictCount = 0;
    this.#counted = NOTHING;
    while (true) {
      const page = this.#keys.all(this.#counted) as [Uint8Array | null, number][];
      for (const [key, count] of page) {
        // The keys come from the index, where a damaged one may be anything.
        if (!(key instanceof Uint8Array) || compare(key, this.#counted) <= 0) {
          this.#found({ table: "structure", row: 0, key: "operations_live" });
          return true;
        }
        this.#counted = key;
        this.#entries++;
        if (count > 1) this.#conflictCount++;
        if (count === 1 || this.#isConflict.get(key) !== undefined) continue;
        this.#found({ table: "conflicts", row: 0, key: readable(key), mend: () => this.#insertConflict.run(key) });
      }
      if (page.length < VERIFY_PAGE_ROWS) return true;
      yield page.length;
      if (this.#counted === null) return false;
    }
  }

  #checkLeaf(writer: number, leaf: number, hash: Uint8Array | null): void {
    // It is to be computed when the digest is next asked for.
    if (hash === null) return;
    const expected = this.#parts.digest.hashLeaf(writer, leaf);
    if (expected !== null && equal(expected, hash)) return;
    this.#found({ table: "digest", row: leaf, key: null, mend: () => this.#parts.digest.markLeaf(writer, leaf) });
  }
}

function readable(key: Uint8Array): string | null {
  try {
    return utf8Decode(key);
  } catch {
    // Damaged bytes need not be text.
    return null;
  }
}
