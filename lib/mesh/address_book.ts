import { fromHex, toHex, utf8Decode, utf8Encode } from "../base/bytes.ts";
import { MAX_ADDRESS_BYTES, MAX_ADDRESSES, MAX_LAN_ADDRESSES, MAX_PEER_RECORDS } from "../base/limits.ts";
import { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";
import type { Verify } from "../data/transaction.ts";
import { DOMAINS } from "../wire/domains.ts";
import { type PeerRecord, readPeerRecord, recordMessage, writePeerRecord } from "../wire/peer_record.ts";
import { ID_BYTES } from "../wire/transaction.ts";

/** What is known of a peer: its own signed word, and what was seen. */
export interface KnownPeer {
  /** Null until it came: a door that let this peer in may be gone before it said hello. */
  readonly record: PeerRecord | null;
  /** An address at which it answered or seems to listen, tried before those that it names itself. */
  readonly seenAddress: string | null;
  /** When it was last linked, ms since 1970; 0 for never. */
  readonly lastSeenMs: number;
}

/**
 * The members' signed, dated records: name and addresses. They are hints, since a peer is who its key says; the
 * newest of a peer counts.
 */
export class AddressBook {
  readonly #verify: Verify;
  readonly #peers = new Map<string, KnownPeer>();
  readonly #nearby = new Map<string, readonly string[]>();
  #changed = false;

  constructor(verify: Verify) {
    this.#verify = verify;
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
    if (known === undefined && this.#peers.size >= MAX_PEER_RECORDS) return false;
    if (!this.#verify(DOMAINS.record, record.peer, recordMessage(record), record.signature)) return false;
    this.#peers.set(peer, {
      record,
      seenAddress: known?.seenAddress ?? null,
      lastSeenMs: known?.lastSeenMs ?? 0,
    });
    this.#changed = true;
    return true;
  }

  /**
   * Notes that a peer is or was linked, and at what address it can be dialled where that is known.
   *
   * @param peer its id in hexadecimal.
   */
  seen(peer: string, address: string | null, wallMs: number): void {
    const known = this.#peers.get(peer);
    if (known === undefined && (address === null || this.#peers.size >= MAX_PEER_RECORDS)) return;
    this.#peers.set(peer, {
      record: known?.record ?? null,
      seenAddress: address ?? known?.seenAddress ?? null,
      lastSeenMs: Math.floor(wallMs),
    });
    this.#changed = true;
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
    if (this.#nearby.size <= MAX_PEER_RECORDS) return;
    for (const longestAgo of this.#nearby.keys()) {
      this.#nearby.delete(longestAgo);
      break;
    }
  }

  /** Whether a peer was found so. */
  isNearby(peer: string): boolean {
    return this.#nearby.has(peer);
  }

  /** The networks changed. */
  forgetNearby(): void {
    this.#nearby.clear();
  }

  /** Where to dial a peer, the most promising first. */
  addressesOf(peer: string): string[] {
    const known = this.#peers.get(peer);
    const all = [this.#nearby.get(peer) ?? [], known?.seenAddress ?? [], known?.record?.addresses ?? []].flat();
    return [...new Set(all)].slice(0, MAX_ADDRESSES);
  }

  /** The form in which the book is stored. */
  encode(): Uint8Array {
    this.#changed = false;
    const writer = new Writer().varint(this.#peers.size);
    for (const [peer, { record, seenAddress, lastSeenMs }] of this.#peers) {
      writer.raw(fromHex(peer)).blob(utf8Encode(seenAddress ?? "")).u48(lastSeenMs).u8(record === null ? 0 : 1);
      if (record !== null) writePeerRecord(writer, record);
    }
    return writer.finish();
  }

  /** Reads back what `encode` gave. */
  load(bytes: Uint8Array): void {
    const reader = new Reader(bytes);
    for (let left = reader.varint(MAX_PEER_RECORDS); left > 0; left--) {
      const peer = toHex(reader.raw(ID_BYTES));
      const seenAddress = utf8Decode(reader.blob(MAX_ADDRESS_BYTES));
      const lastSeenMs = reader.u48();
      const record = reader.u8() === 1 ? readPeerRecord(reader) : null;
      this.#peers.set(peer, { record, seenAddress: seenAddress === "" ? null : seenAddress, lastSeenMs });
    }
    this.#changed = false;
  }
}
