import { MAX_SKETCH_IDS } from "../base/limits.ts";
import { ShortIds } from "../data/short_ids.ts";
import { CodedSymbols } from "./coded_symbols.ts";
import type { VersionSet } from "../data/version_set.ts";

/** Symbols that are made in the first place: up to so many, the number hardly matters to what they cost. */
const FIRST_SYMBOLS = 2048;
/** Ids that are taken into symbols at a time: 2 ms. */
const STEP_IDS = 4096;

/** The coded symbols of a set, made step by step: a million versions take half a second. */
export class SetSketch {
  readonly #key: Uint8Array;
  readonly #ids = new ShortIds();
  #reader: ReturnType<VersionSet["ids"]> | null;
  #symbols: CodedSymbols;
  /** Ids that are in the symbols so far. */
  #done = 0;

  constructor(set: VersionSet, key: Uint8Array) {
    this.#key = key;
    this.#reader = set.ids();
    this.#symbols = new CodedSymbols(key, FIRST_SYMBOLS);
  }

  /** Whether there are too many versions for a sketch. */
  get isTooLarge(): boolean {
    return this.#ids.size > MAX_SKETCH_IDS;
  }

  /** Short ids in the set; once `isReady`. */
  get total(): number {
    return this.#ids.size;
  }

  /** The symbols; once `isReady`. */
  get symbols(): CodedSymbols {
    return this.#symbols;
  }

  /** Whether there are so many symbols; makes them where there are not. */
  isReady(size: number): boolean {
    if (size > this.#symbols.size) {
      this.#symbols = new CodedSymbols(this.#key, size);
      this.#done = 0;
    }
    return this.#reader === null && this.#done === this.#ids.size;
  }

  /** Goes on for about 2 ms. */
  step(): void {
    if (this.#reader !== null) {
      if (!this.#reader.next(this.#ids) || this.isTooLarge) this.#reader = null;
      return;
    }
    const end = Math.min(this.#ids.size, this.#done + STEP_IDS);
    this.#symbols.add(this.#ids.words, this.#done, end);
    this.#done = end;
  }
}
