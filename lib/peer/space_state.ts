import { equal, utf8Decode, utf8Encode } from "../base/bytes.ts";
import { MAX_EPOCHS } from "../base/limits.ts";
import { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";
import { versionKey } from "../space/acts.ts";
import type { Store } from "../store/store.ts";
import { decodeBundle, encodeBundle, type TransactionBytes } from "../wire/bundle.ts";
import type { Epoch } from "../wire/door_messages.ts";
import { ID_BYTES, readVersionId, type VersionId, writeVersionId } from "../wire/transaction.ts";

/** The last redeem that was sent, or is about to be: the same bytes are sent again, for as long as a door may take them. */
export interface PendingRedeem {
  readonly space: Uint8Array;
  readonly grant: VersionId;
  readonly transaction: TransactionBytes;
}

/** An invite that was made here: its secret is kept so that it can be shown again while it is good. */
export interface IssuedInvite {
  readonly grant: VersionId;
  readonly secret: Uint8Array;
  /** The key of its tags, 32 bytes; given once, when it is made. */
  readonly lanKey?: Uint8Array;
}

/** What a peer keeps about its space beside the shared data: in the store's meta table, never sent. */
export class SpaceState {
  readonly #store: Store;
  /** The space's id, which is asked for with every write; undefined before it was read. */
  #space: Uint8Array | null | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The space's id; null before there is one. */
  get space(): Uint8Array | null {
    return this.#space ??= this.#store.getMeta("space");
  }

  /** Forgets what is in memory, after the store was cleared or rolled back. */
  forget(): void {
    this.#space = undefined;
  }

  /** The secrets by which members know each other, the newest last. */
  get epochs(): readonly Epoch[] {
    const bytes = this.#store.getMeta("epochs");
    if (bytes === null) return [];
    const reader = new Reader(bytes);
    const epochs: Epoch[] = [];
    for (let left = reader.varint(MAX_EPOCHS); left > 0; left--) {
      epochs.push({ number: reader.varint(), secret: reader.raw(ID_BYTES) });
    }
    return epochs;
  }

  /**
   * Enters a space, or the same one once more.
   *
   * @param epochs as they were told; those that are known besides stay.
   * @param admission id of the transaction by which this peer is in it; it may have yet to come.
   */
  enter(space: Uint8Array, epochs: readonly Epoch[], admission: Uint8Array): void {
    const before = this.space;
    const known = before !== null && equal(before, space) ? this.epochs : [];
    const byNumber = new Map([...known, ...epochs].map((epoch) => [epoch.number, epoch]));
    const kept = [...byNumber.values()].sort((a, b) => a.number - b.number).slice(-MAX_EPOCHS);
    const writer = new Writer().varint(kept.length);
    for (const { number, secret } of kept) writer.varint(number).raw(secret);
    this.#store.setMeta("space", space);
    this.#space = undefined;
    this.#store.setMeta("admission", admission);
    this.#store.setMeta("epochs", writer.finish());
  }

  /** It is in by another transaction than the one that it was let in by last. */
  arrived(admission: Uint8Array): void {
    this.#store.begin();
    this.#store.setMeta("admission", admission);
  }

  /** The final checkpoint by which what is held was settled last, and whose leaves are kept, as text; null for none. */
  get settled(): string | null {
    const bytes = this.#store.getMeta("settled");
    // Up to kith 0.3.0 what was settled was compacted at once.
    return bytes === null ? this.compacted : utf8Decode(bytes);
  }

  /** Keeps which one it is. */
  set settled(checkpoint: string) {
    this.#store.setMeta("settled", utf8Encode(checkpoint));
  }

  /** The final checkpoint up to which all that is dead has gone, as text; null before the first. */
  get compacted(): string | null {
    const bytes = this.#store.getMeta("compacted");
    return bytes === null ? null : utf8Decode(bytes);
  }

  /** Keeps which one it is. */
  set compacted(checkpoint: string) {
    this.#store.setMeta("compacted", utf8Encode(checkpoint));
  }

  /** Whether this peer was let in, but has not received its own admission yet. */
  get isArriving(): boolean {
    const admission = this.#store.getMeta("admission");
    return admission !== null && !this.#store.hasTransaction(admission);
  }

  /** The last redeem; null before the first. */
  get pendingRedeem(): PendingRedeem | null {
    const bytes = this.#store.getMeta("redeem");
    if (bytes === null) return null;
    const reader = new Reader(bytes);
    const space = reader.raw(ID_BYTES);
    const grant = readVersionId(reader);
    return { space, grant, transaction: decodeBundle(reader.raw(reader.remainingBytes)) };
  }

  /** Keeps a redeem, before it is sent for the first time. */
  set pendingRedeem(pending: PendingRedeem) {
    const writer = new Writer().raw(pending.space);
    writeVersionId(writer, pending.grant);
    this.#store.setMeta("redeem", writer.raw(encodeBundle(pending.transaction)).finish());
  }

  /** The keys by which the holders of their tickets find this peer on a network, by the grant's version. */
  get inviteLanKeys(): ReadonlyMap<string, Uint8Array> {
    const bytes = this.#store.getMeta("invite_lan_keys");
    const keys = new Map<string, Uint8Array>();
    if (bytes === null) return keys;
    const reader = new Reader(bytes);
    while (reader.remainingBytes > 0) keys.set(versionKey(readVersionId(reader)), reader.raw(ID_BYTES));
    return keys;
  }

  /** The invites made here. */
  get invites(): readonly IssuedInvite[] {
    const bytes = this.#store.getMeta("invites");
    if (bytes === null) return [];
    const reader = new Reader(bytes);
    const invites: IssuedInvite[] = [];
    while (reader.remainingBytes > 0) invites.push({ grant: readVersionId(reader), secret: reader.blob(ID_BYTES) });
    return invites;
  }

  /** Replaces the invites made here by those that are still good. */
  set invites(invites: readonly IssuedInvite[]) {
    const writer = new Writer();
    const lanKeys = new Writer();
    const known = this.inviteLanKeys;
    for (const { grant, secret, lanKey = known.get(versionKey(grant)) } of invites) {
      writeVersionId(writer, grant);
      writer.blob(secret);
      if (lanKey === undefined) continue;
      writeVersionId(lanKeys, grant);
      lanKeys.raw(lanKey);
    }
    this.#store.setMeta("invites", writer.finish());
    this.#store.setMeta("invite_lan_keys", lanKeys.finish());
  }
}
