import { utf8Decode } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import type { Reader } from "../base/reader.ts";

/** Reads a length and so many bytes of strict UTF-8. @throws {ProtocolError} `malformed`. */
export function readText(reader: Reader, minBytes: number, maxBytes: number): string {
  const bytes = reader.blob(maxBytes);
  if (bytes.length < minBytes) throw new ProtocolError("malformed", "an empty text");
  try {
    return utf8Decode(bytes);
  } catch {
    throw new ProtocolError("malformed", "a text is not UTF-8");
  }
}

/** Reads a length and 1 to `maxBytes` bytes of printable ASCII. @throws {ProtocolError} `malformed`. */
export function readAscii(reader: Reader, maxBytes: number): string {
  const bytes = reader.blob(maxBytes);
  if (bytes.length === 0) throw new ProtocolError("malformed", "an empty text");
  let text = "";
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte < 0x20 || byte > 0x7e) throw new ProtocolError("malformed", "a text is not printable ASCII");
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Whether a text can be sent where printable ASCII is asked for. */
export function isPrintableAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}
