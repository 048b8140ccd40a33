import { concat, utf8Encode } from "../base/bytes.ts";
import { Writer } from "../base/writer.ts";
import { encodeOperation, type Grant } from "./operation.ts";
import { ID_BYTES, writeIds } from "./transaction.ts";

/**
 * What signatures and MACs cover, behind the domain string and its zero byte (lib/wire/PROTOCOL.md, "Domains").
 */

const ZEROES: Uint8Array = new Uint8Array(ID_BYTES);

/**
 * What a writer signs, in the domain `transaction`.
 *
 * @param space the space id (32 bytes); null for the transaction of the genesis, whose own id it will be.
 */
export function transactionMessage(space: Uint8Array | null, header: Uint8Array): Uint8Array {
  return concat([space ?? ZEROES, header]);
}

/**
 * What the ticket's MAC key authenticates, in the domain `grant`: the grant without its MAC, and its place in the
 * history, so that a joiner can be lured into no other space and no other past.
 *
 * @param previous the previous id of the grant's transaction; null at sequence 1.
 * @param parents the other parents of the grant's transaction.
 */
export function grantMessage(
  space: Uint8Array,
  grant: Grant,
  previous: Uint8Array | null,
  parents: readonly Uint8Array[],
): Uint8Array {
  const writer = new Writer();
  writer.raw(space).raw(encodeOperation({ ...grant, mac: ZEROES })).raw(previous ?? ZEROES);
  writeIds(writer, parents);
  return writer.finish();
}

/** What the invite key signs, in the domain `redeem`. */
export function redeemMessage(space: Uint8Array, joiner: Uint8Array): Uint8Array {
  return concat([space, joiner]);
}

/**
 * What the epoch secret authenticates, in the domain `proof`.
 *
 * @param direction of the link as the prover sees it: `out` for who dialled.
 * @param peer the prover's own id.
 */
export function proofMessage(handshakeHash: Uint8Array, direction: "out" | "in", peer: Uint8Array): Uint8Array {
  return concat([handshakeHash, Uint8Array.of(direction === "out" ? 0 : 1), peer]);
}

/** The whole of what a signature or MAC is made over: domain, a zero byte, message. */
export function inDomain(domain: string, message: Uint8Array): Uint8Array {
  return concat([utf8Encode(domain), Uint8Array.of(0), message]);
}
