import { assert } from "../base/assert.ts";
import type { Reader } from "../base/reader.ts";
import type { Writer } from "../base/writer.ts";

/** Writes how many there are, and each of them. */
export function writeList<T>(
  writer: Writer,
  list: readonly T[],
  max: number,
  write: (writer: Writer, item: T) => void,
): void {
  assert(list.length <= max, "list within its limit");
  writer.varint(list.length);
  for (const item of list) write(writer, item);
}

/** Reads what `writeList` writes. @throws {ProtocolError} `malformed`, also for more than `max`. */
export function readList<T>(reader: Reader, max: number, read: (reader: Reader) => T): T[] {
  const list: T[] = [];
  for (let left = reader.varint(max); left > 0; left--) list.push(read(reader));
  return list;
}
