import { concat, utf8Decode, utf8Encode } from "../base/bytes.ts";
import { ERRORS, KithError } from "../base/errors.ts";
import { MAX_TEXT_REPLY_BYTES, TEXT_PAUSE_MS, TEXT_REPLY_MS } from "../base/limits.ts";
import { addressText, parseAddress } from "../host/address.ts";
import { type ByteStream, dialStream } from "../host/byte_stream.ts";
import { byAge, isTextValue, TEXT_MEDIA, TEXT_PREFIX, updateMessages } from "./text_message.ts";
import { DEFAULT_TEXT_PORT } from "./text_server.ts";

/** What came of an exchange. */
export interface TextExchange {
  /** Values that were new here. */
  readonly pulled: number;
  /** Values that were sent. */
  readonly pushed: number;
  /** Values that were left out: too long, or with a comma. */
  readonly skipped: number;
}

const NEWLINE = 10;

/** The API of a peer, of this process or of another one. */
export type ApiCall = (request: Request) => Promise<Response>;

/**
 * The other side of the text protocol: takes in the values of the program at an address, then sends it those that it
 * lacks, oldest first.
 *
 * @throws {KithError} `usage`, `unreachable`, `text_failed`, or what the API refused.
 */
export async function exchangeText(address: string, api: ApiCall, signal: AbortSignal): Promise<TextExchange> {
  const endpoint = parseAddress(address, DEFAULT_TEXT_PORT);
  if (endpoint === null) throw new KithError("usage", { detail: `'${address}' is not an address HOST:PORT.` });
  const stream = await dialStream(endpoint, signal);
  const aborted = () => stream.close();
  signal.addEventListener("abort", aborted);
  try {
    return await exchange(new TextClient(stream, addressText(endpoint)), api);
  } finally {
    signal.removeEventListener("abort", aborted);
    stream.close();
  }
}

async function exchange(client: TextClient, api: ApiCall): Promise<TextExchange> {
  const theirs = await client.getData();
  const ours = await readOurs(api);
  const known = new Set(ours);
  const newHere = theirs.filter((value) => !known.has(value));
  const pulled = newHere.filter(isTextValue);
  await addHere(api, pulled);
  const there = new Set(theirs);
  const newThere = ours.filter((value) => !there.has(value));
  const pushed = newThere.filter(isTextValue);
  for (const { text } of updateMessages(pushed)) await client.update(text);
  await client.quit();
  const skipped = newHere.length - pulled.length + newThere.length - pushed.length;
  return { pulled: pulled.length, pushed: pushed.length, skipped };
}

/** Messages and answers, one at a time. */
class TextClient {
  readonly #stream: ByteStream;
  readonly #address: string;

  constructor(stream: ByteStream, address: string) {
    this.#stream = stream;
    this.#address = address;
  }

  async getData(): Promise<string[]> {
    await this.#send("get_data");
    const parts: Uint8Array[] = [];
    let sizeBytes = 0;
    // Nothing ends an answer but a pause; what comes in one read is most often all of it.
    while (parts.at(-1)?.at(-1) !== NEWLINE) {
      const part = await this.#stream.read(parts.length === 0 ? TEXT_REPLY_MS : TEXT_PAUSE_MS);
      // With nothing stored, the tutorial's program sends no byte at all.
      if (part === "timed_out") break;
      if (part === "ended") throw this.#failed("it closed the connection");
      parts.push(part);
      sizeBytes += part.length;
      if (sizeBytes > MAX_TEXT_REPLY_BYTES) throw this.#failed(`it answers more than ${MAX_TEXT_REPLY_BYTES} bytes`);
    }
    try {
      const text = utf8Decode(concat(parts)).replace(/\r?\n$/, "");
      return [...new Set(text.split(","))].filter((value) => value !== "");
    } catch (error) {
      throw this.#failed("its values are not UTF-8", error);
    }
  }

  async update(message: string): Promise<void> {
    await this.#send(message);
    const answer = await this.#stream.read(TEXT_REPLY_MS);
    const text = typeof answer === "string" ? "" : new TextDecoder().decode(answer).trim();
    if (text !== "update_ack") throw this.#failed("it did not acknowledge what was sent");
  }

  async quit(): Promise<void> {
    await this.#send("quit");
  }

  async #send(message: string): Promise<void> {
    try {
      await this.#stream.write(utf8Encode(message));
    } catch (error) {
      throw this.#failed("it closed the connection", error);
    }
  }

  #failed(detail: string, cause?: unknown): KithError {
    return new KithError("text_failed", { address: this.#address, detail }, cause);
  }
}

/** The values here, oldest first, from the API's list of entries. */
async function readOurs(api: ApiCall): Promise<string[]> {
  const response = await api(new Request(`http://kith/v1/entries?prefix=${encodeURIComponent(TEXT_PREFIX)}`));
  return objectsOf(await response.text())
    .map(({ key, time, version }) => ({ key: String(key), timeMs: Number(time), version: String(version) }))
    .sort(byAge)
    .map(({ key }) => key.slice(TEXT_PREFIX.length));
}

async function addHere(api: ApiCall, values: readonly string[]): Promise<void> {
  if (values.length === 0) return;
  const lines = values.map((value) => JSON.stringify({ key: TEXT_PREFIX + value, type: TEXT_MEDIA, text: value }));
  const response = await api(new Request("http://kith/v1/import", { method: "POST", body: lines.join("\n") }));
  objectsOf(await response.text());
}

/** The objects of an answer in lines. @throws {KithError} where one of them is a refusal. */
function objectsOf(text: string): Record<string, unknown>[] {
  const objects = text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  const refusal = objects.find(({ error }) => typeof error === "string");
  if (refusal === undefined) return objects;
  const { error, v: _version, exit: _exit, message: _message, ...values } = refusal;
  throw new KithError(Object.hasOwn(ERRORS, error) ? error : "bad_request", values);
}
