import { KithError } from "../base/errors.ts";
import { LIST_PAGE_ENTRIES } from "../base/limits.ts";
import type { HostApi } from "../host/host_api.ts";
import type { PastView } from "../peer/reads.ts";
import type { Fields } from "./answer.ts";
import { limitOf, memberNames, valueResponse, writerFields } from "./entries.ts";
import { valueFields } from "./value_fields.ts";

/**
 * What became of a key: its puts and dels, newest first, read page by page as fast as they are taken. Query: key,
 * limit, before (a version to begin behind), values (with the values that are held). Fields: version, kind ("put" or
 * "del"), type, size, peer, name, time, replaced, missing (those of `replaced` that are not held, or no longer),
 * state ("live", "open" for a del, "replaced" or "undone"), winner.
 */
export async function* historyLines(
  host: HostApi,
  key: string,
  query: URLSearchParams,
  signal: AbortSignal,
): AsyncGenerator<Fields> {
  const names = memberNames(host);
  const withValues = query.get("values") === "1";
  let before = query.get("before") ?? undefined;
  let left = limitOf(query);
  let isEmpty = before === undefined;
  while (left > 0 && !signal.aborted) {
    const asked = Math.min(LIST_PAGE_ENTRIES, left);
    const page = host.peer.history({ key, limit: asked, ...(before === undefined ? {} : { before }) });
    if (isEmpty && page.length === 0) throw new KithError("not_found", { key });
    isEmpty = false;
    for (const past of page) {
      if (signal.aborted) return;
      yield withValues ? { ...pastFields(past, names), ...heldValue(host, key, past) } : pastFields(past, names);
    }
    if (page.length < asked) return;
    left -= page.length;
    before = (page.at(-1) as PastView).version;
  }
}

/** The value of one version as it is, with what is known of it in the headers. */
export function getVersion(host: HostApi, key: string, version: string): Response {
  const view = host.peer.version(key, version);
  return valueResponse(view, { "x-kith-state": view.state });
}

function pastFields(past: PastView, names: ReadonlyMap<string, string>): Fields {
  const { version, kind, media, sizeBytes, peer, timeMs, replaced, missing, state, winner } = past;
  const about = kind === "put" ? { type: media, size: sizeBytes } : {};
  return { version, kind, ...about, ...writerFields(peer, names), time: timeMs, replaced, missing, state, winner };
}

/** The value of a put; nothing for a del, or where the value is held no more. */
function heldValue(host: HostApi, key: string, { kind, version }: PastView): Fields {
  if (kind === "del") return {};
  try {
    const { media, value } = host.peer.version(key, version);
    return valueFields(media, value);
  } catch (error) {
    if (error instanceof KithError && error.code === "version_not_held") return {};
    throw error;
  }
}
