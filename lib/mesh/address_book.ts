import { fromHex, toHex, utf8Decode, utf8Encode } from "../base/bytes.ts";
import { forgetOldest } from "../base/forget_oldest.ts";
import { canonicalAddresses } from "../base/ip_address.ts";
import {
  ADDRESS_KEPT_MS,
  MAX_ADDRESS_BYTES,
  MAX_ADDRESSES,
  MAX_LAN_ADDRESSES,
  MAX_PEER_RECORDS,
  MAX_SEEN_ADDRESSES,
} from "../base/limits.ts";
import { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";
import type { Verify } from "../data/transaction.ts";
import { DOMAINS } from "../wire/domains.ts";
import { type PeerRecord, readPeerRecord, recordMessage, writePeerRecord } from "../wire/peer_record.ts";
import { ID_BYTES } from "../wire/transaction.ts";
import { byPromise } from "./address_order.ts";

/** What is known of a peer: its own signed word, and what was seen. */
export interface KnownPeer {
  /** Null until it came: a door that let this peer in may be gone before it said hello. */
  readonly record: PeerRecord | null;
  /** Where it answered last, then where it answered or seemed to listen before, the latest first. */
  readonly seenAddresses: readonly string[];
  /** When it was last linked, ms since 1970; 0 for never. */
  readonly lastSeenMs: number;
}

/**
 * The members' signed, dated records: name and addresses. They are hints, since a peer is who its key says; the
 * newest of a peer counts.
 */
export class AddressBook {
  readonly #verify: Verify;
  readonly #own: () => readonly string[];
  readonly #peers = new Map<string, KnownPeer>();
  readonly #nearby = new Map<string, readonly string[]>();
  #changed = false;

  /** @param own where this peer itself can be dialled: what is near it is dialled first. Default: nowhere. */
  constructor(verify: Verify, own: () => readonly string[] = () => []) {
    this.#verify = verify;
    this.#own = own;
  }

  /** Whether there is something to store since the last `encode`. */
  get changed(): boolean {
    return this.#changed;
  }

  /** Takes in a record if it is rightly signed and newer than what is known. */
  add(record: PeerRecord): boolean {
    const peer = toHex(record.peer);
    const known = this.#peers.get(peer);
    if (known !== undefined && known.record !== null && known.record.dateMs >= record.dateMs) return false;
    if (!this.#verify(DOMAINS.record, record.peer, recordMessage(record), record.signature)) return false;
    this.#set(peer, { record, seenAddresses: known?.seenAddresses ?? [], lastSeenMs: known?.lastSeenMs ?? 0 });
    return true;
  }

  /**
   * Notes that a peer is or was linked, and at what address it can be dialled where that is known.
   *
   * @param peer its id in hexadecimal.
   * @param answered whether it answered there: else it only seems to listen there, and where it answered comes first.
   */
  seen(peer: string, address: string | null, wallMs: number, answered = true): void {
    const known = this.#peers.get(peer);
    if (known === undefined && address === null) return;
    const before = known?.seenAddresses ?? [];
    const others = before.filter((other) => other !== address);
    const first = answered || before[0] === address ? [] : others.splice(0, 1);
    this.#set(peer, {
      record: known?.record ?? null,
      seenAddresses: address === null ? before : [...first, address, ...others].slice(0, MAX_SEEN_ADDRESSES),
      lastSeenMs: Math.floor(wallMs),
    });
  }

  /** Forgets who is no member any more, and where peers were seen that did not come back for long. */
  forgetStale(isMember: (peer: string) => boolean, wallMs: number): void {
    for (const [peer, known] of this.#peers) {
      if (wallMs - known.lastSeenMs < ADDRESS_KEPT_MS) continue;
      if (known.seenAddresses.length > 0) this.#set(peer, { ...known, seenAddresses: [] });
      if (isMember(peer)) continue;
      this.#peers.delete(peer);
      this.#changed = true;
    }
  }

  /** What is known of a peer by its id in hexadecimal. */
  get(peer: string): KnownPeer | null {
    return this.#peers.get(peer) ?? null;
  }

  /** All records. */
  records(): PeerRecord[] {
    return [...this.#peers.values()].flatMap(({ record }) => record ?? []);
  }

  /** The ids of all known peers, in hexadecimal. */
  peers(): string[] {
    return [...this.#peers.keys()];
  }

  /** Notes where a peer was found on this machine's own networks, until they change; it is not stored. */
  foundNearby(peer: string, addresses: readonly string[]): void {
    this.#nearby.delete(peer);
    this.#nearby.set(peer, addresses.slice(0, MAX_LAN_ADDRESSES));
    forgetOldest(this.#nearby, MAX_PEER_RECORDS);
  }

  /** Whether a peer was found so. */
  isNearby(peer: string): boolean {
    return this.#nearby.has(peer);
  }

  /** The networks changed. */
  forgetNearby(): void {
    this.#nearby.clear();
  }

  /** Where to dial a peer, the most promising first: where it was found nearby, where it was seen, where it says. */
  addressesOf(peer: string): string[] {
    const known = this.#peers.get(peer);
    // What a peer signed is passed on as it spelled it.
    const named = byPromise(canonicalAddresses(known?.record?.addresses ?? []), this.#own());
    const all = [this.#nearby.get(peer) ?? [], known?.seenAddresses ?? [], named].flat();
    return [...new Set(all)].slice(0, MAX_ADDRESSES);
  }

  /** The form in which the book is stored. */
  encode(): Uint8Array {
    this.#changed = false;
    const writer = new Writer().varint(this.#peers.size);
    for (const [peer, { record, seenAddresses, lastSeenMs }] of this.#peers) {
      const seen = utf8Encode(withinBytes(seenAddresses).join(" "));
      writer.raw(fromHex(peer)).blob(seen).u48(lastSeenMs).u8(record === null ? 0 : 1);
      if (record !== null) writePeerRecord(writer, record);
    }
    return writer.finish();
  }

  /** Reads back what `encode` gave. */
  load(bytes: Uint8Array): void {
    const reader = new Reader(bytes);
    for (let left = reader.varint(MAX_PEER_RECORDS); left > 0; left--) {
      const peer = toHex(reader.raw(ID_BYTES));
      const seen = utf8Decode(reader.blob(MAX_ADDRESS_BYTES));
      const lastSeenMs = reader.u48();
      const record = reader.u8() === 1 ? readPeerRecord(reader) : null;
      const seenAddresses = seen === "" ? [] : canonicalAddresses(seen.split(" "));
      this.#peers.set(peer, { record, seenAddresses, lastSeenMs });
    }
    this.#changed = false;
  }

  /** Where there is no room for another one, who was not seen for longest gives way. */
  #set(peer: string, known: KnownPeer): void {
    this.#changed = true;
    if (!this.#peers.has(peer) && this.#peers.size >= MAX_PEER_RECORDS) {
      let longestAgo: readonly [peer: string, lastSeenMs: number] = ["", Infinity];
      for (const [other, { lastSeenMs }] of this.#peers) {
        if (lastSeenMs < longestAgo[1]) longestAgo = [other, lastSeenMs];
      }
      this.#peers.delete(longestAgo[0]);
    }
    this.#peers.set(peer, known);
  }
}

/** As many of the addresses, the latest first, as have room in the book's stored form. */
function withinBytes(addresses: readonly string[]): readonly string[] {
  let sizeBytes = -1;
  return addresses.filter((address) => {
    sizeBytes += 1 + utf8Encode(address).length;
    return sizeBytes <= MAX_ADDRESS_BYTES;
  });
}
