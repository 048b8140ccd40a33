import { utf8Encode } from "../base/bytes.ts";
import type { PeerEvent } from "../base/event.ts";
import { MAX_LOG_BYTES } from "../base/limits.ts";

/** Where events are kept for later. */
export interface Log {
  /** Writes one event. Never throws: a full disk must not stop the peer, and shows in `droppedLines`. */
  write(event: PeerEvent): void;
  /** Lines that could not be written. */
  readonly droppedLines: number;
  /** Ends the log. */
  close(): void;
}

/**
 * Opens a home's log: one JSON object a line, with time, level, event, reason and fields. At MAX_LOG_BYTES the file
 * is put aside as `….1`, in the place of the one before. Events hold no secrets.
 *
 * @param path the file; null for none.
 * @param also receives each line too, as for `up -v`. Default: none.
 */
export function openLog(path: string | null, also?: (line: string) => void): Log {
  return new FileLog(path, also);
}

class FileLog implements Log {
  droppedLines = 0;
  #file: Deno.FsFile | null = null;
  #sizeBytes = 0;

  constructor(private readonly path: string | null, private readonly also: ((line: string) => void) | undefined) {}

  write(event: PeerEvent): void {
    const { name, level, reason, fields } = event;
    const line = JSON.stringify({ time: new Date().toISOString(), level, event: name, reason, ...fields });
    this.also?.(line);
    if (this.path === null) return;
    try {
      this.#append(this.path, utf8Encode(line.toWellFormed() + "\n"));
    } catch {
      this.droppedLines++;
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  #append(path: string, bytes: Uint8Array): void {
    if (this.#file !== null && this.#sizeBytes + bytes.length > MAX_LOG_BYTES) {
      this.close();
      Deno.renameSync(path, `${path}.1`);
    }
    if (this.#file === null) {
      this.#file = Deno.openSync(path, { append: true, create: true, mode: 0o600 });
      this.#sizeBytes = this.#file.statSync().size;
    }
    for (let offset = 0; offset < bytes.length;) offset += this.#file.writeSync(bytes.subarray(offset));
    this.#sizeBytes += bytes.length;
  }
}
