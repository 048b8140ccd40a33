import { configureSync, getConfig, getLogger, type Logger, type LogRecord } from "@logtape/logtape";
import { utf8Encode } from "../base/bytes.ts";
import type { PeerEvent } from "../base/event.ts";
import { MAX_LOG_BYTES } from "../base/limits.ts";
import { toJsonLine } from "../base/steering.ts";
import { EventGate } from "./event_gate.ts";

/** Where events are kept for later. */
export interface Log {
  /** Writes one event. Never throws: a full disk must not stop the peer, and shows in `droppedLines`. */
  write(event: PeerEvent): void;
  /** Lines that could not be written. */
  readonly droppedLines: number;
  /** Ends the log. */
  close(): void;
}

/** The category of kith's loggers; below it each open log has a number of its own. */
const CATEGORY = "kith";

/** The open logs by their numbers: LogTape is configured once a process, and a process can run several peers. */
const openLogs = new Map<string, FileLog>();
let lastLog = 0;

/**
 * Opens a home's log: one JSON object a line, with time, level, event, reason and fields. At MAX_LOG_BYTES the file
 * is put aside as `….1`, in the place of the one before. Events hold no secrets, and a line is safe to show on a
 * terminal.
 *
 * @param path the file; null for none.
 * @param also receives each line too, as for `up -v`. Default: none.
 */
export function openLog(path: string | null, also?: (line: string) => void): Log {
  // A program that embeds kith and configures LogTape itself has the say.
  if (getConfig() === null) {
    configureSync({
      sinks: { home: (record) => openLogs.get(record.category[1] ?? "")?.append(record) },
      loggers: [
        { category: CATEGORY, lowestLevel: "debug", sinks: ["home"] },
        { category: ["logtape", "meta"], lowestLevel: "error", sinks: [] },
      ],
    });
  }
  const number = String(++lastLog);
  const log = new FileLog(number, path, also);
  openLogs.set(number, log);
  return log;
}

class FileLog implements Log {
  droppedLines = 0;
  readonly #number: string;
  readonly #path: string | null;
  readonly #also: ((line: string) => void) | undefined;
  readonly #logger: Logger;
  readonly #gate = new EventGate(() => performance.now());
  #file: Deno.FsFile | null = null;
  #sizeBytes = 0;

  constructor(number: string, path: string | null, also: ((line: string) => void) | undefined) {
    this.#number = number;
    this.#path = path;
    this.#also = also;
    this.#logger = getLogger([CATEGORY, number]);
  }

  write(event: PeerEvent): void {
    for (const passed of this.#gate.take(event)) this.#write(passed);
  }

  #write({ name, level, reason, fields }: PeerEvent): void {
    this.#logger[level](name, { ...(reason === undefined ? {} : { reason }), ...fields });
  }

  close(): void {
    for (const event of this.#gate.close()) this.#write(event);
    openLogs.delete(this.#number);
    this.#closeFile();
  }

  /** LogTape's sink: called synchronously with each record of this log. */
  append({ timestamp, level, rawMessage, properties }: LogRecord): void {
    const line = toJsonLine({ time: new Date(timestamp).toISOString(), level, event: rawMessage, ...properties });
    this.#also?.(line);
    if (this.#path === null) return;
    try {
      this.#appendToFile(this.#path, utf8Encode(line + "\n"));
    } catch {
      this.droppedLines++;
    }
  }

  #closeFile(): void {
    this.#file?.close();
    this.#file = null;
  }

  #appendToFile(path: string, bytes: Uint8Array): void {
    if (this.#file !== null && this.#sizeBytes + bytes.length > MAX_LOG_BYTES) {
      this.#closeFile();
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
