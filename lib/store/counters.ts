import type { Database } from "./database.ts";

/** How many keys are live and how many are in conflict. Counted in memory, and written at commit. */
export class Counters {
  readonly #select;
  readonly #update;
  #entries = 0;
  #conflicts = 0;
  #loaded = false;
  #changed = false;

  constructor(database: Database) {
    this.#select = database.statement("SELECT entries, conflicts FROM store");
    this.#update = database.statement("UPDATE store SET entries = ?, conflicts = ?");
  }

  /** Forgets what is in memory, after a rollback. */
  reset(): void {
    this.#loaded = false;
    this.#changed = false;
  }

  /** Writes what changed, before a commit. */
  flush(): void {
    if (this.#changed) this.#update.run(this.#entries, this.#conflicts);
    this.#changed = false;
  }

  /** Keys with a live version. */
  get entries(): number {
    this.#load();
    return this.#entries;
  }

  /** Keys with more than one live version. */
  get conflicts(): number {
    this.#load();
    return this.#conflicts;
  }

  /** Adds to both. */
  add(entries: number, conflicts: number): void {
    if (entries === 0 && conflicts === 0) return;
    this.#load();
    this.#entries += entries;
    this.#conflicts += conflicts;
    this.#changed = true;
  }

  #load(): void {
    if (this.#loaded) return;
    [this.#entries, this.#conflicts] = this.#select.get() as [number, number];
    this.#loaded = true;
  }
}
