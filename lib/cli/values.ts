import { KithError } from "../base/errors.ts";
import { valueFields } from "../api/value_fields.ts";
import { MAX_VALUE_BYTES } from "../base/limits.ts";
import { ApiError, type Client } from "./client.ts";
import { type Context, EXIT_OK } from "./context.ts";
import { mediaOfType, previewOf, textOf } from "./entry.ts";
import { escapeLines, escapeText } from "./escape.ts";
import { cutToWidth, formatAge, formatSize, formatTable } from "./format.ts";
import { readAll } from "./lines.ts";
import { usageError } from "./usage.ts";

/** Columns for who wrote a value in `ls --long`. */
const WRITER_COLUMNS = 16;
/** Columns for the beginning of a value in `ls --long`. */
const PREVIEW_COLUMNS = 40;
/** What the runtime puts behind a system's own words: a number, and the path that the sentence has already. */
const SYSTEM_ERROR_REST = / \(os error \d+\).*$/s;
const encoder = new TextEncoder();

/** `set KEY VALUE`, `set KEY -`, `set KEY @FILE`. */
export async function set(context: Context): Promise<number> {
  const [key, value] = context.args as [string, string];
  if (context.flags.on("if-absent") && context.flags.has("if-version")) {
    throw usageError("--if-absent and --if-version can't both hold: give one of them.");
  }
  const given = await givenValue(context, key, value);
  const peer = await context.peer();
  const result = await peer.object("PUT", "/v1/entry", {
    query: { key, if_absent: context.flags.on("if-absent"), if_version: context.flags.text("if-version") },
    ...given,
    signal: context.signal,
  });
  if (context.output.json) context.output.object({ key, version: result.version });
  return EXIT_OK;
}

/** A value as it was typed, with the media type that `--type` stands for. @throws {KithError} */
export async function givenValue(
  context: Context,
  key: string,
  value: string,
): Promise<{ readonly body: Uint8Array; readonly media: string }> {
  const body = await readValue(context, key, value);
  const media = mediaOfType(context.flags.text("type") ?? "text");
  if (media.startsWith("text/") && textOf(body) === null) throw new KithError("invalid_utf8", { what: "value" });
  return { body, media };
}

/** `get KEY`. */
export async function get(context: Context): Promise<number> {
  const key = context.args[0] as string;
  const at = context.flags.text("at");
  if (at !== undefined && context.flags.has("default")) {
    throw usageError("--default is for a key without a value, and --at for a version: give one of them.");
  }
  const peer = await context.peer();
  const response = await fetchEntry(context, peer, key);
  const fallback = context.flags.text("default");
  const media = response?.headers.get("content-type") ?? "text/plain";
  const value = response === null ? encoder.encode(fallback) : new Uint8Array(await response.arrayBuffer());
  if (context.output.json) {
    context.output.object({
      key,
      version: response?.headers.get("x-kith-version") ?? null,
      peer: response?.headers.get("x-kith-peer") ?? null,
      time: Number(response?.headers.get("x-kith-time") ?? 0) || null,
      ...(at === undefined
        ? { conflicts: Number(response?.headers.get("x-kith-conflicts") ?? 0) }
        : { state: response?.headers.get("x-kith-state") ?? null }),
      ...valueFields(media, value),
    });
    return EXIT_OK;
  }
  if (!context.output.isTerminal) {
    context.output.bytes(value);
    return EXIT_OK;
  }
  const text = new TextDecoder().decode(value);
  const shown = escapeLines(text);
  context.output.line(shown);
  if (shown !== text) {
    context.output.words("(control characters are shown escaped; the exact bytes go to a pipe or file)");
  }
  return EXIT_OK;
}

/** `del KEY…`. */
export async function del(context: Context): Promise<number> {
  if (context.flags.has("if-version") && context.args.length > 1) {
    throw usageError("--if-version is about one key: delete the others by commands of their own.");
  }
  const peer = await context.peer();
  for (const key of context.args) {
    const result = await peer.object("DELETE", "/v1/entry", {
      query: { key, if_version: context.flags.text("if-version") },
      signal: context.signal,
    });
    if (result.version === null) throw new KithError("not_found", { key });
    if (context.output.json) context.output.object({ key, version: result.version });
  }
  return EXIT_OK;
}

/** `ls [PREFIX]`. */
export async function ls(context: Context): Promise<number> {
  const { output, flags } = context;
  const long = flags.on("long");
  const groups = (await context.peer()).objectGroups("GET", "/v1/entries", {
    query: { prefix: context.args[0], limit: flags.number("limit"), values: long || output.json },
    signal: context.signal,
  });
  const rows: string[][] = [];
  let isEmpty = true;
  for await (const entries of groups) {
    isEmpty = false;
    output.together(() => {
      for (const entry of entries) {
        if (output.json) output.object(entry);
        else if (long) rows.push(longRow(entry, context.console.nowMs()));
        else output.line(escapeText(String(entry.key)));
      }
    });
  }
  if (isEmpty && !output.json) output.words(noKeys(context.args[0]));
  if (rows.length > 0) {
    output.line(output.dim(formatTable([HEADINGS, ...rows], output.columns)[0] as string));
    output.lines(formatTable([HEADINGS, ...rows], output.columns).slice(1));
  }
  return EXIT_OK;
}

/** What is said where a list of keys is empty. */
export function noKeys(prefix: string | undefined): string {
  return prefix === undefined ? "There are no keys yet." : `No key begins with '${escapeText(prefix)}'.`;
}

const HEADINGS = ["size", "written", "by", "key", "value"];

function longRow(entry: Readonly<Record<string, unknown>>, nowMs: number): string[] {
  const conflicts = Number(entry.conflicts ?? 0);
  return [
    formatSize(Number(entry.size ?? 0)),
    formatAge(Number(entry.time ?? 0), nowMs),
    cutToWidth(escapeText(String(entry.name ?? entry.peer ?? "")), WRITER_COLUMNS),
    String(entry.key) + (conflicts > 0 ? `  (+${conflicts} concurrent)` : ""),
    previewOf(entry, PREVIEW_COLUMNS),
  ];
}

async function fetchEntry(context: Context, peer: Client, key: string): Promise<Response | null> {
  try {
    return await peer.request("GET", "/v1/entry", {
      query: { key, at: context.flags.text("at") },
      signal: context.signal,
    });
  } catch (error) {
    if (error instanceof ApiError && error.code === "not_found" && context.flags.text("default") !== undefined) {
      return null;
    }
    throw error;
  }
}

async function readValue(context: Context, key: string, value: string): Promise<Uint8Array> {
  if (value !== "-" && !value.startsWith("@")) return encoder.encode(value);
  const stream = value === "-" ? context.console.stdin() : (await openFile(context, value.slice(1))).stream;
  const bytes = await readAll(stream, MAX_VALUE_BYTES);
  if (bytes !== null) return bytes;
  throw new KithError("value_too_large", {
    key,
    sizeBytes: `more than ${MAX_VALUE_BYTES}`,
    limitBytes: MAX_VALUE_BYTES,
  });
}

/** Opens a file that a command names. @throws {KithError} `file_unreadable`. */
export async function openFile(context: Context, path: string) {
  try {
    return await context.console.openFile(path);
  } catch (error) {
    throw new KithError(
      "file_unreadable",
      { path, detail: (error instanceof Error ? error.message : String(error)).replace(SYSTEM_ERROR_REST, "") },
      error,
    );
  }
}
