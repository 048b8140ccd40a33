import { KithError } from "../base/errors.ts";
import { cutToWidth } from "./format.ts";
import { escapeText } from "./escape.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** RFC 6838's names, and parameters as they come. */
const MEDIA = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;.+)?$/;

/** The media type that `--type` stands for. @throws {KithError} `media_invalid`. */
export function mediaOfType(type: string): string {
  switch (type) {
    case "text":
      return "text/plain";
    case "json":
      return "application/json";
    case "bytes":
      return "application/octet-stream";
    default:
      if (!MEDIA.test(type)) throw new KithError("media_invalid", { media: type });
      return type;
  }
}

/** The text of bytes; null when they are not UTF-8. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** The beginning of a value in one safe line, at most `columns` wide; what is not text is only described. */
export function previewOf(fields: Readonly<Record<string, unknown>>, columns: number): string {
  if (typeof fields.text === "string") return cutToWidth(escapeText(fields.text.slice(0, 4 * columns)), columns);
  if ("json" in fields) return cutToWidth(escapeText(JSON.stringify(fields.json).slice(0, 4 * columns)), columns);
  return typeof fields.base64 === "string" ? "(bytes)" : "";
}
