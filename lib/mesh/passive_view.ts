import { type Random, randomBelow } from "../base/random.ts";

/** Peers that are not linked and may be, a random sample of all: whoever fails is replaced from here. */
export class PassiveView {
  readonly #random: Random;
  readonly #size: number;
  readonly #peers = new Set<string>();

  /** @param size how many peers it holds at most. */
  constructor(random: Random, size: number) {
    this.#random = random;
    this.#size = size;
  }

  /** How many it holds. */
  get size(): number {
    return this.#peers.size;
  }

  /** Whether a peer is in it. */
  has(peer: string): boolean {
    return this.#peers.has(peer);
  }

  /** The peers in it. */
  [Symbol.iterator](): Iterator<string> {
    return this.#peers.values();
  }

  /** Takes a peer in. Where it is full one of `expendable` goes, else a random one. */
  add(peer: string, expendable: readonly string[] = []): void {
    if (this.#peers.has(peer)) return;
    if (this.#peers.size >= this.#size) {
      this.#peers.delete(expendable.find((other) => this.#peers.has(other)) ?? this.sample(1)[0] as string);
    }
    this.#peers.add(peer);
  }

  /** Takes a peer out. */
  delete(peer: string): void {
    this.#peers.delete(peer);
  }

  /** Some of its peers, by chance, all different. */
  sample(count: number): string[] {
    return sampleOf([...this.#peers], count, this.#random);
  }
}

/** `count` of the items, or all where they are fewer, in random order. The array is used up. */
export function sampleOf<Item>(items: Item[], count: number, random: Random): Item[] {
  const taken = Math.min(count, items.length);
  for (let i = 0; i < taken; i++) {
    const other = i + randomBelow(random, items.length - i);
    const item = items[other] as Item;
    items[other] = items[i] as Item;
    items[i] = item;
  }
  return items.slice(0, taken);
}
