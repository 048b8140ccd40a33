/**
 * A bounded cache in two generations: when the young one is full it becomes the old one, and what the old one held
 * is forgotten. What is read from the old generation moves back to the young one.
 */
export class RowCache<Key, Value> {
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();
  readonly #generationSize: number;

  /** @param maxEntries how many are held at most. */
  constructor(maxEntries: number) {
    this.#generationSize = Math.max(1, Math.floor(maxEntries / 2));
  }

  /** What was stored under the key, if it is still held. */
  get(key: Key): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** Stores a value under a key. */
  set(key: Key, value: Value): void {
    if (this.#young.size >= this.#generationSize && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  /** Forgets everything. */
  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
