import { fromBase32 } from "../base/base32.ts";
import { toHex } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { ProtocolError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import { forgetOldest } from "../base/forget_oldest.ts";
import { canonicalAddresses, ipOfEndpoint, isUnicast } from "../base/ip_address.ts";
import { DIAL_BACK_EVERY_MS, MAX_DIAL_BACKS, MAX_REACH_WITNESSES } from "../base/limits.ts";
import type { AddressBook } from "../mesh/address_book.ts";
import type { Connection, Links } from "./links.ts";
import { hostOf, portOf } from "./source_address.ts";

/** What dialling back works upon. */
export interface DialBackParts {
  readonly links: Links;
  readonly book: AddressBook;
  readonly emit: (event: PeerEvent) => void;
  readonly dial: (address: string) => void;
}

/** A dial for somebody else. */
interface Trial {
  readonly connection: number;
  readonly peer: string;
  readonly port: number;
}

/**
 * Dials members back that want to know whether they can be reached: only at the host that their link leads to, and only
 * at ports at which they say that they listen, so that nobody can have a third one dialled.
 */
export class DialBacks {
  readonly #parts: DialBackParts;
  /** By address. */
  readonly #trials = new Map<string, Trial>();
  /** When a member last had this peer dial, by its id; the longest ago first. */
  readonly #askedMs = new Map<string, number>();

  constructor(parts: DialBackParts) {
    this.#parts = parts;
  }

  /** A member asks for it. @throws {ProtocolError} `malformed` for a port that is none. */
  asked(connection: Connection, port: number, now: Now): void {
    if (port === 0) throw new ProtocolError("malformed", "not a port");
    const { number, peer, address } = connection;
    const target = `${hostOf(address)}:${port}`;
    const reason = this.#refusal(connection, target, now);
    if (reason !== null) {
      this.#parts.emit({ name: "dial_back_refused", level: "debug", reason, fields: { peer, address: target } });
      return;
    }
    this.#askedMs.delete(peer);
    this.#askedMs.set(peer, now.monotonicMs);
    forgetOldest(this.#askedMs, MAX_REACH_WITNESSES);
    this.#trials.set(target, { connection: number, peer, port });
    this.#parts.dial(target);
  }

  /** A dialled address was answered by a peer, or by nobody (null). */
  tried(address: string, peer: string | null): void {
    const trial = this.#trials.get(address);
    if (trial === undefined) return;
    this.#trials.delete(address);
    const { connection, port } = trial;
    this.#parts.links.send(connection, { type: "dialled_back", port, reached: peer === trial.peer }, "control");
  }

  /** An address was not dialled, for want of room here. Who asked takes no answer for one that has too much to do. */
  untried(address: string): void {
    const trial = this.#trials.get(address);
    if (!this.#trials.delete(address)) return;
    const fields = { peer: trial?.peer ?? "", address };
    this.#parts.emit({ name: "dial_back_refused", level: "debug", reason: "no room here", fields });
  }

  /** Why it is not done; null where it is. */
  #refusal({ isKnownMember, address, direction, peer }: Connection, target: string, now: Now): string | null {
    if (!isKnownMember) return "not_a_member";
    const ip = ipOfEndpoint(address);
    if (ip === null || !isUnicast(ip)) return "no address of the net";
    const claimed = canonicalAddresses(this.#parts.book.get(toHex(fromBase32(peer)))?.record?.addresses ?? []);
    const isClaimed = (direction === "out" && target === address) ||
      claimed.some((own) => portOf(own) === portOf(target));
    if (!isClaimed) return "it does not say that it listens there";
    const dueMs = (this.#askedMs.get(peer) ?? -Infinity) + DIAL_BACK_EVERY_MS;
    return this.#trials.size >= MAX_DIAL_BACKS || this.#trials.has(target) || now.monotonicMs < dueMs
      ? "too many"
      : null;
  }
}
