import type { CodedSymbols } from "./coded_symbols.ts";

/** The ids in which two sets differ. */
export interface Difference {
  /** Short ids in the first set only, in no order. */
  readonly first: readonly Uint8Array[];
  /** Short ids in the second set only. */
  readonly second: readonly Uint8Array[];
}

/** What became of an attempt to decode. `short`: more symbols are needed; `wrong`: they are of no two sets. */
export type Decoded = Difference | "short" | "wrong";

/**
 * Peels the symbols of a difference: an id that is alone in a symbol is known, and taken out of all others, which
 * leaves more of them with one id. Works on symbols of anybody: it ends after as many ids as there are symbols.
 *
 * @param symbols those of the first set less those of the second; they are used up.
 */
export function decodeDifference(symbols: CodedSymbols): Decoded {
  const first: Uint8Array[] = [];
  const second: Uint8Array[] = [];
  const pure: number[] = [];
  for (let i = 0; i < symbols.size; i++) if (symbols.isPure(i)) pure.push(i);
  for (let i = pure.pop(); i !== undefined; i = pure.pop()) {
    // Another way may have led to the same id since.
    if (!symbols.isPure(i)) continue;
    // So many unknowns can't follow from so few symbols.
    if (first.length + second.length === symbols.size) return "wrong";
    const isFirst = symbols.count(i) === 1;
    const { id, touched } = symbols.peel(i);
    (isFirst ? first : second).push(id);
    for (const j of touched) if (symbols.isPure(j)) pure.push(j);
  }
  // Symbol 0 holds every id.
  if (!symbols.isEmpty(0)) return "short";
  for (let i = 1; i < symbols.size; i++) if (!symbols.isEmpty(i)) return "wrong";
  return { first, second };
}
