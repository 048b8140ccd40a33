import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { closeCodeOf, type CloseReason, closeReasonOf, ProtocolError } from "../base/errors.ts";
import { MAX_CLOSE_DETAIL_BYTES } from "../base/limits.ts";
import { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";

/** The body of a close frame: varint close code ‖ detail in UTF-8, which is cut where it is too long. */
export function encodeClose(reason: CloseReason, detail: string): Uint8Array {
  let text = detail.toWellFormed();
  while (utf8Encode(text).length > MAX_CLOSE_DETAIL_BYTES) {
    // A character at a time, so that none is cut in two.
    text = [...text].slice(0, -1).join("");
  }
  return new Writer().varint(closeCodeOf(reason)).raw(utf8Encode(text)).finish();
}

/**
 * Why the other side closed. A code that this version does not know is a goodbye, with the code in its detail.
 *
 * @throws {ProtocolError} `malformed`, `too_large`.
 */
export function decodeClose(body: Uint8Array): { reason: CloseReason; detail: string } {
  const reader = new Reader(body);
  const code = reader.varint();
  if (reader.remainingBytes > MAX_CLOSE_DETAIL_BYTES) throw new ProtocolError("too_large", "the detail of a close");
  const bytes = reader.raw(reader.remainingBytes);
  let detail: string;
  try {
    detail = utf8Decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new ProtocolError("malformed", "the detail of a close is not UTF-8");
  }
  const reason = closeReasonOf(code);
  return reason === undefined ? { reason: "goodbye", detail: `close code ${code}: ${detail}` } : { reason, detail };
}
