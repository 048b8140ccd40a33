import { MAX_SEEN_BATCHES } from "../base/limits.ts";
import type { Connection } from "./links.ts";

/**
 * How what concerns all members gets to all of them, over links between some of them: whether something is new here,
 * and over which links it goes on. It floods: each peer passes on what is new to it, to all but the one it came from.
 */
export class Spread {
  /** What was seen of late, in two generations, of which the older one is forgotten as a whole. */
  #recent = new Set<string>();
  #older = new Set<string>();

  /** Whether something has not been seen before. @param id the same at every peer. */
  isNew(id: string): boolean {
    return !this.#recent.has(id) && !this.#older.has(id);
  }

  /** Something was made here, or came in and is right. */
  seen(id: string): void {
    if (this.#recent.size >= MAX_SEEN_BATCHES / 2) {
      this.#older = this.#recent;
      this.#recent = new Set();
    }
    this.#recent.add(id);
  }

  /** The links over which it goes on. @param from the link that it came by; null where it was made here. */
  onward(links: Iterable<Connection>, from: Connection | null): Connection[] {
    return [...links].filter((link) => link !== from);
  }
}
