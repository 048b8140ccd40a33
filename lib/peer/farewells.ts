import { fromBase32, toBase32 } from "../base/base32.ts";
import { equal } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { type CloseReason, ProtocolError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import { MAX_FAREWELL_ROWS, MAX_FAREWELL_TRANSACTIONS, MAX_STRANGER_FRAME_BYTES } from "../base/limits.ts";
import type { Identity } from "../crypto/identity.ts";
import type { Membership } from "../space/membership.ts";
import { parentsOf } from "../store/heads.ts";
import type { Store } from "../store/store.ts";
import { bundleSizeBytes, type TransactionBytes } from "../wire/bundle.ts";
import type { Message } from "../wire/message.ts";
import { decodeOperation } from "../wire/operation.ts";
import { decodeHeader } from "../wire/transaction.ts";
import type { Applier } from "./applier.ts";
import type { Connection } from "./links.ts";
import type { SpaceState } from "./space_state.ts";

/** What farewells are made of. */
export interface FarewellParts {
  readonly identity: Identity;
  readonly store: Store;
  readonly space: SpaceState;
  readonly membership: Membership;
  readonly applier: Applier;
  readonly emit: (event: PeerEvent) => void;
}

/** The messages that a farewell is made of. */
export type FarewellMessage = Extract<Message, { type: "transactions" }>;

/** How much of a farewell has come on a connection. */
interface Hearing {
  transactions: number;
  /** Whether it tells of a removal that does not prevail, so that nothing of it is taken in. */
  readonly isVain: boolean;
}

/** Transactions in one message, which also a stranger may send: a little of its frame is left for what is around them. */
const MESSAGE_BYTES = MAX_STRANGER_FRAME_BYTES - 64;
/** How often one that goes on dialling is told more than the revoke: what that builds upon takes a while to find. */
const PAST_EVERY_MS = 5_000;

/**
 * What a removed member is told before its link is closed, and what this peer is told when it is the one: the revoke, and
 * the membership transactions that it builds upon and the removed one lacks, so that both judge alike. No data goes, and
 * so where the revoke builds upon data that the other one lacks, it has the word of who tells it, and the revoke alone.
 */
export class Farewells {
  readonly #parts: FarewellParts;
  readonly #tellers = new Set<string>();
  /** Removed members with whom this peer has spoken about that, by base32 id. */
  readonly #spoken = new Set<string>();
  readonly #hearings = new Map<number, Hearing>();
  /** When each removed member was last told all, by base32 id. */
  readonly #saidMs = new Map<string, number>();

  constructor(parts: FarewellParts) {
    this.#parts = parts;
  }

  /** The last messages to a member that is none any more; none for one that is a member, or never was. */
  to({ peer, stage }: Connection, now: Now): FarewellMessage[] {
    const { membership, store } = this.#parts;
    const id = fromBase32(peer);
    const end = membership.endOf(id);
    if (end === null) return [];
    const revoke = store.load(end.row);
    // It may be long where many remain, for each of whom it holds a secret.
    if (stage !== "member" && bundleSizeBytes(revoke) > MESSAGE_BYTES) return [];
    const isSoon = now.monotonicMs < (this.#saidMs.get(peer) ?? -Infinity) + PAST_EVERY_MS;
    if (!isSoon) this.#saidMs.set(peer, now.monotonicMs);
    const lacked = isSoon ? [] : this.#lackedBy(id, end.row);
    return inMessages([revoke, ...lacked.map((row) => store.load(row))]);
  }

  /** Whether somebody was a member, and is none any more. */
  isDueTo(peer: Uint8Array): boolean {
    return this.#parts.membership.endOf(peer) !== null;
  }

  /**
   * Whether a member that this peer removed is looked for all the same: it may have removed this peer, too, and prevail,
   * and while each refuses the other nobody else may be there to say so.
   */
  seeks(peer: Uint8Array): boolean {
    const { identity, membership } = this.#parts;
    if (this.#spoken.has(toBase32(peer)) || membership.standingOf(identity.peerId) === null) return false;
    const end = membership.endOf(peer);
    return end !== null && equal(end.peer, identity.peerId) && membership.removal.mayPrevail(peer, end);
  }

  /** Those that are looked for. */
  sought(): Uint8Array[] {
    return this.#parts.membership.removed().map(({ peer }) => peer).filter((peer) => this.seeks(peer));
  }

  /**
   * A part of a farewell came in, on a link that is not one of members so far.
   *
   * @throws {ProtocolError} where it is none, or too long.
   */
  received(connection: Connection, message: FarewellMessage, now: Now): void {
    const { applier, space } = this.#parts;
    const id = space.space;
    const hearing = this.#hearings.get(connection.number) ?? this.#begin(connection, message);
    this.#hearings.set(connection.number, hearing);
    hearing.transactions += message.list.length;
    if (hearing.transactions > MAX_FAREWELL_TRANSACTIONS) throw new ProtocolError("too_large", "a farewell");
    if (hearing.isVain || id === null) return;
    for (const bytes of message.list) {
      if (decodeHeader(bytes.header).class !== "membership") throw new ProtocolError("bad_state", "data in a farewell");
      applier.receive(bytes, id, connection.number, now.wallMs);
    }
  }

  /** A connection is gone. @param reason why the other side closed it; null where it did not. */
  closed({ number, peer }: Connection, reason: CloseReason | null): void {
    if (this.#hearings.delete(number)) this.spoke(peer);
    if (reason === "member_left") this.#heard(peer);
  }

  /**
   * A member says that this peer is none any more. It may lie, or know of a revoke that this peer will never receive:
   * people are told, and nothing else follows from it.
   */
  #heard(teller: string): void {
    const { membership, identity, emit } = this.#parts;
    if (membership.standingOf(identity.peerId) === null || !this.#hasASay(fromBase32(teller))) return;
    if (this.#tellers.has(teller)) return;
    this.#tellers.add(teller);
    emit({ name: "told_removed", level: "warning", reason: "member_left", fields: { peer: teller } });
  }

  /** A member links: whatever it said before, this peer is a member to it. */
  linked(peer: string): void {
    this.#tellers.delete(peer);
  }

  /** Somebody who is looked for was told, or has told. */
  spoke(peer: string): void {
    this.#spoken.add(peer);
  }

  /** Base32 ids of the members that say so. */
  tellers(): readonly string[] {
    return [...this.#tellers];
  }

  /** It begins with the revoke: who wrote that tells whether the rest is worth taking. */
  #begin({ peer }: Connection, message: FarewellMessage): Hearing {
    const [first] = message.list;
    const revokes = first?.operations.some(({ leaf }) => decodeOperation(leaf).kind === "revoke");
    if (first === undefined || revokes !== true || !this.#hasASay(fromBase32(peer))) {
      throw new ProtocolError("bad_state", `${message.type} before hello`);
    }
    return { transactions: 0, isVain: !this.#hasASay(decodeHeader(first.header).peer) };
  }

  /** Whether what a peer says of members may count: it is one, or was, and ranks before who removed it. */
  #hasASay(peer: Uint8Array): boolean {
    const { membership } = this.#parts;
    if (membership.standingOf(peer) !== null) return true;
    const end = membership.endOf(peer);
    return end !== null && membership.removal.mayPrevail(peer, end);
  }

  /**
   * Rows of what a removal builds upon, but for what the removed one built upon itself; none where it is too much, or
   * where some of it is data.
   */
  #lackedBy(peer: Uint8Array, revokeRow: number): number[] {
    const { store } = this.#parts;
    const heads = store.frontier().filter(({ writer }) => equal(writer.peer, peer)).flatMap(({ heads }) => heads);
    const held = new Set(heads.flatMap(({ id }) => store.transaction(id)?.row ?? []));
    const wanted = new Set(this.#parentsOf(revokeRow));
    const lacked: number[] = [];
    // Every transaction comes behind its parents: once a row is reached, all that builds upon it was seen.
    let row = Math.max(revokeRow, ...held);
    for (let seen = 0; row > 0 && wanted.size > 0; row--) {
      const isWanted = wanted.delete(row);
      const isHeld = held.delete(row);
      if (!isWanted && !isHeld) continue;
      if (++seen > MAX_FAREWELL_ROWS) return [];
      const isData = store.transactionByRow(row).header.class === "data";
      if (!isHeld && (isData || lacked.push(row) >= MAX_FAREWELL_TRANSACTIONS)) return [];
      for (const parent of this.#parentsOf(row)) (isHeld ? held : wanted).add(parent);
    }
    return lacked.reverse();
  }

  #parentsOf(row: number): number[] {
    const { store } = this.#parts;
    return parentsOf(store.transactionByRow(row).header).flatMap((id) => store.transaction(id)?.row ?? []);
  }
}

/** In messages that also a stranger may send. */
function inMessages(list: readonly TransactionBytes[]): FarewellMessage[] {
  const messages: TransactionBytes[][] = [];
  let leftBytes = 0;
  for (const one of list) {
    const sizeBytes = bundleSizeBytes(one);
    leftBytes -= sizeBytes;
    if (messages.length > 0 && leftBytes >= 0) messages.at(-1)?.push(one);
    else {
      messages.push([one]);
      leftBytes = MESSAGE_BYTES - sizeBytes;
    }
  }
  return messages.map((list) => ({ type: "transactions", list }));
}
