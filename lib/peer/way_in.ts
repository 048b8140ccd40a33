import { equal } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import { constantTimeEqual, sha256 } from "../crypto/hash.ts";
import { signWith } from "../crypto/identity.ts";
import { SigningKey } from "../crypto/sign.ts";
import { verifyMerklePath } from "../data/merkle.ts";
import type { Verify } from "../data/transaction.ts";
import type { Act } from "../space/acts.ts";
import { grantMac } from "../space/grant.ts";
import { redeemMessage, transactionMessage } from "../wire/authenticated.ts";
import { DOMAINS } from "../wire/domains.ts";
import type { Offer } from "../wire/door_messages.ts";
import { decodeOperation, type Grant, type Redeem } from "../wire/operation.ts";
import { decodeHeader, sameVersion, type VersionId } from "../wire/transaction.ts";
import type { TicketKeys } from "./machine.ts";

/** The grant that a door shows. */
export interface ShownGrant {
  readonly version: VersionId;
  /** How often it may be redeemed. */
  readonly uses: number;
}

/** By what a peer may be let in at a door. */
export interface WayIn {
  /** Public key of the invite, by which a knock shows it. */
  readonly invite: Uint8Array;
  /** The grant of an offer, checked. @throws {ProtocolError} `refused_ticket` where it is not the one that was meant. */
  check(offer: Offer, verify: Verify): ShownGrant;
  /** The invite key's signature in a redeem of this peer. */
  sign(space: Uint8Array, joiner: Uint8Array): Uint8Array;
}

/** In by a ticket: whoever gave it must have made the very grant that a door shows. */
export function byTicket({ inviteSeed, macKey }: TicketKeys): WayIn {
  const key = SigningKey.fromSeed(inviteSeed);
  return {
    invite: key.publicKey,
    check: (offer, verify) => checkTicketOffer(offer, key.publicKey, macKey, verify),
    sign: (space, joiner) => signWith(key, DOMAINS.redeem, redeemMessage(space, joiner)),
  };
}

/**
 * In again by the invite through which this peer came in, at a door that has not heard of it: the invite's signature
 * stands in the redeem, and covers no place, so that the ticket is not needed.
 */
export function byRedeem(redeem: Act<Redeem>, grant: Act<Grant>, space: Uint8Array): WayIn {
  return {
    invite: grant.operation.subject,
    check: (offer) => {
      const isSame = equal(offer.space, space) && sameVersion(versionOf(offer), grant.version);
      if (!isSame) throw lured("the invite it shows is not the one by which this peer came in");
      return { version: grant.version, uses: grant.operation.uses };
    },
    sign: () => redeem.operation.signature,
  };
}

function checkTicketOffer(offer: Offer, invite: Uint8Array, macKey: Uint8Array, verify: Verify): ShownGrant {
  const header = decodeHeader(offer.grantHeader);
  const operation = decodeOperation(offer.grantLeaf);
  if (operation.kind !== "grant" || operation.subjectKind !== "invite") throw lured("what it shows is no invite");
  const grant: Grant = operation;
  if (!equal(grant.subject, invite)) throw lured("the invite it shows is of another ticket");
  if (!constantTimeEqual(grantMac(macKey, offer.space, grant, header), grant.mac)) {
    throw lured("the invite it shows was not made by who gave the ticket");
  }
  const inTree = verifyMerklePath(
    offer.grantLeaf,
    offer.grantIndex,
    header.operationCount,
    offer.grantPath,
    header.root,
  );
  const signed = transactionMessage(offer.space, offer.grantHeader);
  if (!inTree || !verify(DOMAINS.transaction, header.peer, signed, offer.grantSignature)) {
    throw lured("the invite it shows is not signed");
  }
  return { version: versionOf(offer), uses: grant.uses };
}

function versionOf({ grantHeader, grantIndex }: Offer): VersionId {
  return { transaction: sha256(grantHeader), index: grantIndex };
}

function lured(detail: string): ProtocolError {
  return new ProtocolError("refused_ticket", detail);
}
