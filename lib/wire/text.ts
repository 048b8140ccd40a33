import { assert } from "../base/assert.ts";
import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import type { Reader } from "../base/reader.ts";
import type { Writer } from "../base/writer.ts";

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/** Writes a length and `minBytes` to `maxBytes` bytes of UTF-8. */
export function writeText(writer: Writer, text: string, minBytes: number, maxBytes: number): void {
  // Most keys are ASCII, and short: the call of the runtime's encoder would cost more than the loop.
  const bytes = PRINTABLE_ASCII.test(text) ? null : utf8Encode(text);
  const sizeBytes = bytes?.length ?? text.length;
  assert(sizeBytes >= minBytes && sizeBytes <= maxBytes, "text within its limits");
  writer.varint(sizeBytes);
  if (bytes === null) writer.ascii(text);
  else writer.raw(bytes);
}

/** Reads what `writeText` writes. @throws {ProtocolError} `malformed`, also where it is not strict UTF-8. */
export function readText(reader: Reader, minBytes: number, maxBytes: number): string {
  const bytes = reader.blob(maxBytes);
  if (bytes.length < minBytes) throw new ProtocolError("malformed", "a text is empty");
  try {
    return utf8Decode(bytes);
  } catch {
    throw new ProtocolError("malformed", "a text is not UTF-8");
  }
}

/** Writes a length and 1 to `maxBytes` bytes of printable ASCII. */
export function writeAscii(writer: Writer, text: string, maxBytes: number): void {
  assert(text.length >= 1 && text.length <= maxBytes, "text within its limits");
  assert(PRINTABLE_ASCII.test(text), "text is printable ASCII");
  writer.varint(text.length).ascii(text);
}

/** Reads what `writeAscii` writes. @throws {ProtocolError} `malformed`. */
export function readAscii(reader: Reader, maxBytes: number): string {
  const bytes = reader.blob(maxBytes);
  if (bytes.length === 0) throw new ProtocolError("malformed", "a text is empty");
  let text = "";
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte < 0x20 || byte > 0x7e) throw new ProtocolError("malformed", "a text is not printable ASCII");
    text += String.fromCharCode(byte);
  }
  return text;
}
