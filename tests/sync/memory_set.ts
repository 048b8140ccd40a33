import { toHex } from "../../lib/base/bytes.ts";
import { DIGEST_LEAF_OPERATIONS } from "../../lib/base/limits.ts";
import { DIGEST_FAN_OUT, innerHash, leafHash } from "../../lib/data/digest.ts";
import { indexOfShortId, shortIdOf, type ShortIds } from "../../lib/data/short_ids.ts";
import type { Place, PlaceState, VersionSet } from "../../lib/data/version_set.ts";
import type { PartialBytes } from "../../lib/wire/partial.ts";
import {
  compareVersionIds,
  compareWriterIds,
  type VersionId,
  type WriterId,
  writerKey,
} from "../../lib/wire/transaction.ts";

/** A transaction that all sides hold, with operations of which they hold some. */
export interface Batch {
  readonly id: Uint8Array;
  readonly writer: WriterId;
  readonly firstOperation: number;
  readonly operations: readonly {
    readonly isPut: boolean;
    /** What it replaces. */
    readonly names: readonly Place[];
  }[];
}

/** A set in memory. Rows are places in `batches`, from 1. */
export class MemorySet implements VersionSet {
  readonly #batches: readonly Batch[];
  readonly #all: readonly Place[];
  readonly #byNumber: ReadonlyMap<string, Place[]>;
  readonly #namers = new Map<string, Place[]>();
  readonly #held = new Set<string>();
  /** What is known to be replaced, by operations that are held, or that were before they were lost. */
  readonly #replaced = new Set<string>();
  /** A change drops what was worked out. */
  #levels: Map<string, { writer: WriterId; nodes: Map<number, Uint8Array> }>[] | null = null;

  constructor(batches: readonly Batch[]) {
    this.#batches = batches;
    this.#all = batches.flatMap(({ operations }, i) =>
      operations.map((_, index) => ({ transactionRow: i + 1, index }))
    );
    for (const place of this.#all) {
      for (const named of this.#operation(place).names) {
        this.#namers.set(keyOf(named), [...(this.#namers.get(keyOf(named)) ?? []), place]);
      }
    }
    this.#byNumber = Map.groupBy(
      this.#all,
      (place) => `${writerKey(this.#batch(place).writer)}/${this.#number(place)}`,
    );
  }

  /** Takes in an operation. @returns whether it was not held. */
  take(place: Place): boolean {
    if (this.#held.has(keyOf(place))) return false;
    this.#levels = null;
    this.#held.add(keyOf(place));
    for (const named of this.#operation(place).names) this.#replaced.add(keyOf(named));
    return true;
  }

  /** Damage: an operation is lost, but not always that it replaced others. */
  lose(place: Place, withWhatItReplaced: boolean): void {
    this.#levels = null;
    this.#held.delete(keyOf(place));
    if (!withWhatItReplaced) return;
    for (const named of this.#operation(place).names) {
      if (this.replacersOf(named).length === 0) this.#replaced.delete(keyOf(named));
    }
  }

  holds(place: Place): boolean {
    return this.#held.has(keyOf(place));
  }

  isReplaced(place: Place): boolean {
    return this.#replaced.has(keyOf(place));
  }

  /** The live versions as texts, sorted. */
  live(): string[] {
    return this.#all.filter((place) => this.stateOf(place) === "live").map(keyOf).sort();
  }

  ids(): { next(ids: ShortIds): boolean } {
    let row = 0;
    return {
      next: (ids) => {
        const batch = this.#batches[row++];
        if (batch === undefined) return false;
        for (const index of batch.operations.keys()) {
          if (this.stateOf({ transactionRow: row, index }) === "live") {
            ids.add(shortIdOf({ transaction: batch.id, index }));
          }
        }
        return true;
      },
    };
  }

  nodes(level: number): { writer: WriterId; nodes: ReadonlyMap<number, Uint8Array> }[] {
    this.#levels ??= this.#tree();
    return [...(this.#levels[level] ?? new Map()).values()].sort((a, b) => compareWriterIds(a.writer, b.writer));
  }

  bits(writer: WriterId, leaf: number): Uint8Array {
    const bits = new Uint8Array(DIGEST_LEAF_OPERATIONS / 8);
    for (let bit = 0; bit < DIGEST_LEAF_OPERATIONS; bit++) {
      const places = this.byNumber(writer, leaf * DIGEST_LEAF_OPERATIONS + bit);
      if (places.some((place) => this.stateOf(place) === "live")) bits[bit >> 3]! |= 1 << (bit & 7);
    }
    return bits;
  }

  forkedBits(writer: WriterId, leaf: number): Uint8Array {
    const bits = new Uint8Array(DIGEST_LEAF_OPERATIONS / 8);
    for (let bit = 0; bit < DIGEST_LEAF_OPERATIONS; bit++) {
      if (this.byNumber(writer, leaf * DIGEST_LEAF_OPERATIONS + bit).length > 1) bits[bit >> 3]! |= 1 << (bit & 7);
    }
    return bits;
  }

  byShortId(id: Uint8Array): Place[] {
    const transaction = this.#batches.findIndex((batch) => toHex(batch.id).startsWith(toHex(id.subarray(0, -2))));
    const place = { transactionRow: transaction + 1, index: indexOfShortId(id) };
    return (this.#batches[transaction]?.operations.length ?? 0) <= place.index ? [] : [place];
  }

  byNumber(writer: WriterId, operationNumber: number): Place[] {
    return this.#byNumber.get(`${writerKey(writer)}/${operationNumber}`) ?? [];
  }

  stateOf(place: Place): PlaceState {
    if (!this.holds(place)) return "absent";
    if (this.isReplaced(place)) return "replaced";
    return this.#operation(place).isPut ? "live" : "other";
  }

  replacersOf(place: Place): Place[] {
    return (this.#namers.get(keyOf(place)) ?? []).filter((by) => this.holds(by));
  }

  /** Travels as its id and indices. */
  prove(transactionRow: number, indices: ReadonlySet<number>): PartialBytes {
    const operations = [...indices].sort((a, b) => a - b)
      .filter((index) => this.holds({ transactionRow, index }))
      .map((index) => ({ index, leaf: new Uint8Array(1), value: null }));
    const header = this.#batches[transactionRow - 1]!.id;
    return { header, signature: new Uint8Array(64), operations, hashes: [] };
  }

  /** The row of a batch by its id. */
  rowOf(id: Uint8Array): number {
    return 1 + this.#batches.findIndex((batch) => toHex(batch.id) === toHex(id));
  }

  #batch({ transactionRow }: Place): Batch {
    return this.#batches[transactionRow - 1] as Batch;
  }

  #operation(place: Place): Batch["operations"][number] {
    return this.#batch(place).operations[place.index] as Batch["operations"][number];
  }

  #number(place: Place): number {
    return this.#batch(place).firstOperation + place.index;
  }

  #tree(): Map<string, { writer: WriterId; nodes: Map<number, Uint8Array> }>[] {
    const leaves = new Map<string, { writer: WriterId; leaf: number; ids: { number: number; id: VersionId }[] }>();
    for (const place of this.#all) {
      if (this.stateOf(place) !== "live") continue;
      const { writer, id } = this.#batch(place);
      const number = this.#number(place);
      const leaf = Math.floor(number / DIGEST_LEAF_OPERATIONS);
      const key = `${writerKey(writer)}/${leaf}`;
      const entry = leaves.get(key) ?? { writer, leaf, ids: [] };
      leaves.set(key, entry);
      entry.ids.push({ number, id: { transaction: id, index: place.index } });
    }
    const levels: Map<string, { writer: WriterId; nodes: Map<number, Uint8Array> }>[] = [new Map()];
    for (const { writer, leaf, ids } of leaves.values()) {
      const entry = levels[0]!.get(writerKey(writer)) ?? { writer, nodes: new Map<number, Uint8Array>() };
      levels[0]!.set(writerKey(writer), entry);
      const sorted = ids.sort((a, b) => a.number - b.number || compareVersionIds(a.id, b.id));
      entry.nodes.set(leaf, leafHash(sorted.map(({ id }) => id)));
    }
    for (let level = 1; level <= 5; level++) {
      const above: (typeof levels)[number] = new Map();
      for (const [key, { writer, nodes }] of levels[level - 1]!) {
        const parents = Map.groupBy(
          [...nodes].sort(([a], [b]) => a - b),
          ([number]) => Math.floor(number / DIGEST_FAN_OUT),
        );
        const hashes = [...parents].map(([parent, children]) =>
          [
            parent,
            innerHash(children.map(([number, hash]) => ({ position: number % DIGEST_FAN_OUT, hash }))),
          ] as const
        );
        above.set(key, { writer, nodes: new Map(hashes) });
      }
      levels.push(above);
    }
    return levels;
  }
}

/** A place as a text. */
export function keyOf({ transactionRow, index }: Place): string {
  return `${transactionRow}/${index}`;
}
