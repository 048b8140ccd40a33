import { fromBase32 } from "../base/base32.ts";
import { equal } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { type CloseReason, ProtocolError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import { constantTimeEqual } from "../crypto/hash.ts";
import { MAX_PARENTS } from "../base/limits.ts";
import type { Identity } from "../crypto/identity.ts";
import type { HybridClock } from "../data/clock.ts";
import { MerkleTree } from "../data/merkle_tree.ts";
import { checkTransaction, type Verify } from "../data/transaction.ts";
import type { Act } from "../space/acts.ts";
import { knockTag, secretOfProof, spaceProof } from "../space/grant.ts";
import type { Membership } from "../space/membership.ts";
import type { Store } from "../store/store.ts";
import type { Grant } from "../wire/operation.ts";
import { sameVersion } from "../wire/transaction.ts";
import type { Message } from "../wire/message.ts";
import type { Applier } from "./applier.ts";
import type { Epochs } from "./epochs.ts";
import type { Farewells } from "./farewells.ts";
import type { Connection, Links } from "./links.ts";
import type { Stage } from "./stage.ts";
import type { LiveTree } from "./live_tree.ts";
import type { SpaceState } from "./space_state.ts";

/** What admission works upon. */
export interface AdmissionParts {
  readonly identity: Identity;
  readonly store: Store;
  readonly clock: HybridClock;
  readonly verify: Verify;
  readonly space: SpaceState;
  readonly epochs: Epochs;
  readonly membership: Membership;
  readonly applier: Applier;
  readonly links: Links;
  readonly emit: (event: PeerEvent) => void;
  readonly farewells: Farewells;
  readonly tree: LiveTree;
  /** The other side has shown that it belongs here. */
  readonly admitted: (connection: Connection, now: Now) => void;
}

/**
 * Who belongs here, seen from inside the space: the proof of a shared space, and the door at which a joiner is let in
 * (DESIGN 8). Strangers learn nothing but a peer id.
 */
export class Admission {
  readonly #parts: AdmissionParts;
  /** The grant that was shown on each connection at the door. */
  readonly #offered = new Map<number, Act<Grant>>();
  /** How often each member has refused what this peer showed, since it last took it. */
  readonly #tries = new Map<string, number>();

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /**
   * Whether the other side may be linked, given that it proves to share the space. One that this peer has never heard
   * of may: another member may have let it in while this peer was away.
   */
  mayLink(peer: Uint8Array, now: Now): boolean {
    const { membership } = this.#parts;
    if (!membership.wasAdmitted(peer)) return true;
    const standing = membership.standingOf(peer);
    return standing !== null && (standing.expiresMs === 0 || now.wallMs < standing.expiresMs);
  }

  /** Whether a peer is a member now, as far as this peer knows. */
  isMember(peer: Uint8Array, now: Now): boolean {
    return this.#parts.membership.wasAdmitted(peer) && this.mayLink(peer, now);
  }

  /** Whether a member has refused all epochs in turn: it takes this peer for a stranger. */
  isStrangerTo(peer: string, now: Now): boolean {
    const count = this.#parts.epochs.all().length;
    return count > 0 && this.#triedBy(peer, now) % (count + 1) === count;
  }

  /**
   * Shows, as the dialler, that this peer shares the space: by the newest epoch, and to a member that did not take that,
   * since it may have yet to hear of it, by those before it in turn.
   */
  prove(connection: Connection, now: Now): void {
    const epochs = this.#parts.epochs.all();
    const turn = this.#triedBy(connection.peer, now) % (epochs.length + 1);
    const epoch = epochs.at(-1 - turn) ?? epochs.at(-1);
    if (epoch === undefined) throw new ProtocolError("not_a_member", "this peer is in no space");
    this.#prove(connection, epoch.secret);
  }

  #triedBy(peer: string, now: Now): number {
    return this.#isKnown(peer, now) ? this.#tries.get(peer) ?? 0 : 0;
  }

  /** A proof came in: the listener checks first, and only then answers, by the same epoch. */
  proved(connection: Connection, mac: Uint8Array, now: Now): void {
    const secrets = this.#parts.epochs.all().map(({ secret }) => secret);
    const peer = fromBase32(connection.peer);
    const theirDirection = connection.direction === "in" ? "out" : "in";
    const secret = secretOfProof(secrets, mac, hashOf(connection), theirDirection, peer);
    const { farewells, links } = this.#parts;
    // It was a member, and shows it: no secret is given away.
    if (secret !== null && farewells.isDueTo(peer)) {
      links.close(connection, "member_left", now, "", farewells.to(connection, now));
      return farewells.spoke(connection.peer);
    }
    // By a former epoch anybody could prove who was ever removed.
    const isNewest = secret !== null && secret === secrets.at(-1);
    if (secret === null || !(isNewest ? this.mayLink(peer, now) : this.isMember(peer, now))) {
      throw new ProtocolError("not_a_member", "no proof of a shared space");
    }
    if (connection.direction === "in") this.#prove(connection, secret);
    this.#parts.admitted(connection, now);
  }

  /** A joiner knocked: where its ticket is good here, the grant is shown, with the heads to build upon. */
  knocked(connection: Connection, tag: Uint8Array, now: Now): void {
    const { store, clock, space, links, emit } = this.#parts;
    const id = space.space;
    const grant = this.#grantOfKnock(connection, tag, now);
    if (id === null || grant === null) {
      throw new ProtocolError("refused_ticket", "it is unknown here, used up, expired or closed");
    }
    const carrier = store.transactionByRow(grant.row);
    const leaves = store.load(grant.row).operations.map(({ leaf }) => leaf);
    this.#offered.set(connection.number, grant);
    connection.stage = "door";
    const { peer, address } = connection;
    emit({ name: "stranger_waiting", level: "info", fields: { peer, address } });
    links.send(connection.number, {
      type: "offer",
      space: id,
      grantHeader: carrier.headerBytes,
      grantSignature: carrier.signature,
      grantLeaf: leaves[grant.version.index] as Uint8Array,
      grantIndex: grant.version.index,
      grantPath: MerkleTree.over(leaves).path(grant.version.index),
      heads: store.tips().slice(0, MAX_PARENTS),
      clock: clock.last,
    }, "control");
  }

  /** The joiner's first transaction came in: applied, it is a member, and gets the secrets by which members link. */
  redeemed(connection: Connection, message: Extract<Message, { type: "redeem" }>, now: Now): void {
    const { applier, membership, space, links, store, verify } = this.#parts;
    const id = space.space;
    const grant = this.#offered.get(connection.number);
    if (id === null || grant === undefined) throw new ProtocolError("bad_state", "redeem without offer");
    const transaction = checkTransaction(message.transaction, id, verify);
    const first = transaction.operations[0]?.operation;
    const fits = first?.kind === "redeem" && equal(transaction.header.peer, fromBase32(connection.peer)) &&
      sameVersion(first.grant, grant.version);
    if (!fits) throw new ProtocolError("refused_ticket", "the redeem is not of the grant that was shown");
    if (!store.hasTransaction(transaction.id) && !this.#cameInBy(grant, transaction.header.peer, now)) {
      // Since the offer it may have been used elsewhere, closed, or come to its end.
      if (!membership.isOpen(grant, now.wallMs)) throw new ProtocolError("refused_ticket", "it is not open any more");
      applier.receive(message.transaction, id, connection.number, now.wallMs);
      // Another door made the offer, and this one is behind it: the ticket is good, and the joiner tries again.
      if (!store.hasTransaction(transaction.id)) {
        throw new ProtocolError("bad_state", "its parents are unknown here yet");
      }
      this.#parts.tree.pushed(connection.number, transaction.id, 1, false);
    }
    // It may be an old one, whose standing has ended since: the ticket can be redeemed anew where it is good for more.
    if (!this.isMember(transaction.header.peer, now)) throw new ProtocolError("refused_ticket", "that has ended");
    this.#offered.delete(connection.number);
    connection.isKnownMember = true;
    links.send(connection.number, { type: "welcome", epochs: this.#parts.epochs.all() }, "control");
    this.#parts.admitted(connection, now);
  }

  /** A member is linked: it knows this peer. */
  linked(peer: string): void {
    this.#tries.delete(peer);
  }

  /** Whether members refuse this peer. */
  get isRefused(): boolean {
    return this.#tries.size > 0;
  }

  /** A connection is gone. @param stageBefore how far it had come. */
  closed(connection: Connection, stageBefore: Stage, reason: CloseReason, now: Now): void {
    this.#offered.delete(connection.number);
    const { peer, direction } = connection;
    const refused = stageBefore === "joining" || (stageBefore === "proving" && reason === "not_a_member");
    if (direction === "in" || !refused) return;
    if (this.#isKnown(peer, now)) this.#tries.set(peer, (this.#tries.get(peer) ?? 0) + 1);
  }

  /** Whether it has, or once had, a secret in common with this peer, and is dialled. */
  #isKnown(peer: string, now: Now): boolean {
    const id = fromBase32(peer);
    return this.isMember(id, now) || this.#parts.farewells.seeks(id);
  }

  #prove(connection: Connection, secret: Uint8Array): void {
    const { identity, links } = this.#parts;
    const mac = spaceProof(secret, hashOf(connection), connection.direction, identity.peerId);
    links.send(connection.number, { type: "prove", mac }, "control");
  }

  /** The grant whose ticket the knock shows: an open one, or one that this very joiner has redeemed before. */
  #grantOfKnock(connection: Connection, tag: Uint8Array, now: Now): Act<Grant> | null {
    const { membership } = this.#parts;
    const hash = hashOf(connection);
    const joiner = fromBase32(connection.peer);
    for (const grant of membership.invites()) {
      if (!constantTimeEqual(knockTag(grant.operation.subject, hash), tag)) continue;
      return membership.isOpen(grant, now.wallMs) || this.#cameInBy(grant, joiner, now) ? grant : null;
    }
    return null;
  }

  /** Whether a peer is a member by having redeemed an invite. */
  #cameInBy(grant: Act<Grant>, peer: Uint8Array, now: Now): boolean {
    const { membership } = this.#parts;
    return this.isMember(peer, now) && membership.redeemsOf(grant.version).some((redeem) => equal(redeem.peer, peer));
  }
}

/** The hash of a finished handshake. */
export function hashOf(connection: Connection): Uint8Array {
  const hash = connection.link.handshakeHash;
  if (hash === null) throw new ProtocolError("bad_state", "the handshake is not finished");
  return hash;
}
