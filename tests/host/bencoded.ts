import { utf8Encode } from "../../lib/base/bytes.ts";
import { type Bencoded, encodeBencoded } from "../../lib/host/bencode.ts";

/** A plain object, list, number, text or bytes in bencoding. */
export function bencoded(value: unknown): Uint8Array {
  return encodeBencoded(plain(value));
}

function plain(value: unknown): Bencoded {
  if (typeof value === "string") return utf8Encode(value);
  if (typeof value === "number" || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(plain);
  return new Map(Object.entries(value as object).map(([key, entry]) => [key, plain(entry)]));
}
