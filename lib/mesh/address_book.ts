import { toHex } from "../base/bytes.ts";
import { MAX_ADDRESSES, MAX_PEER_RECORDS } from "../base/limits.ts";
import { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";
import type { Verify } from "../data/transaction.ts";
import { DOMAINS } from "../wire/domains.ts";
import { type PeerRecord, readPeerRecord, recordMessage, writePeerRecord } from "../wire/peer_record.ts";

/** What is known of a peer: its own signed word, and what was seen. */
export interface KnownPeer {
  readonly record: PeerRecord;
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
    if (known !== undefined && known.record.dateMs >= record.dateMs) return false;
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

  /** Notes that a peer is or was linked, and at what address it can be dialled where that is known. */
  seen(peer: string, address: string | null, wallMs: number): void {
    const known = this.#peers.get(peer);
    if (known === undefined) return;
    this.#peers.set(peer, { ...known, seenAddress: address ?? known.seenAddress, lastSeenMs: Math.floor(wallMs) });
    this.#changed = true;
  }

  /** What is known of a peer by its id in hexadecimal. */
  get(peer: string): KnownPeer | null {
    return this.#peers.get(peer) ?? null;
  }

  /** All records. */
  records(): PeerRecord[] {
    return [...this.#peers.values()].map(({ record }) => record);
  }

  /** Where to dial a peer, the most promising first. */
  addressesOf(peer: string): string[] {
    const known = this.#peers.get(peer);
    if (known === undefined) return [];
    const all = known.seenAddress === null ? known.record.addresses : [known.seenAddress, ...known.record.addresses];
    return [...new Set(all)].slice(0, MAX_ADDRESSES);
  }

  /** The form in which the book is stored. */
  encode(): Uint8Array {
    this.#changed = false;
    const writer = new Writer().varint(this.#peers.size);
    for (const { record, seenAddress, lastSeenMs } of this.#peers.values()) {
      writePeerRecord(writer, record);
      writer.blob(new TextEncoder().encode(seenAddress ?? "")).u48(lastSeenMs);
    }
    return writer.finish();
  }

  /** Reads back what `encode` gave. */
  load(bytes: Uint8Array): void {
    const reader = new Reader(bytes);
    for (let left = reader.varint(MAX_PEER_RECORDS); left > 0; left--) {
      const record = readPeerRecord(reader);
      const seenAddress = new TextDecoder().decode(reader.blob(1024));
      const lastSeenMs = reader.u48();
      this.#peers.set(toHex(record.peer), {
        record,
        seenAddress: seenAddress === "" ? null : seenAddress,
        lastSeenMs,
      });
    }
    this.#changed = false;
  }
}
