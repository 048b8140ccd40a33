import { assert } from "../base/assert.ts";
import { ProtocolError } from "../base/errors.ts";
import {
  MAX_EPOCHS,
  MAX_GRANT_LEAF_BYTES,
  MAX_HEADER_BYTES,
  MAX_MERKLE_PATH,
  MAX_OPERATIONS,
  MAX_PARENTS,
} from "../base/limits.ts";
import type { Reader } from "../base/reader.ts";
import type { Writer } from "../base/writer.ts";
import { readList } from "./list.ts";
import { ID_BYTES, isSortedSet, readIds, readSortedIds, SIGNATURE_BYTES, type Stamp, writeIds } from "./transaction.ts";

/** Shows that the sender shares the space, without naming it. */
export interface Prove {
  readonly type: "prove";
  /** HMAC-SHA256 by the epoch secret over `proofMessage` (32 bytes). */
  readonly mac: Uint8Array;
}

/** "I hold a ticket for your space." */
export interface Knock {
  readonly type: "knock";
  /** HMAC-SHA256 by the invite public key over the handshake hash, in the domain `knock` (32 bytes). */
  readonly tag: Uint8Array;
}

/** The door shows the grant of the ticket, with the proof that it is in the space, and what to build upon. */
export interface Offer {
  readonly type: "offer";
  /** Space id (32 bytes). */
  readonly space: Uint8Array;
  /** Header of the grant's transaction. */
  readonly grantHeader: Uint8Array;
  /** Signature of that header (64 bytes). */
  readonly grantSignature: Uint8Array;
  /** The grant. ≤ `MAX_GRANT_LEAF_BYTES`. */
  readonly grantLeaf: Uint8Array;
  /** The grant's place in its transaction. Range: 0 to `MAX_OPERATIONS` − 1. */
  readonly grantIndex: number;
  /** Merkle path of the grant, from the leaf upwards (32 bytes each). ≤ `MAX_MERKLE_PATH`. */
  readonly grantPath: readonly Uint8Array[];
  /** The door's heads, the parents of the joiner's first transaction: sorted, distinct, ≤ `MAX_PARENTS`. */
  readonly heads: readonly Uint8Array[];
  /** The door's clock, so that the joiner's first stamp follows it. */
  readonly clock: Stamp;
}

/** A secret that proves membership, and its number. */
export interface Epoch {
  readonly number: number;
  /** 32 bytes. */
  readonly secret: Uint8Array;
}

/** The door has applied the redeem: the joiner is a member. */
export interface Welcome {
  readonly type: "welcome";
  /** By number, ascending; 1 to `MAX_EPOCHS`, the newest of the space. */
  readonly epochs: readonly Epoch[];
}

/** Writes the body of an offer. */
export function writeOffer(writer: Writer, offer: Offer): void {
  assert(offer.grantLeaf.length <= MAX_GRANT_LEAF_BYTES, "grant leaf within its limit");
  assert(offer.grantPath.length <= MAX_MERKLE_PATH, "Merkle path within its limit");
  assert(offer.heads.length <= MAX_PARENTS && isSortedSet(offer.heads), "heads are a sorted set within its limit");
  writer.raw(offer.space).blob(offer.grantHeader).raw(offer.grantSignature).blob(offer.grantLeaf)
    .varint(offer.grantIndex);
  writeIds(writer, offer.grantPath);
  writeIds(writer, offer.heads);
  writer.u48(offer.clock.ms).u16(offer.clock.count);
}

/** Reads it. @throws {ProtocolError} */
export function readOffer(reader: Reader): Offer {
  return {
    type: "offer",
    space: reader.raw(ID_BYTES),
    grantHeader: reader.blob(MAX_HEADER_BYTES),
    grantSignature: reader.raw(SIGNATURE_BYTES),
    grantLeaf: reader.blob(MAX_GRANT_LEAF_BYTES),
    grantIndex: reader.varint(MAX_OPERATIONS - 1),
    grantPath: readIds(reader, MAX_MERKLE_PATH),
    heads: readSortedIds(reader, MAX_PARENTS),
    clock: { ms: reader.u48(), count: reader.u16() },
  };
}

/** Writes the body of a welcome. */
export function writeWelcome(writer: Writer, { epochs }: Welcome): void {
  assert(epochs.length >= 1 && epochs.length <= MAX_EPOCHS && areEpochsSorted(epochs), "epochs ascend");
  writer.varint(epochs.length);
  for (const { number, secret } of epochs) writer.varint(number).raw(secret);
}

/** Reads it. @throws {ProtocolError} */
export function readWelcome(reader: Reader): Welcome {
  const epochs = readList(reader, MAX_EPOCHS, () => ({ number: reader.varint(), secret: reader.raw(ID_BYTES) }));
  if (epochs.length === 0 || !areEpochsSorted(epochs)) {
    throw new ProtocolError("malformed", "epochs are missing or do not ascend");
  }
  return { type: "welcome", epochs };
}

function areEpochsSorted(epochs: readonly Epoch[]): boolean {
  return epochs.every((epoch, i) => i === 0 || (epochs[i - 1] as Epoch).number < epoch.number);
}
