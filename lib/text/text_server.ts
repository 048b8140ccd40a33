import { concat, utf8Encode } from "../base/bytes.ts";
import { KithError } from "../base/errors.ts";
import { LIST_PAGE_ENTRIES, MAX_TEXT_CONNECTIONS, MAX_TEXT_MESSAGE_BYTES, TEXT_IDLE_MS } from "../base/limits.ts";
import { parseAddress } from "../host/address.ts";
import { type ByteStream, serveStreams } from "../host/byte_stream.ts";
import type { HostApi } from "../host/host_api.ts";
import type { Write } from "../peer/machine.ts";
import type { EntryView } from "../peer/reads.ts";
import { byAge, isTextValue, parseTextMessage, TEXT_MEDIA, TEXT_PREFIX } from "./text_message.ts";

/** The port of the text protocol unless an address says another. */
export const DEFAULT_TEXT_PORT = 12345;

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/**
 * Speaks the text protocol (DESIGN 9) until the host stops: `get_data`, `update_data,…` and `quit`, in UTF-8, at most
 * MAX_TEXT_MESSAGE_BYTES each; one send each with no terminator, or one line each. Anybody who reaches the address
 * may read and write, so it is loopback unless asked otherwise.
 *
 * @param address `HOST:PORT`; empty: 127.0.0.1:12345.
 * @returns where it listens, `host:port`.
 * @throws {KithError} `port_in_use`, `address_unusable`, `usage`.
 */
export function serveText(host: HostApi, address: string): string {
  const endpoint = parseAddress(address === "" ? `127.0.0.1:${DEFAULT_TEXT_PORT}` : address, DEFAULT_TEXT_PORT);
  if (endpoint === null) throw new KithError("usage", { detail: `'${address}' is not an address HOST:PORT.` });
  const refused = (reason: string, from: string) => {
    host.event({ name: "text_refused", level: "warning", reason, fields: { address: from } });
  };
  const server = serveStreams(endpoint, MAX_TEXT_CONNECTIONS, (stream) => serveOne(host, stream, refused), refused);
  host.onStop(() => server.stop());
  if (!/^(127\.|localhost$|::1$)/.test(endpoint.hostname)) {
    host.event({ name: "text_is_open", level: "warning", reason: "no_password", fields: { address: server.address } });
  }
  return server.address;
}

async function serveOne(
  host: HostApi,
  stream: ByteStream,
  refused: (reason: string, address: string) => void,
): Promise<void> {
  const splitter = new MessageSplitter();
  while (true) {
    const bytes = await stream.read(TEXT_IDLE_MS);
    if (bytes === "timed_out") return refused("silent", stream.address);
    for (const part of bytes === "ended" ? splitter.end() : splitter.add(bytes)) {
      const message = parseTextMessage(part);
      // Whoever says anything else speaks another protocol, as a web page would that posts to this port.
      if (message === null) {
        return refused(part.length > MAX_TEXT_MESSAGE_BYTES ? "too_long" : "unknown", stream.address);
      }
      if (message.kind === "quit") return;
      const answer = message.kind === "get_data"
        ? readValues(host)
        : await addValues(host, message.values, stream.address);
      await stream.write(utf8Encode(splitter.inLines ? `${answer}\n` : answer === "" ? "\n" : answer));
    }
    if (bytes === "ended") return;
  }
}

/** The values, joined by commas, the oldest first. */
function readValues(host: HostApi): string {
  const entries: EntryView[] = [];
  let page: EntryView[];
  do {
    const after = entries.at(-1)?.key;
    page = host.peer.list({ prefix: TEXT_PREFIX, limit: LIST_PAGE_ENTRIES, ...(after === undefined ? {} : { after }) });
    entries.push(...page);
  } while (page.length === LIST_PAGE_ENTRIES);
  const values = entries.sort(byAge).map(({ key }) => key.slice(TEXT_PREFIX.length));
  const usable = values.filter(isTextValue);
  if (usable.length < values.length) leftOut(host, "unspeakable", values.length - usable.length, "");
  return usable.join(",");
}

/** Adds the values not yet there. What can't be kept is counted, and not acknowledged. */
async function addValues(host: HostApi, values: readonly string[], address: string): Promise<string> {
  const wanted = [...new Set(values)].filter((value) => value !== "");
  const usable = wanted.filter(isTextValue);
  if (usable.length < wanted.length) leftOut(host, "value_too_large", wanted.length - usable.length, address);
  const writes = usable
    .map((value) => ({ key: TEXT_PREFIX + value, value }))
    .filter(({ key }) => host.peer.get(key) === null)
    .map(({ key, value }): Write => ({ kind: "put", key, media: TEXT_MEDIA, value: utf8Encode(value) }));
  if (writes.length > 0) {
    const reply = await host.request({ type: "write", writes });
    if (!reply.ok) {
      leftOut(host, reply.code, writes.length, address);
      return "update_refused";
    }
  }
  return usable.length < wanted.length ? "update_refused" : "update_ack";
}

function leftOut(host: HostApi, reason: string, count: number, address: string): void {
  host.event({ name: "text_values_left_out", level: "warning", reason, fields: { count, address } });
}

/**
 * Finds the messages in what is read. As long as no newline was seen, each read is one message, as the tutorial's
 * programs send them; from the first one on, each line is.
 */
export class MessageSplitter {
  #held: Uint8Array = new Uint8Array();
  /** Whether the other side ends its messages with a newline. */
  inLines = false;

  /** The messages that are complete with these bytes. */
  add(bytes: Uint8Array): Uint8Array[] {
    this.inLines ||= bytes.includes(NEWLINE);
    if (!this.inLines) return [bytes];
    const messages: Uint8Array[] = [];
    let rest = this.#held.length === 0 ? bytes : concat([this.#held, bytes]);
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      messages.push(rest.subarray(0, rest[end - 1] === CARRIAGE_RETURN ? end - 1 : end));
      rest = rest.subarray(end + 1);
    }
    this.#held = rest.slice();
    // More than a message can have: it is handed on, to be refused.
    return this.#held.length > MAX_TEXT_MESSAGE_BYTES ? [...messages, ...this.end()] : messages;
  }

  /** The message that nothing ended, at the end of the connection. */
  end(): Uint8Array[] {
    const held = this.#held;
    this.#held = new Uint8Array();
    return held.length > 0 ? [held] : [];
  }
}
