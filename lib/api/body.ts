import { concat, utf8Decode } from "../base/bytes.ts";
import { KithError } from "../base/errors.ts";
import { MAX_JSON_BODY_BYTES } from "../base/limits.ts";
import type { Fields } from "./answer.ts";

/** The bytes of a request's body; null when there are more than `maxBytes`, of which no more are read then. */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array | null> {
  if (request.body === null) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of request.body) {
    parts.push(part);
    sizeBytes += part.length;
    if (sizeBytes > maxBytes) return null;
  }
  return parts.length === 1 ? parts[0] as Uint8Array : concat(parts);
}

/** The object in a request's body; empty where there is no body. @throws {KithError} `bad_json`, `bad_request`. */
export async function readObject(request: Request): Promise<Fields> {
  const bytes = await readBody(request, MAX_JSON_BODY_BYTES);
  if (bytes === null) throw new KithError("bad_request", { detail: `it is longer than ${MAX_JSON_BODY_BYTES} bytes` });
  if (bytes.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(utf8Decode(bytes));
  } catch (error) {
    throw new KithError("bad_json", { what: "request", detail: error instanceof Error ? error.message : "" }, error);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new KithError("bad_request", { detail: "its body is not a JSON object" });
  }
  return value as Fields;
}

/** A text in an object; undefined where it is absent. @throws {KithError} `bad_request` for anything else. */
export function textField(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || typeof value === "string") return value;
  throw new KithError("bad_request", { detail: `'${name}' must be a text` });
}

/** A number of at least 0 in an object; undefined where it is absent. @throws {KithError} `bad_request`. */
export function numberField(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  if (value === undefined || (typeof value === "number" && value >= 0)) return value;
  throw new KithError("bad_request", { detail: `'${name}' must be a number of at least 0` });
}

/** A truth value in an object; false where it is absent. @throws {KithError} `bad_request`. */
export function flagField(fields: Fields, name: string): boolean {
  const value = fields[name] ?? false;
  if (typeof value === "boolean") return value;
  throw new KithError("bad_request", { detail: `'${name}' must be true or false` });
}

/** A list of texts in an object; empty where it is absent. @throws {KithError} `bad_request`. */
export function textsField(fields: Fields, name: string): string[] {
  const value = fields[name] ?? [];
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw new KithError("bad_request", { detail: `'${name}' must be a list of texts` });
}
