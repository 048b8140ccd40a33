import { equal } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import type { PeerEvent } from "../base/event.ts";
import { forgetOldest } from "../base/forget_oldest.ts";
import {
  MAX_LAN_ADDRESSES,
  MAX_LAN_ASKED_TICKETS,
  MAX_LAN_INSTANCES,
  MAX_LAN_KNOWN_ANSWERS,
  MAX_LAN_MESSAGES_BURST,
  MAX_LAN_MESSAGES_PER_S,
} from "../base/limits.ts";
import { type Random, randomBelow } from "../base/random.ts";
import { TokenBucket } from "../base/token_bucket.ts";
import { LanAddresses } from "./lan_addresses.ts";
import type { LanInterface, LanMessage, LanRecord } from "./lan_message.ts";
import { endOfLanDayMs, isLanRecordOf, isLanRecordOfPeer, lanDay, lanRecord, lanTicketTag } from "./lan_names.ts";

/** RFC 6762, 5.2 and 6: the pause before a first question or an answer, so that not all speak at once. */
const LEAST_PAUSE_MS = 20;
const GREATEST_PAUSE_MS = 120;
/** RFC 6762, 6 and 8.3: the same is told no more often than so, and what is new twice. */
const TELL_AGAIN_MS = 1000;
const ANNOUNCEMENTS = 2;
/** RFC 6762, 5.2: questions come at intervals that double, from the first to the second of these. */
const FIRST_INTERVAL_MS = 1000;
const LONGEST_INTERVAL_MS = 60 * 60 * 1000;
/** The same for who joins: a person waits for it. */
const LONGEST_JOIN_INTERVAL_MS = 8000;
/** RFC 6762, 7.1: half of the time for which an instance is announced; until then it need not be told again. */
const KNOWN_MS = 4500 / 2 * 1000;
/** Not all begin the new day at its first moment, by which each would show how its clock goes. */
const GREATEST_DAY_DELAY_MS = 10 * 60 * 1000;
/** Pause without such questions after which it is told again that somebody looks for a door. */
const TELL_OF_JOINER_AGAIN_MS = 30_000;
/** Days other than today and its neighbours that a joiner asks for: somebody's clock is wrong. */
const MAX_OTHER_DAYS = 2;

/** By what peers find each other, on a network and in the DHT. */
export interface LanKeys {
  /** The newest secret that this peer shares with its members; null where it is in no space. */
  readonly epoch: Uint8Array | null;
  /** LAN keys of the tickets for which it is a door, at most MAX_LAN_DOORS. */
  readonly doors: readonly Uint8Array[];
  /** LAN keys of the ticket with which it joins; empty while it does not. */
  readonly sought: readonly Uint8Array[];
}

/** Who was found. */
export interface LanFound {
  /** A member of the space, or a door for the ticket that is joined with. */
  readonly kind: "member" | "door";
  readonly addresses: readonly string[];
  /** Whether it is a peer, of whom the id is known. */
  readonly is: (peer: Uint8Array) => boolean;
}

/** What this peer learned of the networks that it is on, for the sentence to a person who finds nobody. */
export interface LanHeard {
  /** Its own questions came back: this machine can send and receive. */
  readonly self: boolean;
  /** Other machines that speak multicast DNS. */
  readonly others: boolean;
  /** Other peers, of whatever space. */
  readonly peers: boolean;
}

/** What discovery works upon. */
export interface LanParts {
  /** This peer's id. */
  readonly peer: Uint8Array;
  readonly random: Random;
  readonly keys: () => LanKeys;
  readonly emit: (event: PeerEvent) => void;
}

/** One interface, and what is told there. */
interface Place {
  readonly interface: LanInterface;
  own: LanRecord | null;
  announcementsLeft: number;
  /** What is to be told, by ticket, "" for everybody, with the time at which it is due. */
  readonly due: Map<string, number>;
  readonly toldMs: Map<string, number>;
}

/**
 * Finds peers on the networks of this machine by multicast DNS (RFC 6762, 6763), and lets itself be found: what to tell
 * and ask when, and what to make of what others tell. All that it finds is a hint.
 */
export class Lan {
  readonly #parts: LanParts;
  readonly #addresses = new LanAddresses();
  #places: Place[] = [];
  #port = 0;
  #keys: LanKeys = { epoch: null, doors: [], sought: [] };
  #day = 0;
  #nextDayMs = Infinity;
  #askMs = Infinity;
  #askedMs = -Infinity;
  #intervalMs = FIRST_INTERVAL_MS;
  /** The keys of the tickets of which this peer is a door, by what is asked for on the days around today. */
  #doors = new Map<string, { readonly key: Uint8Array; readonly day: number }>();
  /** The same of the ticket that it joins with. */
  #sought = new Map<string, Uint8Array>();
  readonly #otherDays = new Set<number>();
  /** The instances that were heard of, the longest ago first: when, and whether they said that they stay. */
  readonly #known = new Map<string, { readonly heardMs: number; readonly stays: boolean }>();
  #bucket: TokenBucket | null = null;
  #heard = { self: false, others: false, peers: false };
  #joinerMs = -Infinity;
  #sends: { readonly interface: string; readonly message: LanMessage }[] = [];

  constructor(parts: LanParts) {
    this.#parts = parts;
  }

  /** The interfaces on which it looks, by name. */
  get interfaces(): readonly string[] {
    return this.#places.map((place) => place.interface.name);
  }

  /** What was heard since the networks changed. */
  get heard(): LanHeard {
    return this.#heard;
  }

  /** Begins anew on these interfaces; on none it is off. @param port at which this peer listens. */
  networkChanged(interfaces: readonly LanInterface[], port: number, now: Now): void {
    this.#port = port;
    this.#addresses.set(interfaces);
    this.#known.clear();
    this.#heard = { self: false, others: false, peers: false };
    this.#places = interfaces.map((one) => ({
      ...{ interface: one, own: null, announcementsLeft: 0 },
      due: new Map(),
      toldMs: new Map(),
    }));
    this.keysChanged(now);
    this.#renew(now);
    this.#askSoon(now);
  }

  /** Members, invites or the ticket that is joined with may have changed. */
  keysChanged(now: Now): void {
    const before = this.#keys;
    this.#keys = this.#parts.keys();
    const { epoch, sought } = this.#keys;
    const isSame = epoch === before.epoch || (epoch !== null && before.epoch !== null && equal(epoch, before.epoch));
    if (!isSame) this.#renew(now);
    this.#nameTickets(now);
    const seeksOthers = sought.length !== before.sought.length || sought.some((key, i) => key !== before.sought[i]);
    if (seeksOthers) this.#otherDays.clear();
    if ((!isSame && epoch !== null) || (seeksOthers && sought.length > 0)) this.#askSoon(now);
  }

  /** Somebody else speaks multicast DNS. */
  heardOthers(): void {
    this.#heard.others = true;
  }

  /**
   * Something came in.
   *
   * @param on the interface; null where that is not known.
   * @param isOwnAddress whether it came from this machine.
   */
  received(message: LanMessage, on: string | null, isOwnAddress: boolean, now: Now): LanFound | null {
    this.#bucket ??= new TokenBucket(MAX_LAN_MESSAGES_PER_S, MAX_LAN_MESSAGES_BURST, now.monotonicMs);
    if (!this.#bucket.take(1, now.monotonicMs)) return this.#refuse("too many messages");
    if (message.type === "tell") return this.#told(message, on, now);
    this.#asked(message, on, isOwnAddress, now);
    return null;
  }

  /** Says goodbye, since the peer stops. */
  stop(): void {
    for (const place of this.#places) this.#goodbye(place);
    this.#places = [];
  }

  /** Tells and asks what is due. */
  tick(now: Now): void {
    if (now.monotonicMs >= this.#nextDayMs) {
      this.#renew(now);
      this.#nameTickets(now);
    }
    for (const place of this.#places) {
      for (const [ticket, dueMs] of place.due) if (dueMs <= now.monotonicMs) this.#tell(place, ticket, now);
    }
    if (this.#askMs <= now.monotonicMs) this.#ask(now);
  }

  /** The monotonic time in ms at which `tick` is due; Infinity for never. */
  deadline(): number {
    if (this.#places.length === 0) return Infinity;
    return Math.min(this.#nextDayMs, this.#askMs, ...this.#places.flatMap(({ due }) => [...due.values()]));
  }

  /** What is to be sent, and on which interface. */
  takeSends(): readonly { readonly interface: string; readonly message: LanMessage }[] {
    const sends = this.#sends;
    this.#sends = [];
    return sends;
  }

  /** A new name on each interface: for the new day, network or epoch, so that nobody can follow it by the old one. */
  #renew(now: Now): void {
    if (this.#places.length === 0) return;
    const { random, peer } = this.#parts;
    const { epoch } = this.#keys;
    this.#day = lanDay(now.wallMs);
    this.#nextDayMs = now.monotonicMs + Math.max(0, endOfLanDayMs(this.#day) - now.wallMs) +
      randomBelow(random, GREATEST_DAY_DELAY_MS);
    for (const place of this.#places) {
      this.#goodbye(place);
      const at = this.#at(place);
      if (epoch === null || at === null) continue;
      place.own = { ...at, day: this.#day, ...lanRecord(epoch, peer, this.#day, at, random) };
      place.announcementsLeft = ANNOUNCEMENTS;
      place.due.set("", now.monotonicMs + this.#pauseMs());
    }
  }

  #goodbye(place: Place): void {
    const { own } = place;
    place.due.clear();
    place.own = null;
    if (own === null) return;
    const message: LanMessage = { type: "tell", record: own, ticket: null, stays: false };
    // Before it was told, nobody has to forget it.
    if (place.toldMs.delete("")) this.#sends.push({ interface: place.interface.name, message });
  }

  /** Where this peer can be dialled on an interface; null for nowhere. */
  #at({ interface: { addresses } }: Place): Pick<LanRecord, "port" | "addresses"> | null {
    const listening = addresses.filter(({ isListening }) => isListening).slice(0, MAX_LAN_ADDRESSES);
    if (listening.length === 0) return null;
    return { port: this.#port, addresses: listening.map(({ address }) => address) };
  }

  #tell(place: Place, ticket: string, now: Now): void {
    place.due.delete(ticket);
    const record = ticket === "" ? place.own : this.#doorRecord(place, ticket);
    if (record === null) return;
    place.toldMs.set(ticket, now.monotonicMs);
    const message: LanMessage = { type: "tell", record, ticket: ticket === "" ? null : ticket, stays: true };
    this.#sends.push({ interface: place.interface.name, message });
    if (ticket !== "" || --place.announcementsLeft <= 0) return;
    place.due.set("", now.monotonicMs + TELL_AGAIN_MS);
  }

  #doorRecord(place: Place, ticket: string): LanRecord | null {
    const door = this.#doors.get(ticket);
    const at = this.#at(place);
    if (door === undefined || at === null) return null;
    const { random, peer } = this.#parts;
    return { ...at, day: door.day, ...lanRecord(door.key, peer, door.day, at, random) };
  }

  #ask(now: Now): void {
    const { epoch, sought } = this.#keys;
    this.#askMs = Infinity;
    if (epoch === null && sought.length === 0) return;
    const longestMs = sought.length > 0 ? LONGEST_JOIN_INTERVAL_MS : LONGEST_INTERVAL_MS;
    this.#askMs = now.monotonicMs + Math.min(this.#intervalMs, longestMs);
    this.#intervalMs = Math.min(this.#intervalMs * 2, LONGEST_INTERVAL_MS);
    this.#askedMs = now.monotonicMs;
    this.#forgetStale(now);
    const others = [...this.#known].flatMap(([instance, { stays }]) => stays ? instance : [])
      .slice(-MAX_LAN_KNOWN_ANSWERS);
    for (const { interface: { name }, own } of this.#places) {
      const known = own === null ? others : [own.instance, ...others];
      const message: LanMessage = { type: "ask", everybody: true, tickets: [...this.#sought.keys()], known };
      this.#sends.push({ interface: name, message });
    }
  }

  #asked(message: Extract<LanMessage, { type: "ask" }>, on: string | null, isOwnAddress: boolean, now: Now): void {
    const tickets = message.tickets.slice(0, MAX_LAN_ASKED_TICKETS);
    const isOwnAsk = isOwnAddress && tickets.length > 0 && tickets.every((ticket) => this.#sought.has(ticket));
    const places = on === null ? this.#places : this.#places.filter((place) => place.interface.name === on);
    for (const place of places) {
      const isKnown = place.own !== null && message.known.includes(place.own.instance);
      if (isOwnAsk || (isKnown && isOwnAddress)) this.#heard.self = true;
      if (message.everybody && place.own !== null && !isKnown) this.#tellSoon(place, "", now);
      for (const ticket of tickets) if (this.#doors.has(ticket)) this.#tellSoon(place, ticket, now);
    }
    if (tickets.some((ticket) => this.#doors.has(ticket))) this.#noteJoiner(now);
  }

  /** Somebody on the network looks for this space, which it goes on doing until it is in. */
  #noteJoiner(now: Now): void {
    const isNews = now.monotonicMs >= this.#joinerMs + TELL_OF_JOINER_AGAIN_MS;
    this.#joinerMs = now.monotonicMs;
    if (isNews) this.#parts.emit({ name: "joiner_asks", level: "info" });
  }

  #tellSoon(place: Place, ticket: string, now: Now): void {
    if (place.due.has(ticket)) return;
    const againMs = (place.toldMs.get(ticket) ?? -Infinity) + TELL_AGAIN_MS;
    place.due.set(ticket, Math.max(now.monotonicMs + this.#pauseMs(), againMs));
  }

  #told(message: Extract<LanMessage, { type: "tell" }>, on: string | null, now: Now): LanFound | null {
    const { record, ticket, stays } = message;
    const { instance, day } = record;
    if (this.#places.some(({ own }) => own?.instance === instance)) {
      this.#heard.self = true;
      return null;
    }
    this.#heard.peers = true;
    const before = this.#known.get(instance)?.heardMs ?? -Infinity;
    this.#note(instance, stays && ticket === null, now);
    // An honest peer says it no more often: whoever says it again would have it dialled all the time.
    if (!stays || now.monotonicMs < before + TELL_AGAIN_MS / 2) return null;
    const today = lanDay(now.wallMs);
    if (Math.abs(day - today) > 1) this.#askForDay(day, now);
    const key = ticket === null ? this.#keys.epoch : this.#sought.get(ticket);
    // Somebody of another space.
    if (key === null || key === undefined || !isLanRecordOf(key, record)) return null;
    // What is older may be said again by somebody who wants to see who follows it; a clock that is behind is not hurt.
    if (ticket === null && day < today - 1) return this.#refuse("it is of a day that is over");
    const { dialable, refused } = this.#addresses.dialable(record, on);
    for (const reason of refused) this.#refuse(reason);
    if (dialable.length === 0) return null;
    return {
      kind: ticket === null ? "member" : "door",
      addresses: dialable,
      is: (peer) => isLanRecordOfPeer(key, record, peer),
    };
  }

  #note(instance: string, stays: boolean, now: Now): void {
    this.#known.delete(instance);
    this.#known.set(instance, { heardMs: now.monotonicMs, stays });
    forgetOldest(this.#known, MAX_LAN_INSTANCES);
  }

  #forgetStale(now: Now): void {
    for (const [instance, { heardMs }] of this.#known) {
      if (now.monotonicMs - heardMs > KNOWN_MS) this.#known.delete(instance);
    }
  }

  /** Somebody has another day: the doors that a joiner looks for may have it too. */
  #askForDay(day: number, now: Now): void {
    if (this.#keys.sought.length === 0 || this.#otherDays.has(day) || this.#otherDays.size >= MAX_OTHER_DAYS) return;
    this.#otherDays.add(day);
    this.#nameTickets(now);
    this.#askSoon(now);
  }

  #nameTickets(now: Now): void {
    const today = lanDay(now.wallMs);
    const days = [today, today + 1, today - 1].filter((day) => day >= 0);
    this.#doors.clear();
    for (const key of this.#keys.doors) {
      for (const day of days) this.#doors.set(lanTicketTag(key, day), { key, day });
    }
    this.#sought.clear();
    for (const key of this.#keys.sought) {
      for (const day of [...days, ...this.#otherDays]) this.#sought.set(lanTicketTag(key, day), key);
    }
    for (const { toldMs } of this.#places) {
      for (const ticket of toldMs.keys()) if (ticket !== "" && !this.#doors.has(ticket)) toldMs.delete(ticket);
    }
  }

  #askSoon(now: Now): void {
    if (this.#places.length === 0) return;
    this.#intervalMs = FIRST_INTERVAL_MS;
    this.#askMs = Math.max(now.monotonicMs + this.#pauseMs(), this.#askedMs + FIRST_INTERVAL_MS);
  }

  #pauseMs(): number {
    return LEAST_PAUSE_MS + randomBelow(this.#parts.random, GREATEST_PAUSE_MS - LEAST_PAUSE_MS);
  }

  #refuse(reason: string): null {
    this.#parts.emit({ name: "lan_refused", level: "debug", reason });
    return null;
  }
}
