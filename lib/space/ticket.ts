import { wordlist } from "@scure/bip39/wordlists/english.js";
import { fromBase32, toBase32 } from "../base/base32.ts";
import { equal, utf8Decode, utf8Encode } from "../base/bytes.ts";
import { editDistance } from "../base/edit_distance.ts";
import { KithError } from "../base/errors.ts";
import { MAX_ADDRESS_BYTES, MAX_ADDRESSES } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";
import { sha256 } from "../crypto/hash.ts";

/** Words of a ticket: 6 × 11 bits hold 62 secret bits and 4 of checksum. */
export const TICKET_WORDS = 6;
/** A ticket's secret: 62 bits in 8 bytes, the two highest bits zero. */
export const TICKET_SECRET_BYTES = 8;

const LONG_PREFIX = "kith1";
const LONG_CHECKSUM_BYTES = 4;
const NEAR_WORDS = 3;

/** What a ticket says, in either spelling. */
export interface Ticket {
  readonly secret: Uint8Array;
  /** Where a member may be reached, `host:port`; empty in six words. */
  readonly addresses: readonly string[];
}

/** A fresh secret of 62 bits. */
export function newTicketSecret(random: Random): Uint8Array {
  const secret = random.bytes(TICKET_SECRET_BYTES).slice();
  secret[0] = (secret[0] as number) & 0x3f;
  return secret;
}

/** Six words of the BIP-39 English list, joined by hyphens: 62 bits of secret, then 4 of its SHA-256. */
export function ticketWords(secret: Uint8Array): string {
  let bits = (toBigInt(secret) << 4n) | BigInt(wordChecksum(secret));
  const words: string[] = [];
  for (let i = 0; i < TICKET_WORDS; i++) {
    words.unshift(wordlist[Number(bits & 2047n)] as string);
    bits >>= 11n;
  }
  return words.join("-");
}

/** The long spelling: `kith1`, then base32 of secret, addresses and a checksum of 32 bits. */
export function ticketText(secret: Uint8Array, addresses: readonly string[]): string {
  const writer = new Writer().raw(secret).varint(Math.min(addresses.length, MAX_ADDRESSES));
  for (const address of addresses.slice(0, MAX_ADDRESSES)) writer.blob(utf8Encode(address));
  const body = writer.finish();
  return LONG_PREFIX + toBase32(new Writer().raw(body).raw(longChecksum(body)).finish());
}

/**
 * Reads a ticket in either spelling; case, the kind of separator between words, and where a long one was broken into
 * lines do not matter.
 *
 * @throws {KithError} `ticket_word` (naming near words), `ticket_word_count`, `ticket_checksum`, `ticket_malformed`.
 */
export function ticketFromText(text: string): Ticket {
  const folded = text.trim().toLowerCase();
  if (folded.startsWith(LONG_PREFIX)) return fromLongText(folded.slice(LONG_PREFIX.length).replaceAll(/\s/g, ""));
  return { secret: fromWords(folded.split(/[\s,._-]+/).filter((word) => word !== "")), addresses: [] };
}

/** The words of the list nearest to one that is not in it, the nearest first. */
export function nearWords(word: string): string[] {
  return wordlist
    .map((known) => ({ known, distance: editDistance(word, known) }))
    .sort((a, b) => a.distance - b.distance || (a.known < b.known ? -1 : 1))
    .slice(0, NEAR_WORDS)
    .map(({ known }) => known);
}

function fromWords(words: readonly string[]): Uint8Array {
  let bits = 0n;
  for (const [position, word] of words.entries()) {
    const index = wordlist.indexOf(word);
    if (index < 0) {
      throw new KithError("ticket_word", { word, position: position + 1, near: nearWords(word).join(", ") });
    }
    bits = (bits << 11n) | BigInt(index);
  }
  if (words.length !== TICKET_WORDS) throw new KithError("ticket_word_count", { count: words.length });
  const secret = fromBigInt(bits >> 4n);
  if (wordChecksum(secret) !== Number(bits & 15n)) throw new KithError("ticket_checksum");
  return secret;
}

function fromLongText(text: string): Ticket {
  try {
    const bytes = fromBase32(text);
    const body = bytes.subarray(0, Math.max(0, bytes.length - LONG_CHECKSUM_BYTES));
    if (!equal(longChecksum(body), bytes.subarray(body.length))) throw new KithError("ticket_checksum");
    const reader = new Reader(body);
    const secret = reader.raw(TICKET_SECRET_BYTES).slice();
    const addresses: string[] = [];
    for (let left = reader.varint(MAX_ADDRESSES); left > 0; left--) {
      addresses.push(utf8Decode(reader.blob(MAX_ADDRESS_BYTES)));
    }
    reader.end();
    return { secret, addresses };
  } catch (error) {
    if (error instanceof KithError) throw error;
    throw new KithError("ticket_malformed", {}, error);
  }
}

function wordChecksum(secret: Uint8Array): number {
  return (sha256(utf8Encode("kith ticket words 1"), secret)[0] as number) >> 4;
}

function longChecksum(body: Uint8Array): Uint8Array {
  return sha256(utf8Encode("kith ticket text 1"), body).subarray(0, LONG_CHECKSUM_BYTES);
}

function toBigInt(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

function fromBigInt(value: bigint): Uint8Array {
  const bytes = new Uint8Array(TICKET_SECRET_BYTES);
  let rest = value;
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
}
