import { MAX_WATCH_BYTES, MAX_WATCH_CHANGES } from "../base/limits.ts";
import type { HostApi } from "../host/host_api.ts";
import type { Change } from "../peer/machine.ts";
import type { Fields } from "./answer.ts";
import { listEntries, memberNames, writerFields } from "./entries.ts";
import { valueFields } from "./value_fields.ts";

/**
 * The changes below a prefix, as they are committed: first `watching`, with `initial=1` the entries that there are,
 * then `put` and `del`. Who reads too slowly gets `lagged`, and no more: it has to look at the entries anew.
 */
export async function* watchChanges(
  host: HostApi,
  query: URLSearchParams,
  signal: AbortSignal,
): AsyncGenerator<Fields> {
  const prefix = query.get("prefix") ?? "";
  const queue = new ChangeQueue();
  const unsubscribe = host.onChanged((keys) => {
    try {
      for (const change of host.peer.changes(keys.filter((key) => key.startsWith(prefix)))) queue.add(change);
    } catch (error) {
      queue.fail(error);
    }
  });
  const wake = () => queue.wake();
  signal.addEventListener("abort", wake);
  try {
    yield { event: "watching" };
    if (query.get("initial") === "1") {
      const entries = new URLSearchParams({ prefix, values: "1" });
      for await (const entry of listEntries(host, entries, signal)) yield { event: "put", ...entry };
    }
    while (!signal.aborted) {
      for (const change of queue.take()) yield changeFields(change, memberNames(host));
      if (queue.overflowed) {
        host.event({ name: "watch_lagged", level: "warning", reason: "too_slow", fields: { prefix } });
        yield { event: "lagged" };
        return;
      }
      await queue.filled(signal);
    }
  } finally {
    unsubscribe();
    signal.removeEventListener("abort", wake);
  }
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
  #wake: (() => void) | null = null;
  #failure: unknown = null;
  overflowed = false;

  /** What came to pass could not be looked up: the watcher is told instead of the host. */
  fail(error: unknown): void {
    this.#failure ??= error;
    this.wake();
  }

  add(change: Change): void {
    if (this.overflowed) return;
    this.#changes.push(change);
    this.#sizeBytes += change.key.length + (change.value?.length ?? 0);
    this.overflowed = this.#changes.length > MAX_WATCH_CHANGES || this.#sizeBytes > MAX_WATCH_BYTES;
    // What it missed could not be told apart from what it would still get.
    if (this.overflowed) this.#changes = [];
    this.wake();
  }

  /** @throws what the queue failed with. */
  take(): Change[] {
    if (this.#failure !== null) throw this.#failure;
    const taken = this.#changes;
    this.#changes = [];
    this.#sizeBytes = 0;
    return taken;
  }

  /** Waits for a change, an overflow or the end. */
  async filled(signal: AbortSignal): Promise<void> {
    if (this.#changes.length > 0 || this.overflowed || this.#failure !== null || signal.aborted) return;
    await new Promise<void>((resolve) => this.#wake = resolve);
  }

  wake(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
