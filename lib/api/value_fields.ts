import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { KithError } from "../base/errors.ts";
import type { Fields } from "./answer.ts";

/** Media types of values that are given without one. */
const JSON_MEDIA = "application/json";
const TEXT_MEDIA = "text/plain";
const BYTES_MEDIA = "application/octet-stream";

/**
 * A value as the fields of an object: its type, and the value as `json`, `text` or `base64`. `valueOf` gives the very
 * same bytes again: JSON that was spelled in another way than JSON.stringify's is given as `text`.
 */
export function valueFields(media: string, value: Uint8Array): Fields {
  const isJson = isJsonMedia(media);
  if (!isJson && !media.startsWith("text/")) return { type: media, base64: value.toBase64() };
  let text: string;
  try {
    text = utf8Decode(value);
  } catch {
    // Whatever its type claims, it is not text.
    return { type: media, base64: value.toBase64() };
  }
  const json = isJson ? parsed(text) : undefined;
  return json !== undefined && JSON.stringify(json) === text ? { type: media, json } : { type: media, text };
}

/**
 * The media type and bytes of what `valueFields` describes; `type` may be absent.
 *
 * @throws {KithError} `bad_request`, `invalid_utf8`.
 */
export function valueOf(fields: Fields): { media: string; value: Uint8Array } {
  const { type, text, base64 } = fields;
  const given = ["json", "text", "base64"].filter((name) => fields[name] !== undefined);
  if (given.length !== 1) throw new KithError("bad_request", { detail: "it needs one of 'json', 'text' or 'base64'" });
  if (type !== undefined && typeof type !== "string") {
    throw new KithError("bad_request", { detail: "'type' must be a text" });
  }
  if (given[0] === "json") return { media: type ?? JSON_MEDIA, value: utf8Encode(JSON.stringify(fields.json)) };
  if (given[0] === "text") {
    if (typeof text !== "string") throw new KithError("bad_request", { detail: "'text' must be a text" });
    if (!text.isWellFormed()) throw new KithError("invalid_utf8", { what: "value" });
    return { media: type ?? TEXT_MEDIA, value: utf8Encode(text) };
  }
  if (typeof base64 !== "string") throw new KithError("bad_request", { detail: "'base64' must be a text" });
  try {
    return { media: type ?? BYTES_MEDIA, value: Uint8Array.fromBase64(base64) };
  } catch (error) {
    throw new KithError("bad_request", { detail: "'base64' is not base64" }, error);
  }
}

/** Whether a media type is that of JSON (RFC 6839: also those that end in `+json`). */
export function isJsonMedia(media: string): boolean {
  const essence = (media.split(";")[0] as string).trim().toLowerCase();
  return essence === JSON_MEDIA || essence.endsWith("+json");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whoever wrote it did not check it: it is shown as the text that it is.
    return undefined;
  }
}
