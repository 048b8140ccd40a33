import { assert } from "../base/assert.ts";
import { compare } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import {
  MAX_ABSENT_MEMBERS,
  MAX_INVITE_USES,
  MAX_KEY_BYTES,
  MAX_MEDIA_BYTES,
  MAX_NAMES,
  MAX_SEALED_BYTES,
  MAX_SEALED_SECRETS,
  MAX_VALUE_BYTES,
} from "../base/limits.ts";
import { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";
import { type Frontier, readFrontier, writeFrontier } from "./frontier.ts";
import { readAscii, readText, writeAscii, writeText } from "./text.ts";
import {
  compareVersionIds,
  ID_BYTES,
  isSortedSet,
  readFlag,
  readSortedIds,
  readVersionId,
  SIGNATURE_BYTES,
  type VersionId,
  writeIds,
  writeVersionId,
} from "./transaction.ts";
import { UnsupportedError } from "./unsupported.ts";

/** The first byte of a leaf. Append-only. */
export const OPERATION_KINDS = {
  put: 1,
  del: 2,
  genesis: 16,
  grant: 17,
  redeem: 18,
  revoke: 19,
  checkpoint: 20,
  confirm: 21,
} as const;

const INLINE_VALUE = 0;
/** What a put takes with a short key and one name. */
const MEAN_LEAF_BYTES = 128;
const SUBJECT_KINDS = ["invite", "peer"] as const;
const ROLES = ["reader", "writer", "admin"] as const;

/** What a member may do. */
export type Role = (typeof ROLES)[number];

/** Gives a key a value, in place of the versions that it names. */
export interface Put {
  readonly kind: "put";
  /** 1 to `MAX_KEY_BYTES` of UTF-8. */
  readonly key: string;
  /** Versions of the same key that this one replaces: sorted, distinct, ≤ `MAX_NAMES`. */
  readonly names: readonly VersionId[];
  /** Media type: printable ASCII, 1 to `MAX_MEDIA_BYTES`. */
  readonly media: string;
  /** Of the value, in bytes. Range: 0 to `MAX_VALUE_BYTES`. */
  readonly length: number;
  /** SHA-256 of the value, which travels beside the leaf (32 bytes). */
  readonly hash: Uint8Array;
}

/** Ends the versions that it names. */
export interface Del {
  readonly kind: "del";
  /** 1 to `MAX_KEY_BYTES` of UTF-8. */
  readonly key: string;
  /** Versions of the same key that end: sorted, distinct, ≤ `MAX_NAMES`. */
  readonly names: readonly VersionId[];
}

/** Begins a space, whose id is the id of this operation's transaction. */
export interface Genesis {
  readonly kind: "genesis";
  /** Random (32 bytes). */
  readonly nonce: Uint8Array;
  /** The founder's X25519 public key, to which epoch secrets are sealed (32 bytes). */
  readonly sealingKey: Uint8Array;
}

/** Lets someone in, or gives a member another role. */
export interface Grant {
  readonly kind: "grant";
  readonly subjectKind: "invite" | "peer";
  /** Ed25519 public key of the invite or of the peer (32 bytes). */
  readonly subject: Uint8Array;
  readonly role: Role;
  /** What keys the subject may write begin with; empty for all. ≤ `MAX_KEY_BYTES` of UTF-8. */
  readonly prefix: string;
  /** When the door closes, in milliseconds since 1970; 0 for never. */
  readonly expiresMs: number;
  /** When the standing ends, in milliseconds since 1970; 0 for never. */
  readonly standingExpiresMs: number;
  /** How often it may be redeemed. Range: 1 to `MAX_INVITE_USES`; 1 for a peer. */
  readonly uses: number;
  /** How keys come from the ticket: 1 for the way of this version. Range: 0 to 255. */
  readonly derivation: number;
  /** HMAC-SHA256 by the ticket's MAC key over `grantMessage` (32 bytes). */
  readonly mac: Uint8Array;
}

/** Takes up a grant: the first operation of a joiner's first transaction. */
export interface Redeem {
  readonly kind: "redeem";
  readonly grant: VersionId;
  /** Ed25519 by the invite key over `redeemMessage` (64 bytes). */
  readonly signature: Uint8Array;
  /** The joiner's X25519 public key, to which epoch secrets are sealed (32 bytes). */
  readonly sealingKey: Uint8Array;
}

/** An epoch secret, closed for one member. */
export interface SealedSecret {
  /** Whose it is: peer id (32 bytes). */
  readonly recipient: Uint8Array;
  /** ≤ `MAX_SEALED_BYTES`. */
  readonly box: Uint8Array;
}

/** Ends every standing of its target that lacks this operation in its past. */
export interface Revoke {
  readonly kind: "revoke";
  readonly target: { readonly kind: "peer"; readonly peer: Uint8Array } | {
    readonly kind: "invite";
    readonly grant: VersionId;
  };
  /** What the target did outside of it is undone; null undoes nothing. */
  readonly frontier: Frontier | null;
  /** The next epoch's secret for who remains: sorted by recipient, distinct, ≤ `MAX_SEALED_SECRETS`. */
  readonly sealed: readonly SealedSecret[];
}

/** Proposes that what is dead inside a frontier goes for good. */
export interface Checkpoint {
  readonly kind: "checkpoint";
  /** Inside the past of its transaction. */
  readonly frontier: Frontier;
  /** The digest of the state inside that frontier (32 bytes). */
  readonly digest: Uint8Array;
  /** Members that are not waited for: peer ids, sorted, distinct, ≤ `MAX_ABSENT_MEMBERS`. */
  readonly absent: readonly Uint8Array[];
}

/** "I hold all of that checkpoint, and its digest is right." */
export interface Confirm {
  readonly kind: "confirm";
  readonly checkpoint: VersionId;
}

/** What a transaction is made of. */
export type Operation = Put | Del | Genesis | Grant | Redeem | Revoke | Checkpoint | Confirm;

/** The bytes of an operation, a leaf of the Merkle tree (lib/wire/PROTOCOL.md, "Operations"). */
export function encodeOperation(operation: Operation): Uint8Array {
  const writer = new Writer();
  writeOperation(writer, operation);
  return writer.finish();
}

/** The bytes of many operations, as views of one array: on Deno, a new one for each costs more than its bytes. */
export function encodeOperations(operations: readonly Operation[]): Uint8Array[] {
  const writer = new Writer(MEAN_LEAF_BYTES * operations.length);
  const ends = operations.map((operation) => {
    writeOperation(writer, operation);
    return writer.sizeBytes;
  });
  const bytes = writer.finish();
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

function writeOperation(writer: Writer, operation: Operation): void {
  writer.u8(OPERATION_KINDS[operation.kind]);
  switch (operation.kind) {
    case "put":
      writeKeyAndNames(writer, operation);
      writeAscii(writer, operation.media, MAX_MEDIA_BYTES);
      assert(operation.length <= MAX_VALUE_BYTES, "value within its limit");
      writer.u8(INLINE_VALUE).varint(operation.length).raw(operation.hash);
      break;
    case "del":
      writeKeyAndNames(writer, operation);
      break;
    case "genesis":
      writer.raw(operation.nonce).raw(operation.sealingKey);
      break;
    case "grant":
      writeGrant(writer, operation);
      break;
    case "redeem":
      writeVersionId(writer, operation.grant);
      writer.raw(operation.signature).raw(operation.sealingKey);
      break;
    case "revoke":
      writeRevoke(writer, operation);
      break;
    case "checkpoint":
      assert(operation.absent.length <= MAX_ABSENT_MEMBERS && isSortedSet(operation.absent), "absent members sorted");
      writeFrontier(writer, operation.frontier);
      writeIds(writer.raw(operation.digest), operation.absent);
      break;
    case "confirm":
      writeVersionId(writer, operation.checkpoint);
      break;
  }
}

/**
 * The operation in a leaf; only the one canonical encoding is taken. Its arrays are views of the input.
 *
 * @throws {ProtocolError} `malformed`.
 * @throws {UnsupportedError} for a kind, value kind, subject, role or target of a later version.
 */
export function decodeOperation(leaf: Uint8Array): Operation {
  const reader = new Reader(leaf);
  const operation = readOperation(reader);
  reader.end();
  return operation;
}

/** The UTF-8 of the key in the leaf of a put or del: it follows the kind and a length of 1 or 2 bytes. A view. */
export function keyBytesOf(leaf: Uint8Array): Uint8Array {
  const first = leaf[1] as number;
  if (first < 0x80) return leaf.subarray(2, 2 + first);
  return leaf.subarray(3, 3 + ((first & 0x7f) << 7) + (leaf[2] as number));
}

function readOperation(reader: Reader): Operation {
  const kind = reader.u8();
  switch (kind) {
    case OPERATION_KINDS.put:
      return readPut(reader);
    case OPERATION_KINDS.del:
      return { kind: "del", key: readText(reader, 1, MAX_KEY_BYTES), names: readNames(reader) };
    case OPERATION_KINDS.genesis:
      return { kind: "genesis", nonce: reader.raw(ID_BYTES), sealingKey: reader.raw(ID_BYTES) };
    case OPERATION_KINDS.grant:
      return readGrant(reader);
    case OPERATION_KINDS.redeem:
      return {
        kind: "redeem",
        grant: readVersionId(reader),
        signature: reader.raw(SIGNATURE_BYTES),
        sealingKey: reader.raw(ID_BYTES),
      };
    case OPERATION_KINDS.revoke:
      return readRevoke(reader);
    case OPERATION_KINDS.checkpoint:
      return {
        kind: "checkpoint",
        frontier: readFrontier(reader),
        digest: reader.raw(ID_BYTES),
        absent: readSortedIds(reader, MAX_ABSENT_MEMBERS),
      };
    case OPERATION_KINDS.confirm:
      return { kind: "confirm", checkpoint: readVersionId(reader) };
    default:
      throw new UnsupportedError("operation kind", kind);
  }
}

function readPut(reader: Reader): Put {
  const key = readText(reader, 1, MAX_KEY_BYTES);
  const names = readNames(reader);
  const media = readAscii(reader, MAX_MEDIA_BYTES);
  const valueKind = reader.u8();
  if (valueKind !== INLINE_VALUE) throw new UnsupportedError("value kind", valueKind);
  return { kind: "put", key, names, media, length: reader.varint(MAX_VALUE_BYTES), hash: reader.raw(ID_BYTES) };
}

function writeKeyAndNames(writer: Writer, { key, names }: Put | Del): void {
  writeText(writer, key, 1, MAX_KEY_BYTES);
  assert(names.length <= MAX_NAMES && areNamesSorted(names), "names are a sorted set within its limit");
  writer.varint(names.length);
  for (const name of names) writeVersionId(writer, name);
}

function readNames(reader: Reader): VersionId[] {
  const names: VersionId[] = [];
  for (let left = reader.varint(MAX_NAMES); left > 0; left--) names.push(readVersionId(reader));
  if (!areNamesSorted(names)) throw new ProtocolError("malformed", "names are not sorted and distinct");
  return names;
}

function areNamesSorted(names: readonly VersionId[]): boolean {
  for (let i = 1; i < names.length; i++) {
    if (compareVersionIds(names[i - 1] as VersionId, names[i] as VersionId) >= 0) return false;
  }
  return true;
}

function writeGrant(writer: Writer, grant: Grant): void {
  assert(grant.uses >= 1 && grant.uses <= MAX_INVITE_USES, "uses within their limit");
  assert(grant.subjectKind === "invite" || grant.uses === 1, "a grant to a peer has one use");
  writer.u8(SUBJECT_KINDS.indexOf(grant.subjectKind)).raw(grant.subject).u8(ROLES.indexOf(grant.role));
  writeText(writer, grant.prefix, 0, MAX_KEY_BYTES);
  writer.u48(grant.expiresMs).u48(grant.standingExpiresMs).varint(grant.uses).u8(grant.derivation).raw(grant.mac);
}

function readGrant(reader: Reader): Grant {
  const subjectNumber = reader.u8();
  const subjectKind = SUBJECT_KINDS[subjectNumber];
  if (subjectKind === undefined) throw new UnsupportedError("grant subject", subjectNumber);
  const subject = reader.raw(ID_BYTES);
  const roleNumber = reader.u8();
  const role = ROLES[roleNumber];
  if (role === undefined) throw new UnsupportedError("role", roleNumber);
  const prefix = readText(reader, 0, MAX_KEY_BYTES);
  const expiresMs = reader.u48();
  const standingExpiresMs = reader.u48();
  const uses = reader.varint(subjectKind === "invite" ? MAX_INVITE_USES : 1);
  if (uses === 0) throw new ProtocolError("malformed", "a grant without uses");
  const derivation = reader.u8();
  const mac = reader.raw(ID_BYTES);
  return {
    kind: "grant",
    subjectKind,
    subject,
    role,
    prefix,
    expiresMs,
    standingExpiresMs,
    uses,
    derivation,
    mac,
  };
}

function writeRevoke(writer: Writer, { target, frontier, sealed }: Revoke): void {
  if (target.kind === "peer") writer.u8(0).raw(target.peer);
  else writeVersionId(writer.u8(1), target.grant);
  writer.u8(frontier === null ? 0 : 1);
  if (frontier !== null) writeFrontier(writer, frontier);
  assert(sealed.length <= MAX_SEALED_SECRETS && areSealedSorted(sealed), "sealed secrets sorted, within their limit");
  writer.varint(sealed.length);
  for (const { recipient, box } of sealed) {
    assert(box.length <= MAX_SEALED_BYTES, "a sealed secret within its limit");
    writer.raw(recipient).blob(box);
  }
}

function readRevoke(reader: Reader): Revoke {
  const target = readTarget(reader);
  const frontier = readFlag(reader, "frontier flag") ? readFrontier(reader) : null;
  const sealed: SealedSecret[] = [];
  for (let left = reader.varint(MAX_SEALED_SECRETS); left > 0; left--) {
    sealed.push({ recipient: reader.raw(ID_BYTES), box: reader.blob(MAX_SEALED_BYTES) });
  }
  if (!areSealedSorted(sealed)) throw new ProtocolError("malformed", "sealed secrets are not sorted and distinct");
  return { kind: "revoke", target, frontier, sealed };
}

function readTarget(reader: Reader): Revoke["target"] {
  const kind = reader.u8();
  if (kind === 0) return { kind: "peer", peer: reader.raw(ID_BYTES) };
  if (kind === 1) return { kind: "invite", grant: readVersionId(reader) };
  throw new UnsupportedError("revoke target", kind);
}

function areSealedSorted(sealed: readonly SealedSecret[]): boolean {
  return sealed.every((secret, i) =>
    i === 0 || compare((sealed[i - 1] as SealedSecret).recipient, secret.recipient) < 0
  );
}
