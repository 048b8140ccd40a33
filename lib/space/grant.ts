import { constantTimeEqual, hmacSha256 } from "../crypto/hash.ts";
import { grantMessage, inDomain, proofMessage } from "../wire/authenticated.ts";
import { DOMAINS } from "../wire/domains.ts";
import type { Grant } from "../wire/operation.ts";
import type { Header } from "../wire/transaction.ts";

/** In place of a MAC, in a grant to a peer, whom nobody has to be lured away from. 32 bytes. */
export const NO_MAC: Uint8Array = new Uint8Array(32);

/**
 * The MAC that an inviter puts into a grant, so that a joiner, who knows only the ticket, can tell the true space
 * from one that somebody would lure it into (PROTOCOL.md, "Letting a machine in").
 *
 * @param macKey from the ticket.
 * @param grant its own `mac` is taken as zeroes.
 * @param place the previous transaction and the other parents of the transaction that carries the grant.
 */
export function grantMac(
  macKey: Uint8Array,
  space: Uint8Array,
  grant: Grant,
  place: Pick<Header, "previous" | "parents">,
): Uint8Array {
  return hmacSha256(macKey, inDomain(DOMAINS.grant, grantMessage(space, grant, place.previous, place.parents)));
}

/** Shows that a dialler holds the ticket of an invite, without telling a stranger which invite that is. */
export function knockTag(invitePublicKey: Uint8Array, handshakeHash: Uint8Array): Uint8Array {
  return hmacSha256(invitePublicKey, inDomain(DOMAINS.knock, handshakeHash));
}

/**
 * The proof of a shared space after a handshake. It covers who says it and in which direction, so that it can be
 * neither echoed nor carried over to another link.
 *
 * @param direction of the link as the prover sees it.
 */
export function spaceProof(
  epochSecret: Uint8Array,
  handshakeHash: Uint8Array,
  direction: "out" | "in",
  peerId: Uint8Array,
): Uint8Array {
  return hmacSha256(epochSecret, inDomain(DOMAINS.proof, proofMessage(handshakeHash, direction, peerId)));
}

/** Under which of the epoch secrets `mac` is a right proof; null for none. All are tried, so that timing tells nothing. */
export function secretOfProof(
  epochSecrets: readonly Uint8Array[],
  mac: Uint8Array,
  handshakeHash: Uint8Array,
  direction: "out" | "in",
  peerId: Uint8Array,
): Uint8Array | null {
  let found: Uint8Array | null = null;
  for (const secret of epochSecrets) {
    if (constantTimeEqual(spaceProof(secret, handshakeHash, direction, peerId), mac)) found = secret;
  }
  return found;
}
