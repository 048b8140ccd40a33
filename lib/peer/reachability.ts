import { fromBase32 } from "../base/base32.ts";
import { toHex } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { ProtocolError } from "../base/errors.ts";
import { canonicalAddress, ipOfEndpoint, isPublic, isUnicast } from "../base/ip_address.ts";
import { forgetOldest } from "../base/forget_oldest.ts";
import {
  DIAL_BACK_EVERY_MS,
  MAX_ASKED_WITNESSES,
  MAX_OWN_TRIALS,
  MAX_REACH_WITNESSES,
  PROVE_AGAIN_MS,
  REACH_WITNESSES,
} from "../base/limits.ts";
import type { AddressBook } from "../mesh/address_book.ts";
import type { PunchMessage } from "../wire/punch_messages.ts";
import type { DialledBack, ReachMessage, Seen } from "../wire/reach_messages.ts";
import { DialBacks } from "./dial_backs.ts";
import { advertisedPort } from "./dialable_address.ts";
import type { Connection } from "./links.ts";
import type { Input } from "./machine.ts";
import { type NatKinds, natsOf } from "./nat_kind.ts";
import { ProvenAddresses, type ReachedAddress } from "./proven_addresses.ts";
import { Punches, type PunchFailure, type PunchParts, type PunchView } from "./punches.ts";
import { hostOf, portOf } from "./source_address.ts";

/** How often it is looked whether somebody is to be asked: also how long an answer may take. */
const LOOK_EVERY_MS = 30_000;

/** Under this name is kept what this peer found itself; nobody has it for an id. */
const ITSELF = "";

/** What reachability works upon. */
export interface ReachabilityParts extends Omit<PunchParts, "isSeenFromBeyond" | "nameOf"> {
  readonly dial: (address: string) => void;
  readonly book: AddressBook;
  /** Where this peer listens. */
  readonly self: { readonly addresses: readonly string[] };
  /** How many other members there are. */
  readonly others: () => number;
  /** Where members reached this peer changed: others are to be told. */
  readonly provenChanged: (now: Now) => void;
}

/** How others see and reach this peer. */
export interface ReachView {
  /** Whether members reach it from outside of its own network; null while none has tried. */
  readonly reachable: boolean | null;
  /** What is between it and the members that it dialled. */
  readonly nat: NatKinds;
  /** Where members reached it, or tried to: the latest first. */
  readonly addresses: readonly ReachedAddress[];
  /** At which addresses members have it. */
  readonly seen: readonly { readonly address: string; readonly by: string }[];
}

/** What a member says of this peer on one link. */
interface Witness {
  readonly connection: Connection;
  /** At what address it has this peer. */
  readonly seen: string;
  /** When it was asked to dial back. */
  askedMs: number;
  /** The address that it tries or tried, until it is known what came of that; null for none. */
  tries: string | null;
  hasCome: boolean;
  saysReached: boolean;
}

/**
 * Whether others can reach this peer, and where. Only others can tell: each end of a link tells the other one at what
 * address it has it, and dials it there where it asks for that. What one of them says counts for little: it must have
 * come indeed, and others must say the same (`ProvenAddresses`).
 */
export class Reachability {
  readonly #parts: ReachabilityParts;
  readonly #dialBacks: DialBacks;
  readonly #proven: ProvenAddresses;
  /** How members become reachable that are not. */
  readonly #punches: Punches;
  /** By link. */
  readonly #witnesses = new Map<number, Witness>();
  /** As it was when somebody could tell last, since links come and go. */
  #nat: NatKinds = { ipv4: null, ipv6: null };
  /** The address at which this peer dials itself, or did last, and since when. */
  #own: { readonly address: string; readonly sinceMs: number; isOver: boolean } | null = null;
  /** When what a member says was tried last, by its base32 id, the longest ago first. */
  readonly #turns = new Map<string, number>();
  #dueMs = Infinity;
  #told = "";

  constructor(parts: ReachabilityParts) {
    this.#parts = parts;
    this.#dialBacks = new DialBacks(parts);
    this.#proven = new ProvenAddresses();
    this.#punches = new Punches({
      ...parts,
      isSeenFromBeyond: (number) => {
        const witness = this.#witnesses.get(number);
        return witness !== undefined && this.#isBeyond(witness);
      },
      nameOf: (peer) => parts.book.get(toHex(fromBase32(peer)))?.record?.name ?? "",
    });
  }

  /** Where others reached this peer, besides where it knows itself to listen, the latest first. */
  get proven(): readonly string[] {
    return this.#proven.told;
  }

  /** A link to a member is open. Of one that has no address of the net there is nothing to tell. */
  linked(connection: Connection, now: Now): void {
    const { number, address } = connection;
    const ip = ipOfEndpoint(address);
    if (ip !== null && isUnicast(ip)) this.#parts.links.send(number, { type: "seen", address }, "control");
    this.#punches.linked(connection, now);
  }

  /** A member's link is closed. */
  unlinked(connection: Connection): void {
    this.#witnesses.delete(connection.number);
    this.#punches.unlinked(connection);
  }

  /** A member said something about it. @throws {ProtocolError} */
  received(connection: Connection, message: ReachMessage | PunchMessage, now: Now): void {
    switch (message.type) {
      case "seen":
        return this.#seenBy(connection, message, now);
      case "dial_back":
        return this.#dialBacks.asked(connection, message.port, now);
      case "dialled_back":
        return this.#dialledBack(connection, message, now);
      case "quic_port":
      case "punch":
        return this.#punches.received(connection, message, now);
    }
  }

  /** Takes an input that is about QUIC. */
  take(input: Extract<Input, { type: "quic" | "quic_seen" }>, now: Now): void {
    this.#punches.take(input, now);
  }

  /** The other side of a connection is authenticated: it may have been dialled for somebody, or come because of that. */
  opened(connection: Connection, now: Now): void {
    if (connection.direction === "out") return this.#dialBacks.tried(connection.address, connection.peer);
    // What comes through somebody else shows nothing.
    if (ipOfEndpoint(connection.address) === null) return;
    for (const witness of this.#witnesses.values()) {
      if (witness.connection.peer !== connection.peer || witness.tries === null || witness.hasCome) continue;
      witness.hasCome = true;
      this.#look(now);
    }
  }

  /** A dial, or the connection that came of it, led to no link. */
  failed(address: string): void {
    this.#dialBacks.tried(address, null);
  }

  /** An address was not dialled, for want of room here: nobody is told that it can't be reached. */
  untried(address: string): void {
    this.#dialBacks.untried(address);
  }

  /** This peer dialled itself at an address, and came in here. */
  cameBack(address: string, now: Now): void {
    if (this.#own === null || this.#own.isOver || this.#own.address !== address) return;
    this.#own.isOver = true;
    this.#proven.found(ITSELF, address, true, now, MAX_OWN_TRIALS);
    this.#look(now);
  }

  /** This machine's addresses changed: what was found holds no more. */
  networkChanged(now: Now): void {
    this.#proven.clear();
    this.#nat = { ipv4: null, ipv6: null };
    this.#own = null;
    for (const witness of this.#witnesses.values()) Object.assign(witness, { askedMs: -Infinity, tries: null });
    this.#punches.networkChanged(now);
    this.#look(now);
  }

  /** Does what is due. */
  tick(now: Now): void {
    this.#punches.tick(now);
    if (now.monotonicMs < this.#dueMs) return;
    this.#dueMs = Infinity;
    this.#look(now);
    this.#tryItself(now);
  }

  /** The monotonic time in ms at which `tick` is due; Infinity for never. */
  deadline(): number {
    return Math.min(this.#dueMs, this.#punches.deadline());
  }

  /** What is known. */
  view(): ReachView {
    const addresses = this.#proven.view();
    return {
      reachable: addresses.some(({ reachedBy }) => reachedBy > 0) ? true : addresses.length > 0 ? false : null,
      nat: this.#nat,
      addresses,
      seen: [...this.#known()].map(({ seen, connection }) => ({ address: seen, by: connection.peer })),
    };
  }

  /** What is known of UDP here, and of attempts to open routers. */
  get punch(): PunchView {
    return this.#punches.view();
  }

  /** Why a member that is relayed is not reached through a hole; null while that is tried, or about to be. */
  punchFailureOf(connection: Connection): PunchFailure | null {
    return this.#punches.failureOf(connection);
  }

  #seenBy(connection: Connection, { address }: Seen, now: Now): void {
    // What comes through somebody else shows nothing.
    if (connection.relay !== null) return;
    const ip = ipOfEndpoint(address);
    if (ip === null || !isUnicast(ip)) throw new ProtocolError("malformed", "not an address of this peer");
    if (this.#witnesses.has(connection.number)) throw new ProtocolError("bad_state", "a second address of this peer");
    // Who dialled has come, and says where to.
    const isIn = connection.direction === "in";
    const seen = canonicalAddress(address);
    const tries = isIn && this.#isBeyond({ connection, seen }) ? seen : null;
    const witness = { connection, seen, askedMs: -Infinity, tries, hasCome: isIn, saysReached: isIn };
    this.#witnesses.set(connection.number, witness);
    this.#look(now);
  }

  #dialledBack({ number }: Connection, { port, reached }: DialledBack, now: Now): void {
    const witness = this.#witnesses.get(number);
    if (witness === undefined || witness.tries !== `${hostOf(witness.seen)}:${port}`) return;
    if (reached) witness.saysReached = true;
    else this.#settle(witness, false, now);
    this.#look(now);
  }

  /** What a member tried is over. */
  #settle(witness: Witness, reached: boolean, now: Now): void {
    const { connection: { peer, isKnownMember }, tries } = witness;
    if (tries !== null && isKnownMember) this.#proven.found(peer, tries, reached, now);
    witness.tries = null;
  }

  /** Looks what is known now, tells where that is news, and asks where too little is known. */
  #look(now: Now): void {
    const { self, provenChanged } = this.#parts;
    for (const witness of this.#known()) {
      // It counts once it says that it came, and has: the one may be heard before the other.
      if (witness.hasCome && witness.saysReached) this.#settle(witness, true, now);
    }
    const { ipv4, ipv6 } = natsOf([...this.#known()].filter(({ connection }) => connection.direction === "out"));
    this.#nat = { ipv4: ipv4 ?? this.#nat.ipv4, ipv6: ipv6 ?? this.#nat.ipv6 };
    if (this.#own?.isOver === false && now.monotonicMs >= this.#own.sinceMs + LOOK_EVERY_MS) {
      this.#own.isOver = true;
      this.#proven.found(ITSELF, this.#own.address, false, now, MAX_OWN_TRIALS);
    }
    if (this.#proven.tell(this.#needed, self.addresses, now)) provenChanged(now);
    this.#tell();
    let isWaiting = this.#proven.view().length > 0 || this.proven.length > 0;
    const askers = [...this.#witnesses.values()].filter((witness) => this.#isBeyond(witness));
    for (const [address, witnesses] of Map.groupBy(askers, (witness) => this.#addressOf(witness))) {
      if (address === null) continue;
      isWaiting = true;
      this.#askAbout(address, witnesses.filter(({ connection }) => connection.isKnownMember), now);
    }
    // Whoever says something all the time does not put it off.
    this.#dueMs = isWaiting ? Math.min(this.#dueMs, now.monotonicMs + LOOK_EVERY_MS) : Infinity;
  }

  /** How many have to have come to an address: in a space of two the other one, which alone is told of it. */
  get #needed(): number {
    return Math.max(1, Math.min(REACH_WITNESSES, this.#parts.others()));
  }

  /**
   * Where one member came, and there is no second one to say so, it dials itself: many routers let that come back. A
   * member that lies can have it dial once a minute so, as it could by an address of its own.
   */
  #tryItself(now: Now): void {
    if (this.#own !== null && now.monotonicMs < this.#own.sinceMs + DIAL_BACK_EVERY_MS) return;
    let best: { readonly address: string; readonly by: Set<string>; readonly turnMs: number } | null = null;
    for (const { address } of this.#proven.view()) {
      if (this.#parts.self.addresses.includes(address)) continue;
      const { reached, failed } = this.#proven.since(address, now.monotonicMs - PROVE_AGAIN_MS);
      if (reached.has(ITSELF) || failed.has(ITSELF) || reached.size === 0 || reached.size >= this.#needed) continue;
      // One that names ever other addresses has its turn, as everybody else.
      const turnMs = Math.min(...[...reached].map((peer) => this.#turns.get(peer) ?? -Infinity));
      if (best === null || turnMs < best.turnMs) best = { address, by: reached, turnMs };
    }
    if (best === null) return;
    for (const peer of best.by) {
      this.#turns.delete(peer);
      this.#turns.set(peer, now.monotonicMs);
    }
    forgetOldest(this.#turns, MAX_REACH_WITNESSES);
    this.#own = { address: best.address, sinceMs: now.monotonicMs, isOver: false };
    this.#parts.dial(best.address);
  }

  /** Asks as many of those who may know an address as are needed besides those who did tell, or are about to. */
  #askAbout(address: string, witnesses: readonly Witness[], now: Now): void {
    const { reached, failed } = this.#proven.since(address, now.monotonicMs - PROVE_AGAIN_MS);
    const isPending = ({ tries, askedMs }: Witness) => tries !== null && now.monotonicMs < askedMs + LOOK_EVERY_MS;
    let pending = witnesses.filter(isPending).length;
    for (const witness of witnesses) {
      const { connection: { number, peer }, tries, askedMs } = witness;
      if (reached.size + pending >= REACH_WITNESSES) return;
      if (reached.size + failed.size + pending >= MAX_ASKED_WITNESSES) return;
      // One that had too much to do says nothing.
      const againMs = tries === null ? PROVE_AGAIN_MS : 2 * DIAL_BACK_EVERY_MS;
      if (reached.has(peer) || failed.has(peer) || now.monotonicMs < askedMs + againMs) continue;
      pending++;
      Object.assign(witness, { askedMs: now.monotonicMs, tries: address, hasCome: false, saysReached: false });
      this.#parts.links.send(number, { type: "dial_back", port: Number(portOf(address)) }, "control");
    }
  }

  /** Those whose word counts: whoever holds the secret of the space can make up any number of others. */
  *#known(): Generator<Witness> {
    for (const witness of this.#witnesses.values()) if (witness.connection.isKnownMember) yield witness;
  }

  /** Where it could reach this peer: where it dialled, else at the port that is listened at. */
  #addressOf({ connection, seen }: Witness): string | null {
    if (connection.direction === "in") return seen;
    const { addresses } = this.#parts.self;
    // The router there may pass on what comes to another port.
    const mapped = addresses.find((own) => hostOf(own) === hostOf(seen));
    if (mapped !== undefined) return mapped;
    const port = advertisedPort(addresses);
    return port === null ? null : `${hostOf(seen)}:${port}`;
  }

  /** Whether it has this peer at an address that others than those on this network may use. */
  #isBeyond({ connection, seen }: Pick<Witness, "connection" | "seen">): boolean {
    const host = hostOf(seen);
    const { localAddress } = connection;
    if (isPublic(ipOfEndpoint(seen) as Uint8Array)) return true;
    const own = this.#parts.self.addresses.map(hostOf);
    return !own.includes(host) && (localAddress === null || hostOf(localAddress) !== host);
  }

  #tell(): void {
    const { reachable, nat } = this.view();
    const fields = { reachable, nat_ipv4: nat.ipv4, nat_ipv6: nat.ipv6, addresses: this.proven.join(" ") };
    const news = JSON.stringify(fields);
    if (news === this.#told || (this.#told === "" && reachable === null && nat.ipv4 === null && nat.ipv6 === null)) {
      return;
    }
    this.#told = news;
    this.#parts.emit({ name: "reachability_changed", level: "info", fields });
  }
}
