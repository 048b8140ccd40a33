import { toHex, utf8Encode } from "../lib/base/bytes.ts";
import { sha256 } from "../lib/crypto/hash.ts";

/** The beginning of every generated key. */
export const ENTRY_PREFIX = "entry/";

/**
 * Lines to import, the same for every call: keys in no order, JSON values of 100 to 1000 bytes.
 *
 * @param count how many. @param name makes the keys different from those of another name.
 */
export function generatedLines(count: number, name = ""): string[] {
  return Array.from({ length: count }, (_, number) => {
    const id = toHex(sha256(utf8Encode(`${name} ${number}`)));
    const sizeBytes = 100 + parseInt(id.slice(-4), 16) % 901;
    const fields = { number, sensor: id.slice(16, 24), note: "" };
    const note = (id + "~").repeat(Math.ceil(sizeBytes / id.length)).slice(
      0,
      sizeBytes - JSON.stringify(fields).length,
    );
    return exportLine(`${ENTRY_PREFIX}${name}${id.slice(0, 16)}`, { ...fields, note });
  });
}

/**
 * Lines to import, the same for every call: values of 100 bytes.
 *
 * @param order of the keys: as they sort, or none. @param count at most 10^10.
 */
export function* smallLines(count: number, order: "sorted" | "random"): Generator<string> {
  for (let number = 0; number < count; number++) {
    const place = String(number).padStart(10, "0");
    const id = order === "sorted" ? place : toHex(sha256(utf8Encode(place)).subarray(0, 8));
    const json = { number, note: "" };
    yield exportLine(`${ENTRY_PREFIX}${id}`, { ...json, note: "x".repeat(100 - JSON.stringify(json).length) });
  }
}

/** A line as `kith export` writes it. */
export function exportLine(key: string, json: unknown): string {
  return JSON.stringify({ v: 1, key, type: "application/json", json });
}
