import { fromBase32, toBase32 } from "../base/base32.ts";
import { compare, concat } from "../base/bytes.ts";
import { ipBytes } from "../base/ip_address.ts";
import type { Random } from "../base/random.ts";
import { Writer } from "../base/writer.ts";
import { constantTimeEqual, hmacSha256 } from "../crypto/hash.ts";
import { inDomain } from "../wire/authenticated.ts";
import { DOMAINS } from "../wire/domains.ts";
import type { LanRecord } from "./lan_message.ts";

/** Random bytes of an instance: two peers never draw the same ones, so a name needs no probing. */
const NONCE_BYTES = 8;
/** Of the HMAC of an instance: what is found is a hint, and a peer is who its key says. */
const INSTANCE_MAC_BYTES = 12;
const PEER_MAC_BYTES = 10;
const TICKET_MAC_BYTES = 15;
const DAY_MS = 24 * 60 * 60 * 1000;
/** The last day that is written in 4 bytes. */
export const MAX_LAN_DAY = 2 ** 32 - 1;

/** Where a peer can be dialled on one network. */
export type LanPlace = Pick<LanRecord, "port" | "addresses">;

/** The day of a wall clock, in UTC, counted from 1970. */
export function lanDay(wallMs: number): number {
  return Math.min(MAX_LAN_DAY, Math.max(0, Math.floor(wallMs / DAY_MS)));
}

/** The first moment of the day after a day, ms since 1970. */
export function endOfLanDayMs(day: number): number {
  return (day + 1) * DAY_MS;
}

/**
 * The record by which holders of a key find a peer, and others learn nothing but that a kith is there: its name is
 * random, and authenticates all that is said, so that nobody can send them elsewhere by it.
 *
 * @param key an epoch secret or a ticket's LAN key.
 * @param peer id of who announces.
 */
export function lanRecord(
  key: Uint8Array,
  peer: Uint8Array,
  day: number,
  place: LanPlace,
  random: Random,
): Pick<LanRecord, "instance" | "peerTag"> {
  const nonce = random.bytes(NONCE_BYTES).slice();
  const mac = instanceMac(key, day, nonce, place);
  // Every address is one of this machine's, as the system tells it.
  const instance = toBase32(concat([nonce, mac as Uint8Array]));
  return { instance, peerTag: peerTagOf(key, nonce, peer) };
}

/** Whether a record was made by a holder of a key, and is as it was made. */
export function isLanRecordOf(key: Uint8Array, record: LanRecord): boolean {
  const bytes = instanceBytes(record.instance);
  if (bytes === null) return false;
  const mac = instanceMac(key, record.day, bytes.subarray(0, NONCE_BYTES), record);
  return mac !== null && constantTimeEqual(mac, bytes.subarray(NONCE_BYTES));
}

/** Whether a record that was made with a key is of this peer. */
export function isLanRecordOfPeer(key: Uint8Array, record: LanRecord, peer: Uint8Array): boolean {
  const bytes = instanceBytes(record.instance);
  return bytes !== null && peerTagOf(key, bytes.subarray(0, NONCE_BYTES), peer) === record.peerTag;
}

/** By what a joiner asks for the doors of its ticket on a day. @param key a LAN key of the ticket. */
export function lanTicketTag(key: Uint8Array, day: number): string {
  return toBase32(dayMac(DOMAINS.lan_ticket, key, day).subarray(0, TICKET_MAC_BYTES));
}

/** What holders of a key know each other by on a day, and nobody else from one day to the next. 32 bytes. */
export function dayMac(domain: string, key: Uint8Array, day: number): Uint8Array {
  return hmacSha256(key, inDomain(domain, new Writer().u32(day).finish()));
}

function instanceMac(key: Uint8Array, day: number, nonce: Uint8Array, place: LanPlace): Uint8Array | null {
  const addresses = place.addresses.map(ipBytes);
  const writer = new Writer().u32(day).raw(nonce).u16(place.port).varint(addresses.length);
  const known = addresses.flatMap((address) => address ?? []);
  if (known.length < addresses.length) return null;
  for (const address of known.sort(compare)) writer.blob(address);
  return hmacSha256(key, inDomain(DOMAINS.lan_instance, writer.finish())).subarray(0, INSTANCE_MAC_BYTES);
}

function peerTagOf(key: Uint8Array, nonce: Uint8Array, peer: Uint8Array): string {
  const mac = hmacSha256(key, inDomain(DOMAINS.lan_peer, concat([nonce, peer])));
  return toBase32(mac.subarray(0, PEER_MAC_BYTES));
}

function instanceBytes(instance: string): Uint8Array | null {
  try {
    const bytes = fromBase32(instance);
    return bytes.length === NONCE_BYTES + INSTANCE_MAC_BYTES ? bytes : null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
