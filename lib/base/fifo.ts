/** How many places of items that were taken are kept at the most. */
const MAX_TAKEN_PLACES = 1024;

/** A queue: first in, first out. An item that was taken is let go at once. */
export class Fifo<Item> {
  #items: (Item | undefined)[] = [];
  #first = 0;

  /** How many items wait. */
  get size(): number {
    return this.#items.length - this.#first;
  }

  /** The item that is taken next; undefined where none waits. */
  get first(): Item | undefined {
    return this.#items[this.#first];
  }

  /** Puts an item behind the others. */
  push(item: Item): void {
    this.#items.push(item);
  }

  /** Takes the first item out; undefined where none waits. */
  shift(): Item | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#first];
    // A queue that never runs dry would hold a thousand large ones.
    this.#items[this.#first++] = undefined;
    // In batches: moving the rest down at each one would cost more than the items.
    if (this.#first === this.#items.length || this.#first >= MAX_TAKEN_PLACES) {
      this.#items.splice(0, this.#first);
      this.#first = 0;
    }
    return item;
  }

  /** Takes all items out, the first one first. */
  takeAll(): Item[] {
    const items = this.#items.slice(this.#first) as Item[];
    this.#items = [];
    this.#first = 0;
    return items;
  }
}
