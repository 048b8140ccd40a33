import { fromBase32, toBase32 } from "../../../lib/base/base32.ts";
import { concat, equal, utf8Encode } from "../../../lib/base/bytes.ts";
import { readDurationMs } from "../../../lib/base/duration.ts";
import { KithError } from "../../../lib/base/errors.ts";
import { MAX_TEXT_MESSAGE_BYTES } from "../../../lib/base/limits.ts";
import { sha256 } from "../../../lib/crypto/hash.ts";
import { versionFromText, versionText } from "../../../lib/data/version_text.ts";
import { addressText, parseAddress } from "../../../lib/host/address.ts";
import { parseConfig } from "../../../lib/host/config.ts";
import { relayFromText, relayText } from "../../../lib/mesh/relay_address.ts";
import { ticketFromText, ticketText, ticketWords } from "../../../lib/space/ticket.ts";
import { isTextValue, parseTextMessage, updateMessages } from "../../../lib/text/text_message.ts";
import { MessageSplitter } from "../../../lib/text/text_server.ts";
import { holds, type Target, unlessRefused } from "../target.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const isKithError = (error: unknown) => error instanceof KithError;
const texts = (...list: string[]) => list.map(utf8Encode);

const SECRET = Uint8Array.of(0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0);

const RELAY = { peer: new Uint8Array(32).fill(1), accessKey: new Uint8Array(16), addresses: ["10.0.0.1:5485"] };

function takeWords(input: Uint8Array): unknown {
  const text = decoder.decode(input);
  const ticket = unlessRefused(() => ticketFromText(text), isKithError);
  if (ticket === undefined) return undefined;
  holds(ticket.addresses.length > 0 || ticket.secret.length === 8, "a ticket has a secret");
  const again = ticketFromText(ticketText(ticket.secret, ticket.addresses));
  holds(equal(again.secret, ticket.secret) && again.addresses.join() === ticket.addresses.join(), "a ticket is kept");
  if (!text.trim().toLowerCase().startsWith("kith1")) {
    holds(equal(ticketFromText(ticketWords(ticket.secret)).secret, ticket.secret), "words are kept");
  }
  return ticket;
}

/** The body of a long ticket, with the checksum that belongs to it. */
function takeTicketBody(input: Uint8Array): unknown {
  const checksum = sha256(utf8Encode("kith ticket text 1"), input).subarray(0, 4);
  const text = `kith1${toBase32(concat([input, checksum]))}`;
  const ticket = unlessRefused(() => ticketFromText(text), isKithError);
  if (ticket === undefined) return undefined;
  holds(ticketText(ticket.secret, ticket.addresses) === text, "a long ticket is spelled in one way");
  return ticket;
}

function takeRelay(input: Uint8Array): unknown {
  const relay = unlessRefused(() => relayFromText(decoder.decode(input)), isKithError);
  if (relay === undefined) return undefined;
  holds(relayText(relayFromText(relayText(relay))) === relayText(relay), "the text of a relay is kept");
  return relay;
}

/** The body of the text of a relay, with the checksum that belongs to it. */
function takeRelayBody(input: Uint8Array): unknown {
  const checksum = sha256(utf8Encode("kith relay text 1"), input).subarray(0, 4);
  const text = `kithrelay1${toBase32(concat([input, checksum]))}`;
  const relay = unlessRefused(() => relayFromText(text), isKithError);
  if (relay === undefined) return undefined;
  holds(relayText(relay) === text, "the text of a relay is spelled in one way");
  return relay;
}

function takeAddress(input: Uint8Array): unknown {
  const text = decoder.decode(input);
  for (const defaultPort of [undefined, 5484]) {
    const endpoint = parseAddress(text, defaultPort);
    if (endpoint === null) continue;
    holds(Number.isInteger(endpoint.port) && endpoint.port >= 0 && endpoint.port <= 65535, "a port in range");
    holds(!/[\s/@?#\p{Cc}]/u.test(endpoint.hostname), "a host name that is none");
    const spelled = addressText(endpoint);
    const again = parseAddress(spelled);
    holds(again !== null && addressText(again) === spelled, `an address is spelled so that it is one: ${spelled}`);
  }
  return undefined;
}

function takeConfig(input: Uint8Array): unknown {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(input));
  } catch {
    return undefined;
  }
  const config = unlessRefused(() => parseConfig(value, "config.json"), isKithError);
  if (config === undefined) return undefined;
  const again = parseConfig(JSON.parse(JSON.stringify({ v: 1, ...config })), "config.json");
  holds(JSON.stringify(again) === JSON.stringify(config), "a configuration is kept");
  return config;
}

function takeVersion(input: Uint8Array): unknown {
  const text = decoder.decode(input);
  const version = versionFromText(text);
  holds(version === null || versionText(version) === text, "a version is spelled in one way");
  const bytes = unlessRefused(() => fromBase32(text), (error) => error instanceof RangeError);
  holds(bytes === undefined || toBase32(bytes) === text.toLowerCase(), "base32 is spelled in one way");
  const durationMs = readDurationMs(text);
  holds(durationMs === null || durationMs >= 0, "a duration is no number");
  return version;
}

/** What a client sends, in reads of the size that the first byte says. */
function takeText(input: Uint8Array): unknown {
  const [size = 0, ...rest] = input;
  const stream = Uint8Array.from(rest);
  const splitter = new MessageSplitter();
  const messages: Uint8Array[] = [];
  for (let offset = 0; offset < stream.length; offset += size + 1) {
    messages.push(...splitter.add(stream.subarray(offset, offset + size + 1)));
  }
  messages.push(...splitter.end());
  const inAll = messages.reduce((sum, { length }) => sum + length, 0);
  holds(inAll <= stream.length, "more comes out than went in");
  for (const message of messages) {
    const parsed = parseTextMessage(message);
    if (parsed?.kind !== "update_data") continue;
    holds(message.length <= MAX_TEXT_MESSAGE_BYTES, "a message that is too long is refused");
    const usable = parsed.values.filter(isTextValue);
    const sent = updateMessages(usable);
    const back = sent.flatMap(({ text }) => {
      const again = parseTextMessage(utf8Encode(text));
      return again?.kind === "update_data" ? again.values : [];
    });
    holds(back.join() === usable.join(), "values are sent as they came");
  }
  return messages;
}

export const TARGETS: readonly Target[] = [
  {
    name: "ticket",
    seeds: texts(ticketWords(SECRET), ticketText(SECRET, []), ticketText(SECRET, ["10.0.0.1:5484", "[::1]:1"])),
    dictionary: texts("kith1", "abandon", "zoo", "-", " ", "\u0130", "\u212a"),
    run: takeWords,
    // A word that is not known is compared with all 2,048 known ones.
    steps: 3_000_000,
    fewRuns: 20,
    maxBytes: 512,
  },
  {
    name: "ticket_body",
    seeds: [concat([SECRET, Uint8Array.of(0)]), concat([SECRET, Uint8Array.of(1, 3, 0x61, 0x3a, 0x31)])],
    run: takeTicketBody,
  },
  {
    name: "relay_text",
    seeds: texts(relayText(RELAY), relayText({ ...RELAY, addresses: ["[::1]:1", "a.example:2"] })),
    dictionary: texts("kithrelay1", "\n"),
    run: takeRelay,
    maxBytes: 512,
  },
  {
    name: "relay_body",
    seeds: [concat([RELAY.peer, RELAY.accessKey, Uint8Array.of(1, 3, 0x61, 0x3a, 0x31)])],
    run: takeRelayBody,
  },
  {
    name: "address",
    seeds: texts("10.0.0.1:5484", "[fd00::2%eth0]:1", "localhost", ":80", "[::ffff:1.2.3.4]:5", "a.b-c.example:65535"),
    dictionary: texts("[", "]", ":", "::ffff:", "%", "65536", "0"),
    run: takeAddress,
    maxBytes: 300,
  },
  {
    name: "config",
    seeds: texts(
      `{"v":1,"name":"otter","listen":["0.0.0.0:5484","[::]:1"],"text":":12345","history":"30d"}`,
      `{"history":"forever"}`,
      `{"__proto__":{"name":1},"constructor":1}`,
    ),
    dictionary: texts('"name":', '"listen":', '"text":', '"history":', '"v":', '"__proto__":', "[]", "null", "\\u0000"),
    run: takeConfig,
  },
  {
    name: "spellings",
    seeds: texts(`${"a".repeat(52)}.0`, `${"mzxw6ytb".repeat(6)}aaaa.4095`, "30d", "1.5h", "forever"),
    dictionary: texts(".", "7", "ms", "h"),
    run: takeVersion,
    maxBytes: 200,
  },
  {
    name: "text",
    seeds: [..."get_data\nupdate_data,a,b\r\nquit\n|get_data|update_data,grüezi,,x|update_data\n".split("|")]
      .flatMap((text) => [255, 3].map((size) => concat([Uint8Array.of(size), utf8Encode(text)]))),
    dictionary: texts("get_data", "update_data,", "quit", "\n", "\r\n", ","),
    run: takeText,
    allocatedBytes: 1024 * 1024,
    steps: 50_000,
  },
];
