import { MAX_SKETCH_COUNTS } from "../base/limits.ts";
import { CodedSymbols } from "./coded_symbols.ts";

/** Symbols that decode d differences, for each of them, where d is large. */
const SYMBOLS_PER_ID = 1.38;
/** Bytes of one symbol, of one node, and of the bits of one leaf from both sides. */
const SYMBOL_BYTES = 24;
const NODE_BYTES = 15;
const LEAF_BYTES = 262;

/**
 * About how many ids two sets differ in: the counts of a difference scatter the more, the larger it is.
 *
 * @param counts of one set's symbols from 0 on, less those of the other.
 */
export function estimateDifference(counts: readonly number[]): number {
  const [surplus = 0, ...rest] = counts;
  let squares = 0;
  let scatter = 0;
  for (const [i, count] of rest.entries()) {
    const density = CodedSymbols.density(i + 1);
    squares += (count - surplus * density) ** 2;
    scatter += density * (1 - density);
  }
  return Math.max(Math.abs(surplus), scatter === 0 ? 0 : Math.round(squares / scatter), 1);
}

/**
 * How many symbols to ask for, so that mostly they decode.
 *
 * @param difference as estimated from so many counts: the fewer, the less it is to be relied upon.
 */
export function symbolsFor(difference: number, counts: number): number {
  const deviation = Math.sqrt(2 / Math.max(1, counts - 1));
  // Where the estimate is good, to be on the safe side costs less than another round trip.
  const margin = counts < MAX_SKETCH_COUNTS ? 1.25 : 2.5;
  return Math.ceil(SYMBOLS_PER_ID * difference * (1 + margin * deviation)) + 12;
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
