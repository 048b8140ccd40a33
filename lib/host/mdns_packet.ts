import { Buffer } from "node:buffer";
import packet from "dns-packet";
import { ipBytes } from "../base/ip_address.ts";
import { MAX_LAN_ADDRESSES, MAX_LAN_ASKED_TICKETS, MAX_LAN_KNOWN_ANSWERS, MAX_LAN_TELLS } from "../base/limits.ts";
import type { LanMessage, LanRecord } from "../mesh/lan_message.ts";
import { MAX_LAN_DAY } from "../mesh/lan_names.ts";

/** What of a resource record is read here; dns-packet comes without types. */
interface DnsRecord {
  readonly type: string;
  readonly name: string;
  readonly class?: string;
  readonly ttl?: number;
  readonly flush?: boolean;
  readonly data?: unknown;
}

interface DnsPacket {
  readonly type?: string;
  readonly opcode?: string;
  readonly flags?: number;
  readonly questions?: readonly { readonly type: string; readonly name: string; readonly class?: string }[];
  readonly answers?: readonly DnsRecord[];
  readonly additionals?: readonly DnsRecord[];
}

const codec = packet as { encode(packet: DnsPacket): Uint8Array; decode(bytes: Buffer): DnsPacket };

const SERVICE = "_kith._tcp.local";
/** `_kith._tcp` as it stands in a packet; a name may be abbreviated, but it stands in full once. */
const SERVICE_BYTES = new TextEncoder().encode("\x05_kith\x04_tcp");
/** RFC 6762, 10: of records that hold the name or address of a host, and of others. */
const HOST_TTL_S = 120;
const OTHER_TTL_S = 4500;
const AUTHORITATIVE_ANSWER = 1 << 10;

const INSTANCE = /^[a-z2-7]{32}$/;
const TICKET = /^[a-z2-7]{24}$/;
const PEER_TAG = /^[a-z2-7]{16}$/;

/** Whether a packet may be about kith at all, so that what the other machines on a network say is not even decoded. */
export function isAboutKith(bytes: Uint8Array): boolean {
  return indexOf(bytes, SERVICE_BYTES) >= 0;
}

/** A message as a packet of multicast DNS (PROTOCOL.md, "LAN"). */
export function encodeLanMessage(message: LanMessage): Uint8Array {
  return codec.encode(message.type === "ask" ? askPacket(message) : tellPacket(message));
}

/**
 * The messages in a packet that came in.
 *
 * @returns null where it is none of DNS.
 */
export function decodeLanPacket(bytes: Uint8Array): LanMessage[] | null {
  let decoded: DnsPacket;
  try {
    decoded = codec.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  } catch (error) {
    // It throws whatever reading beyond the end of a buffer throws.
    if (error instanceof Error) return null;
    throw error;
  }
  if (decoded.opcode !== "QUERY") return [];
  return decoded.type === "query" ? asks(decoded) : tells(decoded);
}

function askPacket({ everybody, tickets, known }: Extract<LanMessage, { type: "ask" }>): DnsPacket {
  const names = [...(everybody ? [SERVICE] : []), ...tickets.map(subtype)];
  return {
    type: "query",
    questions: names.map((name) => ({ type: "PTR", name })),
    answers: known.map((instance) => ({ type: "PTR", name: SERVICE, ttl: OTHER_TTL_S, data: service(instance) })),
  };
}

function tellPacket({ record, ticket, stays }: Extract<LanMessage, { type: "tell" }>): DnsPacket {
  const { instance, peerTag, day, port, addresses } = record;
  const name = service(instance);
  const target = `${instance}.local`;
  const hostTtl = { ttl: stays ? HOST_TTL_S : 0, flush: true };
  const otherTtl = stays ? OTHER_TTL_S : 0;
  return {
    type: "response",
    flags: AUTHORITATIVE_ANSWER,
    answers: [{ type: "PTR", name: ticket === null ? SERVICE : subtype(ticket), ttl: otherTtl, data: name }],
    additionals: [
      { type: "SRV", name, ...hostTtl, data: { priority: 0, weight: 0, port, target } },
      { type: "TXT", name, ttl: otherTtl, flush: true, data: ["txtvers=1", `d=${day}`, `p=${peerTag}`] },
      ...addresses.map((data) => ({ type: data.includes(":") ? "AAAA" : "A", name: target, ...hostTtl, data })),
    ],
  };
}

function asks({ questions = [], answers = [] }: DnsPacket): LanMessage[] {
  const names = questions.filter(({ type, class: ofClass }) => (type === "PTR" || type === "ANY") && ofClass === "IN")
    .map(({ name }) => name.toLowerCase());
  const everybody = names.includes(SERVICE);
  const tickets = names.flatMap((name) => ticketOf(name) ?? []).slice(0, MAX_LAN_ASKED_TICKETS);
  if (!everybody && tickets.length === 0) return [];
  // Its own instance comes first.
  const known = answers.flatMap((answer) => answeredBy(answer)?.instance ?? []).slice(0, MAX_LAN_KNOWN_ANSWERS + 1);
  return [{ type: "ask", everybody, tickets, known }];
}

function tells({ answers = [], additionals = [] }: DnsPacket): LanMessage[] {
  const records = [...answers, ...additionals];
  const messages: LanMessage[] = [];
  for (const answer of answers) {
    const answered = answeredBy(answer);
    const record = answered === null ? null : lanRecordIn(records, answered.instance);
    if (answered === null || record === null) continue;
    messages.push({ type: "tell", record, ticket: answered.ticket, stays: (answer.ttl ?? 0) > 0 });
    if (messages.length >= MAX_LAN_TELLS) break;
  }
  return messages;
}

/** The instance that a PTR record names, and for which ticket; null where it is about something else. */
function answeredBy(
  { type, name, data }: DnsRecord,
): { readonly instance: string; readonly ticket: string | null } | null {
  if (type !== "PTR" || typeof data !== "string") return null;
  const asked = name.toLowerCase();
  const ticket = ticketOf(asked);
  const instance = data.toLowerCase().split(".")[0] as string;
  const isOurs = (asked === SERVICE || ticket !== null) && data.toLowerCase() === service(instance);
  return isOurs && INSTANCE.test(instance) ? { instance, ticket } : null;
}

/** What the other records of a packet say of an instance; null where that is not all, or makes no sense. */
function lanRecordIn(records: readonly DnsRecord[], instance: string): LanRecord | null {
  const of = (type: string, name: string) => {
    return records.filter((one) => one.type === type && one.name.toLowerCase() === name).map(({ data }) => data);
  };
  const name = service(instance);
  const { port, target } = (of("SRV", name)[0] ?? {}) as { readonly port?: number; readonly target?: string };
  const text = textsOf(of("TXT", name)[0]);
  const day = /^\d{1,10}$/.test(text.get("d") ?? "") ? Number(text.get("d")) : NaN;
  const peerTag = text.get("p")?.toLowerCase() ?? "";
  if (port === undefined || target === undefined || !(day <= MAX_LAN_DAY) || !PEER_TAG.test(peerTag)) return null;
  const host = target.toLowerCase();
  const addresses = [...of("A", host), ...of("AAAA", host)].flatMap((data) => typeof data === "string" ? data : []);
  if (addresses.length === 0 || addresses.length > MAX_LAN_ADDRESSES) return null;
  if (!addresses.every((address) => ipBytes(address) !== null)) return null;
  return { instance, peerTag, day, port, addresses };
}

function textsOf(data: unknown): ReadonlyMap<string, string> {
  const decoder = new TextDecoder();
  const texts = (Array.isArray(data) ? data : []).flatMap((bytes) => {
    return bytes instanceof Uint8Array ? decoder.decode(bytes) : [];
  });
  return new Map(texts.map((text) => {
    const at = text.indexOf("=");
    return at < 0 ? [text, ""] : [text.slice(0, at).toLowerCase(), text.slice(at + 1)];
  }));
}

function service(instance: string): string {
  return `${instance}.${SERVICE}`;
}

/** RFC 6763, 7.1: a subtype of the service. */
function subtype(ticket: string): string {
  return `_${ticket}._sub.${SERVICE}`;
}

function ticketOf(name: string): string | null {
  const ticket = name.slice(1, 25);
  return name === subtype(ticket) && TICKET.test(ticket) ? ticket : null;
}

function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  for (let at = bytes.indexOf(part[0] as number); at >= 0; at = bytes.indexOf(part[0] as number, at + 1)) {
    if (part.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}
