/** A range of a file. */
interface Range {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** What was written to each file and is not known to have reached the disk. */
export type Unsynced = ReadonlyMap<string, readonly Range[]>;

const ALL: Range = { offset: 0, sizeBytes: Infinity };

/** What a power cut at the end of a log of calls may take: all that was written since the file was last synced. */
export function unsyncedWrites(log: string): Unsynced {
  const unsynced = new Map<string, Range[]>();
  for (const line of wholeLines(log)) {
    const [, call, path = ""] = /^(\w+)\((?:\d+<|")([^">]*)[">]/.exec(line) ?? [];
    const [, offset, result] = /(\d+)?\) += (\d+)$/.exec(line) ?? [];
    if (call === undefined || result === undefined) continue;
    const ranges = unsynced.get(path) ?? [];
    // Where an append begins is not told: it may take all that was not synced before.
    if (call === "write") unsynced.set(path, [ALL]);
    else if (call === "pwrite64") {
      unsynced.set(path, [...ranges, { offset: Number(offset), sizeBytes: Number(result) }]);
    } else if (call === "fsync" || call === "fdatasync" || call.startsWith("unlink")) {
      unsynced.delete(path);
    } else if (call.startsWith("rename")) {
      const to = /"([^"]*)"[^"]*$/.exec(line)?.[1] ?? "";
      unsynced.delete(path);
      unsynced.set(to, ranges);
    }
  }
  return unsynced;
}

/** Takes from the files what a power cut may have taken: zeros are in its place. Those that are gone are passed over. */
export function cutPower(unsynced: Unsynced): void {
  for (const [path, ranges] of unsynced) {
    if (ranges.length === 0) continue;
    try {
      using file = Deno.openSync(path, { write: true });
      const { size } = file.statSync();
      for (const { offset, sizeBytes } of ranges) {
        const zeros = new Uint8Array(Math.max(0, Math.min(offset + sizeBytes, size) - offset));
        file.seekSync(offset, Deno.SeekMode.Start);
        for (let done = 0; done < zeros.length;) done += file.writeSync(zeros.subarray(done));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** The calls of a log without the threads that made them; those that others interrupted are put together again. */
function* wholeLines(log: string): Generator<string> {
  const begun = new Map<string, string>();
  for (const line of log.split("\n")) {
    const [, thread = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const [, beginning] = /^(.*) <unfinished \.\.\.>$/.exec(rest) ?? [];
    const [, end] = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest) ?? [];
    if (beginning !== undefined) begun.set(thread, beginning);
    else if (end !== undefined) yield (begun.get(thread) ?? "") + end;
    else yield rest;
  }
}
