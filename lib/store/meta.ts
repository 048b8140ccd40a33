import { equal } from "../base/bytes.ts";
import { DamagedError } from "./damaged_error.ts";
import type { Database } from "./database.ts";
import { recordHash } from "./record_hash.ts";
import type { StoreRow } from "./store_row.ts";

/** What the peer keeps beside the space's data, by name. A record that is gone is noticed as one that is damaged. */
export class Meta {
  readonly #select;
  readonly #upsert;
  readonly #delete;
  readonly #allNames;
  readonly #storeRow: StoreRow;
  #names: Set<string> | null = null;

  constructor(database: Database, storeRow: StoreRow) {
    this.#storeRow = storeRow;
    this.#select = database.statement("SELECT value, record_hash FROM meta WHERE key = ?");
    this.#upsert = database.statement("INSERT OR REPLACE INTO meta (key, value, record_hash) VALUES (?, ?, ?)");
    this.#delete = database.statement("DELETE FROM meta WHERE key = ?");
    this.#allNames = database.statement("SELECT key FROM meta ORDER BY key");
  }

  /** Forgets what is in memory, after a rollback. */
  reset(): void {
    this.#names = null;
  }

  /** The value under a name; null where there is none. @throws {DamagedError} */
  get(key: string): Uint8Array | null {
    if (!this.#load().has(key)) return null;
    const [value, hash] = (this.#select.get(key) ?? []) as [Uint8Array?, Uint8Array?];
    if (value === undefined || hash === undefined || !equal(hash, recordHash(key, value))) {
      throw new DamagedError("meta", 0, key);
    }
    return value;
  }

  /** Keeps a value under a name; null removes it. */
  set(key: string, value: Uint8Array | null): void {
    const names = this.#load();
    if (value === null) this.#delete.run(key);
    else this.#upsert.run(key, value, recordHash(key, value));
    if (names.has(key) === (value !== null)) return;
    if (value === null) names.delete(key);
    else names.add(key);
    this.#storeRow.metaNames = namesText(names);
  }

  /** The names of all records. @throws {DamagedError} where one was there that is not, or the other way round. */
  names(): ReadonlySet<string> {
    return this.#load();
  }

  #load(): Set<string> {
    if (this.#names !== null) return this.#names;
    const names = new Set((this.#allNames.all() as [string][]).map(([name]) => name));
    const kept = new Set(this.#storeRow.metaNames.split("\n").filter((name) => name !== ""));
    const [differs] = names.symmetricDifference(kept);
    if (differs !== undefined) throw new DamagedError("meta", 0, differs);
    return this.#names = names;
  }
}

/** The names as the store's row keeps them. */
export function namesText(names: Iterable<string>): string {
  return [...names].sort().join("\n");
}
