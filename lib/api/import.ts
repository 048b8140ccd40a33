import { utf8Decode } from "../base/bytes.ts";
import { type ErrorCode, KithError } from "../base/errors.ts";
import { MAX_IMPORT_LINE_BYTES, MAX_WRITE_BYTES, MAX_WRITES } from "../base/limits.ts";
import type { HostApi } from "../host/host_api.ts";
import type { Write } from "../peer/machine.ts";
import type { Fields } from "./answer.ts";
import { type Line, readLines } from "./line_reader.ts";
import { checkNumbers } from "./number_check.ts";
import { valueOf } from "./value_fields.ts";

interface NumberedWrite {
  readonly line: number;
  readonly write: Write;
  readonly sizeBytes: number;
}

const BYTE_ORDER_MARK = "\ufeff";
/** Refusals that no other line would change, and before which nothing was imported. */
const OF_THE_HOME: readonly ErrorCode[] = [
  "no_space",
  "not_allowed",
  "left_space",
  "removed_from_space",
  "still_joining",
];
/** Refusals that come at any time, and are no line's fault. */
const OF_THE_MOMENT: readonly ErrorCode[] = [
  ...["store_full", "store_io", "store_damaged", "store_read_only", "store_busy"] as const,
  ...["busy", "stopping"] as const,
];

/**
 * Imports NDJSON as `exportLines` writes it: tells the progress after every batch, and at the end all of it. A line
 * that can't be imported ends it, and so does a peer that can't go on; every line before it is kept, none after it.
 *
 * @throws {KithError} `bad_line`, `line_too_long`, `import_stopped`, `no_space`, `not_allowed`, ….
 */
export async function* importLines(
  host: HostApi,
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Fields> {
  const importer = new Importer(host);
  for await (const lines of readLines(body, MAX_IMPORT_LINE_BYTES)) {
    for (const line of lines) {
      if (await importer.take(line)) yield importer.progress;
      if (signal.aborted) throw new KithError("stopping");
    }
  }
  await importer.flush();
  yield { done: true, ...importer.progress };
}

class Importer {
  readonly #host: HostApi;
  #batch: NumberedWrite[] = [];
  #batchBytes = 0;
  #imported = 0;
  #unchanged = 0;

  constructor(host: HostApi) {
    this.#host = host;
  }

  get progress(): Fields {
    return { imported: this.#imported, unchanged: this.#unchanged };
  }

  /** Takes a line; true when a batch was written. */
  async take(line: Line): Promise<boolean> {
    const next = await this.#parse(line);
    if (next === null) return false;
    const isFull = this.#batch.length >= MAX_WRITES || this.#batchBytes + next.sizeBytes > MAX_WRITE_BYTES;
    const flushed = isFull && this.#batch.length > 0;
    if (flushed) await this.flush();
    this.#batch.push(next);
    this.#batchBytes += next.sizeBytes;
    return flushed;
  }

  /** Writes what was taken. */
  async flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    await this.#write(batch);
  }

  /** Writes all of it, or what is before the first line that is refused: halving finds that line. */
  async #write(batch: readonly NumberedWrite[]): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    const reply = await this.#host.request({ type: "write", writes: batch.map(({ write }) => write) });
    if (reply.ok) {
      for (const version of reply.versions ?? []) version === null ? this.#unchanged++ : this.#imported++;
      return;
    }
    if (OF_THE_HOME.includes(reply.code)) throw new KithError(reply.code, reply.values);
    if (OF_THE_MOMENT.includes(reply.code)) throw this.#stopped(first.line, new KithError(reply.code, reply.values));
    if (batch.length === 1) throw this.#lineError(first.line, new KithError(reply.code, reply.values));
    const half = Math.floor(batch.length / 2);
    await this.#write(batch.slice(0, half));
    await this.#write(batch.slice(half));
  }

  async #parse(line: Line): Promise<NumberedWrite | null> {
    const { number, bytes } = line;
    try {
      if (bytes === null) throw new KithError("line_too_long", { line: number, limitBytes: MAX_IMPORT_LINE_BYTES });
      return parseLine(number, bytes);
    } catch (error) {
      if (!(error instanceof KithError)) throw error;
      await this.flush();
      throw this.#lineError(number, error);
    }
  }

  #lineError(line: number, error: KithError): KithError {
    const kept = this.#kept;
    if (error.code === "line_too_long") return new KithError("line_too_long", { ...error.values, kept }, error);
    return new KithError("bad_line", { line, kept, ...causeOf(error) }, error);
  }

  #stopped(line: number, error: KithError): KithError {
    return new KithError("import_stopped", { line, kept: this.#kept, ...causeOf(error) }, error);
  }

  get #kept(): number {
    return this.#imported + this.#unchanged;
  }
}

function causeOf(error: KithError): { readonly cause: string; readonly detail: string } {
  return { cause: error.code, detail: error.message.replace(/\.$/, "") };
}

function parseLine(number: number, bytes: Uint8Array): NumberedWrite | null {
  let text: string;
  try {
    text = utf8Decode(bytes);
  } catch (error) {
    throw new KithError("invalid_utf8", { what: "line" }, error);
  }
  if (number === 1 && text.startsWith(BYTE_ORDER_MARK)) text = text.slice(BYTE_ORDER_MARK.length);
  if (text.trim() === "") return null;
  let fields: Fields;
  try {
    fields = JSON.parse(text);
  } catch (error) {
    throw new KithError("bad_json", { what: "line", detail: error instanceof Error ? error.message : "" }, error);
  }
  if (typeof fields !== "object" || fields === null) throw new KithError("bad_request", { detail: "it is no object" });
  if (typeof fields.key !== "string") throw new KithError("bad_request", { detail: "it has no 'key'" });
  checkNumbers(text);
  const { media, value } = valueOf(fields);
  const write: Write = { kind: "put", key: fields.key, media, value, unlessEqual: true };
  return { line: number, write, sizeBytes: fields.key.length + value.length };
}
