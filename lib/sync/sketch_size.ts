import { MAX_SKETCH_COUNTS } from "../base/limits.ts";
import { CodedSymbols } from "./coded_symbols.ts";

/** Symbols that decode d differences, for each of them, where d is large. */
const SYMBOLS_PER_ID = 1.38;
/** Bytes of one symbol, of one node, and of the bits of one leaf from both sides. */
const SYMBOL_BYTES = 23;
const NODE_BYTES = 15;
const LEAF_BYTES = 262;

/**
 * About how many ids two sets differ in: the counts of a difference scatter the more, the larger it is. Where that may be
 * as little as the surplus, it is taken to be: mostly one side has lost something, and the other nothing.
 *
 * @param surplus how many more ids one set has.
 * @param counts of that set's symbols from 0 on, less those of the other, modulo 256: what is far from it is of sets
 * that differ in tens of thousands, and counts as many all the same.
 */
export function estimateDifference(surplus: number, counts: readonly number[]): number {
  const least = Math.max(1, Math.abs(surplus));
  const symbols: { readonly square: number; readonly variance: number }[] = [];
  for (let i = 1; i < counts.length; i++) {
    const density = CodedSymbols.density(i);
    const expected = Math.round(surplus * density);
    const distance = ((counts[i] as number) - expected) << 24 >> 24;
    symbols.push({ square: (expected + distance - surplus * density) ** 2, variance: density * (1 - density) });
  }
  if (symbols.length === 0) return least;
  let difference = least;
  // Of a sparse symbol the square tells little where few ids differ, and as much as of others where many do.
  for (const isFirst of [true, false]) {
    let [squares, variances] = [0, 0];
    for (const { square, variance } of symbols) {
      const weight = isFirst ? 1 : 1 / (2 * difference * variance + 1);
      squares += square * weight;
      variances += variance * weight;
    }
    difference = Math.max(least, Math.round(squares / variances));
  }
  return difference <= least * (1 + 2 * deviationOf(counts.length)) ? least : difference;
}

/**
 * How many symbols to ask for, so that mostly they decode.
 *
 * @param difference as estimated from so many counts: the fewer, the less it is to be relied upon.
 */
export function symbolsFor(difference: number, counts: number): number {
  // Where the estimate is good, to be on the safe side costs less than another round trip.
  const margin = counts < MAX_SKETCH_COUNTS ? 1.25 : 4;
  return Math.ceil(SYMBOLS_PER_ID * difference * (1 + margin * deviationOf(counts))) + 12;
}

/** The standard deviation of an estimate by so many counts, in relation to it. */
function deviationOf(counts: number): number {
  return Math.sqrt(2 / Math.max(1, counts - 1));
}

/** From how many differences on it is worth it to tell the counts of `MAX_SKETCH_COUNTS` symbols first. */
export function isWorthCounts(difference: number): boolean {
  return difference * SYMBOL_BYTES > MAX_SKETCH_COUNTS * 4;
}

/** Whether ranges over the digest cost less than symbols do. @param leaves of the digest. */
export function areRangesCheaper(difference: number, leaves: number): boolean {
  const symbols = SYMBOLS_PER_ID * difference * SYMBOL_BYTES;
  return leaves * NODE_BYTES + Math.min(difference, leaves) * LEAF_BYTES < symbols;
}
