import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { MAX_KEY_BYTES, MAX_TEXT_MESSAGE_BYTES } from "../base/limits.ts";

/** Where the protocol's values are: a value v at the key `text/v`, with v as its value as well. */
export const TEXT_PREFIX = "text/";
/** Media type of the values. */
export const TEXT_MEDIA = "text/plain";

/** What a client of the text protocol asks for. */
export type TextMessage =
  /** All values. */
  | { readonly kind: "get_data" }
  /** Take these values in; empty ones are left out by whoever reads it. */
  | { readonly kind: "update_data"; readonly values: readonly string[] }
  /** Close. */
  | { readonly kind: "quit" };

/** The message in the bytes, without a newline; null for what is none of the three, too long, or not UTF-8. */
export function parseTextMessage(bytes: Uint8Array): TextMessage | null {
  if (bytes.length > MAX_TEXT_MESSAGE_BYTES) return null;
  let text: string;
  try {
    text = utf8Decode(bytes);
  } catch {
    // Not UTF-8: not one of the three.
    return null;
  }
  const [name, ...values] = text.split(",");
  if (name === "update_data") return { kind: "update_data", values };
  if (values.length > 0) return null;
  return name === "get_data" || name === "quit" ? { kind: name } : null;
}

/** Messages of at most MAX_TEXT_MESSAGE_BYTES that hold the values, all of which `isTextValue`. */
export function updateMessages(values: readonly string[]): { text: string; count: number }[] {
  const messages: { text: string; count: number }[] = [];
  let text = "";
  let count = 0;
  for (const value of values) {
    if (count > 0 && utf8Encode(`${text},${value}`).length > MAX_TEXT_MESSAGE_BYTES) {
      messages.push({ text, count });
      count = 0;
    }
    text = count === 0 ? `update_data,${value}` : `${text},${value}`;
    count++;
  }
  if (count > 0) messages.push({ text, count });
  return messages;
}

/** Whether a value can be kept, and sent: not empty, no comma or line end, and no longer than a key has room for. */
export function isTextValue(value: string): boolean {
  if (value === "" || /[,\r\n]/.test(value) || !value.isWellFormed()) return false;
  return utf8Encode(TEXT_PREFIX + value).length <= MAX_KEY_BYTES;
}

/** What tells the age of an entry. */
export interface Aged {
  readonly timeMs: number;
  /** Spelling of its version: the transaction, a dot, the place in it. */
  readonly version: string;
}

/** The oldest first; within one transaction in the order of the write. */
export function byAge(a: Aged, b: Aged): number {
  if (a.timeMs !== b.timeMs) return a.timeMs - b.timeMs;
  const [transactionA = "", indexA = "0"] = a.version.split(".");
  const [transactionB = "", indexB = "0"] = b.version.split(".");
  if (transactionA !== transactionB) return transactionA < transactionB ? -1 : 1;
  return Number(indexA) - Number(indexB);
}
