import { KithError } from "../base/errors.ts";
import { LIST_PAGE_ENTRIES, MAX_VALUE_BYTES } from "../base/limits.ts";
import type { HostApi } from "../host/host_api.ts";
import type { Write } from "../peer/machine.ts";
import type { EntryView } from "../peer/reads.ts";
import { utf8Decode } from "../base/bytes.ts";
import { accepted, type Fields, objectAnswer } from "./answer.ts";
import { readBody, textsField } from "./body.ts";
import { checkNumbers } from "./number_check.ts";
import { isJsonMedia, valueFields } from "./value_fields.ts";

/** What members are called, by id: also those who are none any more. */
export function memberNames(host: HostApi): ReadonlyMap<string, string> {
  return new Map([...host.peer.removed(), ...host.peer.members()].map(({ peer, name }) => [peer, name]));
}

/** Who did something: the id, and the name where it is known. */
export function doerFields(by: string | null, names: ReadonlyMap<string, string>): Fields {
  const name = by === null ? undefined : names.get(by);
  return name === undefined ? { by } : { by, by_name: name };
}

/** An entry without its value. */
export function entryFields(entry: EntryView, names: ReadonlyMap<string, string>): Fields {
  const { key, version, media, value, peer, timeMs, conflicts } = entry;
  return { key, version, type: media, size: value.length, ...writerFields(peer, names), time: timeMs, conflicts };
}

/** Who wrote something: the id, and for members the name. */
export function writerFields(peer: string, names: ReadonlyMap<string, string>): Fields {
  const name = names.get(peer);
  return name === undefined ? { peer } : { peer, name };
}

/** Entries in key order, read page by page as fast as they are taken. Query: prefix, after, limit, values. */
export async function* listEntries(host: HostApi, query: URLSearchParams, signal: AbortSignal): AsyncGenerator<Fields> {
  const names = memberNames(host);
  const withValues = query.get("values") === "1";
  for (const entry of allEntries(host, query)) {
    if (signal.aborted) return;
    yield withValues
      ? { ...entryFields(entry, names), ...valueFields(entry.media, entry.value) }
      : entryFields(entry, names);
  }
}

/** Entries in key order, as `importLines` takes them. Query: prefix. */
export async function* exportLines(host: HostApi, query: URLSearchParams, signal: AbortSignal): AsyncGenerator<Fields> {
  for (const entry of allEntries(host, query)) {
    if (signal.aborted) return;
    yield { key: entry.key, ...valueFields(entry.media, entry.value) };
  }
}

/** The value of a key as it is, with what is known of it in the headers. */
export function getEntry(host: HostApi, key: string): Response {
  const entry = host.peer.get(key);
  if (entry === null) throw new KithError("not_found", { key });
  return valueResponse(entry, { "x-kith-conflicts": String(entry.conflicts) });
}

/** A value as it is, with its version, writer and time in the headers. */
export function valueResponse(
  { media, version, value, peer, timeMs }: Omit<EntryView, "conflicts">,
  more: Readonly<Record<string, string>>,
): Response {
  const headers = {
    "content-type": media,
    "x-content-type-options": "nosniff",
    "x-kith-version": version,
    "x-kith-peer": peer,
    "x-kith-time": String(timeMs),
    ...more,
  };
  // The web's own type asks for an ArrayBuffer below the bytes, which they always have.
  return new Response(value as BodyInit, { headers });
}

/** How many a listing may hold; Infinity where nothing says. @throws {KithError} `bad_request`. */
export function limitOf(query: URLSearchParams): number {
  const text = query.get("limit");
  const limit = text === null ? Infinity : Number(text);
  if (limit >= 0 && (limit === Infinity || Number.isInteger(limit))) return limit;
  throw new KithError("bad_request", { detail: "'limit' must be a whole number of at least 0" });
}

/** Puts the request's body at a key. Query: if_absent, if_version. */
export async function putEntry(
  host: HostApi,
  key: string,
  query: URLSearchParams,
  request: Request,
): Promise<Response> {
  const ifAbsent = query.get("if_absent") === "1";
  const ifVersion = query.get("if_version");
  if (ifAbsent && ifVersion !== null) {
    throw new KithError("bad_request", { detail: "'if_absent' and 'if_version' can't both hold" });
  }
  const value = await readValue(request, key);
  return await writeOne(host, {
    ...{ kind: "put", key, ...value, ifAbsent },
    ...(ifVersion === null ? {} : { ifVersion }),
  });
}

/** Deletes a key; the version is null where it had no value. Query: if_version. */
export async function deleteEntry(host: HostApi, key: string, query: URLSearchParams): Promise<Response> {
  const ifVersion = query.get("if_version");
  return await writeOne(host, { kind: "del", key, ...(ifVersion === null ? {} : { ifVersion }) });
}

/** Ends a conflict: with the version that `keep` names, else with the request's body. Query: keep. */
export async function resolveConflict(
  host: HostApi,
  key: string,
  query: URLSearchParams,
  request: Request,
): Promise<Response> {
  const version = query.get("keep");
  if (version !== null) return await writeOne(host, { kind: "keep", key, version });
  return await writeOne(host, { kind: "put", key, ...await readValue(request, key), ifConflict: true });
}

/** Takes back in what a removal undid. Fields: keys (default: all of it). Answers with how many values were written. */
export async function readopt(host: HostApi, fields: Fields): Promise<Fields> {
  const keys = fields.keys === undefined ? null : textsField(fields, "keys");
  const { versions } = accepted(await host.request({ type: "readopt", keys }));
  return { readopted: versions?.length ?? 0, versions: versions ?? [] };
}

/** The value in a request's body. @throws {KithError} `value_too_large`, `bad_json`, `invalid_utf8`, `number_changes`. */
async function readValue(request: Request, key: string): Promise<{ media: string; value: Uint8Array }> {
  const media = request.headers.get("content-type") ?? "application/octet-stream";
  const body = await readBody(request, MAX_VALUE_BYTES);
  if (body === null) {
    const sizeBytes = `more than ${MAX_VALUE_BYTES}`;
    throw new KithError("value_too_large", { key, sizeBytes, limitBytes: MAX_VALUE_BYTES });
  }
  return { media, value: isJsonMedia(media) ? canonicalJson(body) : body };
}

async function writeOne(host: HostApi, write: Write): Promise<Response> {
  const { versions } = accepted(await host.request({ type: "write", writes: [write] }));
  return objectAnswer({ version: versions?.[0] ?? null });
}

function* allEntries(host: HostApi, query: URLSearchParams): Generator<EntryView> {
  const prefix = query.get("prefix") ?? "";
  let left = limitOf(query);
  let after = query.get("after") ?? undefined;
  while (left > 0) {
    const asked = Math.min(LIST_PAGE_ENTRIES, left);
    const page = host.peer.list({ prefix, limit: asked, ...(after === undefined ? {} : { after }) });
    yield* page;
    if (page.length < asked) return;
    left -= page.length;
    after = (page.at(-1) as EntryView).key;
  }
}

/** JSON as JSON.stringify spells it, so that equal values are equal bytes. */
function canonicalJson(body: Uint8Array): Uint8Array {
  let text: string;
  let value: unknown;
  try {
    text = utf8Decode(body);
  } catch (error) {
    throw new KithError("invalid_utf8", { what: "value" }, error);
  }
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new KithError("bad_json", { what: "value", detail: error instanceof Error ? error.message : "" }, error);
  }
  checkNumbers(text);
  return new TextEncoder().encode(JSON.stringify(value));
}
