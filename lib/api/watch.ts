import { KithError } from "../base/errors.ts";
import { MAX_POSITION_BYTES, MAX_SILENT_COMMITS, MAX_WATCH_BYTES, MAX_WATCH_CHANGES } from "../base/limits.ts";
import type { HostApi } from "../host/host_api.ts";
import type { Change, ChangesSince } from "../peer/reads.ts";
import type { Fields } from "./answer.ts";
import { readBody } from "./body.ts";
import { listEntries, memberNames, writerFields } from "./entries.ts";
import { valueFields } from "./value_fields.ts";
import { Waker } from "./waker.ts";

/**
 * The changes below a prefix, as they are committed: first `watching`, then with `since` those since that position,
 * or else with `initial=1` the entries that there are, then every `put` and `del` as it comes. With `positions=1`, or
 * `since`, `position` follows whenever all before it was told: whoever goes on from there misses nothing. Where not
 * all since a position can be told, that is refused; with `initial=1` as well, `reset` and then all entries come in its
 * place. Who reads too slowly gets `lagged`, and no more: it has to go on from a position, or anew.
 *
 * @param since a position, from this peer or another one; null: since now.
 */
export async function* watchChanges(
  host: HostApi,
  query: URLSearchParams,
  since: string | null,
  signal: AbortSignal,
): AsyncGenerator<Fields> {
  const prefix = query.get("prefix") ?? "";
  const initial = query.get("initial") === "1";
  const tellsPositions = since !== null || query.get("positions") === "1";
  const { past, first, reset } = begin(host, since, initial);
  yield { event: "watching" };
  if (reset) yield { event: "reset" };
  if (initial && (since === null || reset)) {
    const entries = new URLSearchParams({ prefix, values: "1" });
    for await (const entry of listEntries(host, entries, signal)) yield { event: "put", ...entry };
  }
  // Read page by page from the store, however much it is; only who has caught up is told from memory.
  for (let page = first ?? past.next(); page !== null; page = past.next()) {
    if (signal.aborted) return;
    for (const key of page) if (key.startsWith(prefix)) yield* changeLines(host, host.peer.changes([key]));
    const position = tellsPositions && page.length > 0 ? past.position() : null;
    if (position !== null) yield { event: "position", since: position };
  }
  yield* liveChanges(host, prefix, tellsPositions, signal);
}

/** The position in a request's body. @throws {KithError} `bad_request`. */
export async function readPosition(request: Request): Promise<string> {
  const bytes = await readBody(request, MAX_POSITION_BYTES);
  if (bytes === null) throw new KithError("bad_request", { detail: `it is longer than ${MAX_POSITION_BYTES} bytes` });
  // Whatever is not UTF-8 is no position either.
  return new TextDecoder().decode(bytes).trim();
}

/** The beginning of what is told: a page of changes, where there is one already. @throws {KithError} `position_…`. */
function begin(
  host: HostApi,
  since: string | null,
  initial: boolean,
): { readonly past: ChangesSince; readonly first: readonly string[] | null; readonly reset: boolean } {
  try {
    const past = host.peer.changesSince(since);
    return { past, first: past.next(), reset: false };
  } catch (error) {
    if (!(initial && error instanceof KithError && error.code === "position_lost")) throw error;
    return { past: host.peer.changesSince(null), first: null, reset: true };
  }
}

/** Every change from this very moment on, and first of all the position. */
async function* liveChanges(
  host: HostApi,
  prefix: string,
  tellsPositions: boolean,
  signal: AbortSignal,
): AsyncGenerator<Fields> {
  using waker = new Waker(signal);
  const queue = new ChangeQueue();
  const unsubscribe = host.onChanged((keys) => {
    try {
      const watched = keys.filter((key) => key.startsWith(prefix));
      for (const change of host.peer.changes(watched)) queue.add(change);
      if (watched.length === 0 && tellsPositions) queue.passed();
    } catch (error) {
      queue.fail(error);
    }
    if (queue.hasNews) waker.wake();
  });
  try {
    while (!signal.aborted) {
      if (queue.overflowed) {
        host.event({ name: "watch_lagged", level: "warning", reason: "too_slow", fields: { prefix } });
        yield { event: "lagged" };
        return;
      }
      // Both at once: between two turns, what was queued is all that happened up to this position.
      const changes = queue.take();
      const position = tellsPositions ? host.peer.position() : null;
      yield* changeLines(host, changes);
      if (position !== null) yield { event: "position", since: position };
      if (!queue.hasNews) await waker.woken();
    }
  } finally {
    unsubscribe();
  }
}

function* changeLines(host: HostApi, changes: readonly Change[]): Generator<Fields> {
  if (changes.length === 0) return;
  const names = memberNames(host);
  for (const change of changes) yield changeFields(change, names);
}

function changeFields(change: Change, names: ReadonlyMap<string, string>): Fields {
  const { key, version, media, value, conflicts, peer, timeMs } = change;
  const writer = writerFields(peer, names);
  if (value === null) return { event: "del", key, ...writer, time: timeMs };
  const about = { key, version, size: value.length, ...writer, time: timeMs, conflicts };
  return { event: "put", ...about, ...valueFields(media, value) };
}

/** The changes that a watcher has not taken yet, bounded. */
class ChangeQueue {
  #changes: Change[] = [];
  #sizeBytes = 0;
  #failure: unknown = null;
  #silentCommits = 0;
  overflowed = false;

  /** What came to pass could not be looked up: the watcher is told instead of the host. */
  fail(error: unknown): void {
    this.#failure ??= error;
  }

  add(change: Change): void {
    if (this.overflowed) return;
    this.#changes.push(change);
    this.#sizeBytes += change.key.length + (change.value?.length ?? 0);
    this.overflowed = this.#changes.length > MAX_WATCH_CHANGES || this.#sizeBytes > MAX_WATCH_BYTES;
    // What it missed could not be told apart from what it would still get.
    if (this.overflowed) this.#changes = [];
  }

  /** Something was committed that does not concern the watcher. */
  passed(): void {
    this.#silentCommits++;
  }

  /** Whether there is a change, an overflow, a failure, or so many commits without a change that a position is due. */
  get hasNews(): boolean {
    const isSilentForLong = this.#silentCommits >= MAX_SILENT_COMMITS;
    return this.#changes.length > 0 || this.overflowed || this.#failure !== null || isSilentForLong;
  }

  /** @throws what the queue failed with. */
  take(): Change[] {
    if (this.#failure !== null) throw this.#failure;
    const taken = this.#changes;
    this.#changes = [];
    this.#sizeBytes = 0;
    this.#silentCommits = 0;
    return taken;
  }
}
