import { toHex } from "../../lib/base/bytes.ts";
import { CodedSymbols } from "../../lib/sync/coded_symbols.ts";
import { type Decoded, decodeDifference } from "../../lib/sync/decode_difference.ts";
import { ShortIds } from "../../lib/data/short_ids.ts";
import { SHORT_ID_BYTES } from "../../lib/wire/reconciliation.ts";
import type { Prng } from "../sim/prng.ts";

/** So many random ids. */
export function randomIds(prng: Prng, count: number): Uint8Array[] {
  return Array.from({ length: count }, () => prng.bytes(SHORT_ID_BYTES));
}

/** Ids one behind the other, as a sketch takes them. */
export function packed(ids: readonly Uint8Array[]): ShortIds {
  const out = new ShortIds(ids.length);
  for (const id of ids) out.add(id);
  return out;
}

/** The first symbols of a set. */
export function symbolsOf(key: Uint8Array, size: number, ids: readonly Uint8Array[]): CodedSymbols {
  const symbols = new CodedSymbols(key, size);
  symbols.add(packed(ids).words, 0, ids.length);
  return symbols;
}

/** What so many symbols of two sets give. */
export function decode(
  key: Uint8Array,
  size: number,
  first: readonly Uint8Array[],
  second: readonly Uint8Array[],
): Decoded {
  return decodeDifference(symbolsOf(key, size, first).minus(symbolsOf(key, size, second)));
}

/** Ids as texts, sorted, for comparing. */
export function texts(ids: readonly Uint8Array[]): string[] {
  return ids.map(toHex).sort();
}
