import { hmacSha256 } from "../crypto/hash.ts";
import { inDomain, proofMessage } from "../wire/authenticated.ts";
import { DOMAINS } from "../wire/domains.ts";
import { dayMac } from "./lan_names.ts";

/**
 * Shows, after a handshake, that a peer may use a public relay, or that this is the relay that it took it for. It covers
 * who says it and in which direction, so that it can be neither echoed nor carried over to another link. 32 bytes.
 *
 * @param direction of the link as the prover sees it.
 */
export function relayAccessProof(
  accessKey: Uint8Array,
  handshakeHash: Uint8Array,
  direction: "out" | "in",
  peer: Uint8Array,
): Uint8Array {
  return hmacSha256(accessKey, inDomain(DOMAINS.relay_access, proofMessage(handshakeHash, direction, peer)));
}

/** Under which the doors of a ticket are met at a public relay on a day. 32 bytes. @param lanKey a LAN key of the ticket. */
export function relayTicketTag(lanKey: Uint8Array, day: number): Uint8Array {
  return dayMac(DOMAINS.relay_ticket, lanKey, day);
}
