import { toHex } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import type { PeerEvent } from "../base/event.ts";
import { DHT_MEETING_MEMBERS, MAX_DHT_DOORS, MAX_DHT_HINTS, MAX_DHT_QUERIES } from "../base/limits.ts";
import { type Random, randomBelow } from "../base/random.ts";
import type { LanKeys } from "./lan.ts";
import { HintDials } from "./hint_dials.ts";
import { endOfLanDayMs, lanDay } from "./lan_names.ts";
import { spaceInfoHash, ticketInfoHash } from "./rendezvous_keys.ts";

/** Nodes forget after half an hour what they were told: it is told again after so long, and up to a third more. */
const ANNOUNCE_AGAIN_MS = 15 * 60 * 1000;
/** First pause after a question that nobody answered; doubles up to `ANNOUNCE_AGAIN_MS`. */
const RETRY_MS = 5000;
/** For whom another member is missing: a link that breaks for a moment, or a peer that restarts, needs no DHT. */
const MISSED_FOR_MS = 15_000;
/** The same where no member is linked, after the addresses that are known had their chance. */
const ALONE_FOR_MS = 3000;
/** By how much clocks may differ about midnight: so long before and after it, both days are asked for. */
const DAY_MARGIN_MS = 2 * 60 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Not all begin the new day at its first moment, by which each would show how its clock goes. */
const GREATEST_DAY_DELAY_MS = 10 * 60 * 1000;

/** How often is asked: the first pause, which doubles with each question, and the longest. */
type Pace = readonly [firstMs: number, longestMs: number];
/** A person waits for a door. */
const JOINING: Pace = [2000, 10_000];
/** No member is linked. */
const ALONE: Pace = [5000, 5 * 60 * 1000];
/** Some are, and others are off or cannot be reached. */
const MISSING: Pace = [60_000, 30 * 60 * 1000];
/** All are: somebody may have come in elsewhere. */
const COMPLETE: Pace = [2 * 60 * 60 * 1000, 2 * 60 * 60 * 1000];

/** How many of the other members are linked; "nobody" where there are none. */
export type Company = "nobody" | "none" | "some" | "all";

/** Who may have been found: what anybody said, who need not be a peer at all. */
export interface RendezvousHint {
  /** A member of the space, or a door for the ticket that is joined with. */
  readonly kind: "member" | "door";
  /** `host:port`. */
  readonly address: string;
}

/** A question to the DHT. */
export interface RendezvousQuery {
  /** The info hash, 20 bytes. */
  readonly key: Uint8Array;
  /** The port under which this peer is announced there as well; null: it only asks. */
  readonly port: number | null;
}

/** How it stands with the DHT. */
export interface RendezvousNetwork {
  /** Why it is not used: a part of a sentence; null where it is. */
  readonly problem: string | null;
  /** The port at which this peer can be dialled; null for none. */
  readonly port: number | null;
  /** Whether all of its nodes are on private networks or this machine, so that such addresses make sense. */
  readonly isPrivate: boolean;
}

/** What rendezvous works upon. */
export interface RendezvousParts {
  readonly random: Random;
  readonly keys: () => LanKeys;
  readonly company: () => Company;
  /** How many members the space has. */
  readonly members: () => number;
  /** The port of this peer's address in the public net, as where a router forwards one to it; null where none is known. */
  readonly outerPort: () => number | null;
  readonly emit: (event: PeerEvent) => void;
}

/** An info hash that matters now. */
interface Place {
  readonly key: Uint8Array;
  readonly kind: "member" | "door";
  announces: boolean;
  pace: Pace | null;
  announceMs: number;
  /** The port that was announced last; null before. */
  port: number | null;
  lookMs: number;
  /** The pause behind the last question; 0 before. */
  pauseMs: number;
  failures: number;
  /** The question under way; null for none. */
  running: { readonly announces: boolean; hints: number } | null;
}

/**
 * Meets others at info hashes of the Mainline DHT (BEP 5) that only they know: what to announce and to ask when, and
 * what to make of the answers, which are hints that anybody may have made up.
 */
export class Rendezvous {
  readonly #parts: RendezvousParts;
  readonly #dials = new HintDials();
  #network: RendezvousNetwork = { problem: "it is off", port: null, isPrivate: false };
  #places = new Map<string, Place>();
  #company: Company = "nobody";
  #companySinceMs = 0;
  #nextDayMs = Infinity;
  #queries: RendezvousQuery[] = [];
  #answered = 0;

  constructor(parts: RendezvousParts) {
    this.#parts = parts;
  }

  /** Why it is not used; null where it is. */
  get problem(): string | null {
    return this.#network.problem;
  }

  /** Whether any question was answered since the networks changed. */
  get wasAnswered(): boolean {
    return this.#answered > 0;
  }

  /** Begins anew, on these networks. What was asked before is not answered any more. */
  networkChanged(network: RendezvousNetwork, now: Now): void {
    this.#network = network;
    this.#dials.networkChanged();
    this.#dials.allowsPrivate = network.isPrivate;
    this.#places.clear();
    this.#queries = [];
    this.#answered = 0;
    this.changed(now);
  }

  /** Members, links, invites, the ticket that is joined with, or where this peer is reached may have changed. */
  changed(now: Now): void {
    const company = this.#parts.company();
    if (company !== this.#company) this.#companySinceMs = now.monotonicMs;
    this.#company = company;
    const before = this.#places;
    this.#places = new Map();
    if (this.#network.problem !== null) return;
    const { epoch, doors, sought } = this.#parts.keys();
    const today = lanDay(now.wallMs);
    const days = daysAround(now.wallMs);
    this.#nextDayMs = now.monotonicMs + nextTurnOfDays(now.wallMs) - now.wallMs +
      randomBelow(this.#parts.random, GREATEST_DAY_DELAY_MS);
    for (const lanKey of sought) {
      for (const day of days) this.#keep(before, ticketInfoHash(lanKey, day), "door", false, JOINING, now);
    }
    for (const lanKey of doors.slice(0, MAX_DHT_DOORS)) {
      this.#keep(before, ticketInfoHash(lanKey, today), "door", true, null, now);
    }
    if (epoch === null || company === "nobody") return;
    const pace = company === "none" ? ALONE : company === "some" ? MISSING : COMPLETE;
    for (const day of days) {
      this.#keep(before, spaceInfoHash(epoch, day), "member", day === today && company !== "all", pace, now);
    }
  }

  /** Addresses came for an info hash. @returns those that are worth a dial, each of which is then to be dialled. */
  found(key: Uint8Array, addresses: readonly string[], now: Now): RendezvousHint[] {
    const place = this.#places.get(toHex(key));
    if (place === undefined || place.running === null || place.pace === null) return [];
    const hints: RendezvousHint[] = [];
    for (const address of addresses) {
      if (place.running.hints >= MAX_DHT_HINTS) {
        this.#refuse("more addresses than one question leads to");
        break;
      }
      place.running.hints++;
      const reason = this.#dials.refusal(address, now.monotonicMs);
      if (reason === null) hints.push({ kind: place.kind, address });
      else this.#refuse(reason);
    }
    return hints;
  }

  /** A question came to its end. @param problem why nobody answered; null where somebody did. */
  done(key: Uint8Array, problem: string | null, now: Now): void {
    const place = this.#places.get(toHex(key));
    if (place === undefined || place.running === null) return;
    const { announces } = place.running;
    place.running = null;
    if (problem !== null) {
      place.failures++;
      const longestMs = place.pace === JOINING ? JOINING[1] : ANNOUNCE_AGAIN_MS;
      const retryMs = now.monotonicMs + this.#jittered(Math.min(RETRY_MS * 2 ** (place.failures - 1), longestMs));
      if (place.announces) place.announceMs = retryMs;
      place.lookMs = retryMs;
      const level = place.failures === 1 ? "warning" : "debug";
      this.#parts.emit({ name: "dht_failed", level, reason: problem });
      return;
    }
    place.failures = 0;
    this.#answered++;
    // Meanwhile a router may have it at another port.
    if (announces && place.port !== this.#port()) place.announceMs = now.monotonicMs;
    else if (announces) place.announceMs = now.monotonicMs + this.#jittered(ANNOUNCE_AGAIN_MS);
    this.#pause(place, now);
  }

  /** The next question for others comes after a longer pause. */
  #pause(place: Place, now: Now): void {
    if (place.pace === null) return;
    place.pauseMs = Math.min(place.pauseMs === 0 ? place.pace[0] : place.pauseMs * 2, place.pace[1]);
    place.lookMs = now.monotonicMs + this.#jittered(place.pauseMs);
  }

  /** A dial showed that an address is this peer's own. */
  isSelf(address: string): void {
    this.#dials.isSelf(address);
  }

  /** Asks what is due. */
  tick(now: Now): void {
    // Also invites end with time: what is announced is looked at before each question.
    if (now.monotonicMs >= Math.min(this.#nextDayMs, this.#dueMs())) this.changed(now);
    for (const place of this.#inOrder()) {
      if (this.#runningQueries() >= MAX_DHT_QUERIES) return;
      const { announces, announceMs, key } = place;
      if (place.running !== null || now.monotonicMs < dueMsOf(place)) continue;
      if (this.#leavesToOthers(place)) {
        if (now.monotonicMs >= announceMs) place.announceMs = now.monotonicMs + this.#jittered(ANNOUNCE_AGAIN_MS);
        if (now.monotonicMs >= place.lookMs) this.#pause(place, now);
        continue;
      }
      // A question that is asked anyway tells it again a little early.
      const isDue = announces && announceMs <= now.monotonicMs + ANNOUNCE_AGAIN_MS / 4;
      place.running = { announces: isDue, hints: 0 };
      if (isDue) place.port = this.#port();
      this.#queries.push({ key, port: isDue ? place.port : null });
    }
  }

  /** The monotonic time in ms at which `tick` is due; Infinity for never. */
  deadline(): number {
    if (this.#network.problem !== null) return Infinity;
    return Math.min(this.#nextDayMs, this.#runningQueries() >= MAX_DHT_QUERIES ? Infinity : this.#dueMs());
  }

  /** What is to be asked. */
  takeQueries(): readonly RendezvousQuery[] {
    const queries = this.#queries;
    this.#queries = [];
    return queries;
  }

  /** Whether others of a large space, in which some are missed at all times, meet there this time. */
  #leavesToOthers({ kind }: Place): boolean {
    const members = this.#parts.members();
    if (kind !== "member" || this.#company !== "some" || members <= DHT_MEETING_MEMBERS) return false;
    return randomBelow(this.#parts.random, members) >= DHT_MEETING_MEMBERS;
  }

  #keep(
    before: ReadonlyMap<string, Place>,
    key: Uint8Array,
    kind: Place["kind"],
    announces: boolean,
    pace: Pace | null,
    now: Now,
  ): void {
    const name = toHex(key);
    // One is a door of its own ticket and joins by it only where a home joins its own space.
    if (this.#places.has(name)) return;
    const announcesNow = announces && this.#network.port !== null;
    const place: Place = before.get(name) ??
      {
        ...{ key, kind, port: null, pauseMs: 0, failures: 0, running: null },
        announces: false,
        pace: null,
        announceMs: 0,
        lookMs: 0,
      };
    const firstMs = kind === "door" ? now.monotonicMs : this.#companySinceMs + this.#jittered(
      this.#company === "none" ? ALONE_FOR_MS : this.#company === "some" ? MISSED_FOR_MS : COMPLETE[0],
    );
    if (announcesNow && !place.announces) place.announceMs = Math.max(firstMs, now.monotonicMs);
    // A router has it at another port than before.
    else if (announcesNow && place.port !== null && place.port !== this.#port()) place.announceMs = now.monotonicMs;
    if (pace !== null && pace !== place.pace) {
      place.lookMs = Math.max(firstMs, now.monotonicMs);
      place.pauseMs = 0;
    }
    place.announces = announcesNow;
    place.pace = pace;
    this.#places.set(name, place);
  }

  /** The port that is announced. */
  #port(): number | null {
    return this.#parts.outerPort() ?? this.#network.port;
  }

  /** Who joins, or is waited for at the door, comes first. */
  #inOrder(): Place[] {
    const places = [...this.#places.values()];
    return [...places.filter(({ kind }) => kind === "door"), ...places.filter(({ kind }) => kind === "member")];
  }

  #dueMs(): number {
    let dueMs = Infinity;
    for (const place of this.#places.values()) if (place.running === null) dueMs = Math.min(dueMs, dueMsOf(place));
    return dueMs;
  }

  #runningQueries(): number {
    let count = 0;
    for (const { running } of this.#places.values()) if (running !== null) count++;
    return count;
  }

  /** The whole of a time, and up to a third more. */
  #jittered(ms: number): number {
    return ms + randomBelow(this.#parts.random, Math.ceil(ms / 3));
  }

  #refuse(reason: string): void {
    this.#parts.emit({ name: "dht_hint_refused", level: "debug", reason });
  }
}

function dueMsOf({ announces, announceMs, pace, lookMs }: Place): number {
  return Math.min(announces ? announceMs : Infinity, pace === null ? Infinity : lookMs);
}

/** Today, and about midnight the day beside it. */
function daysAround(wallMs: number): number[] {
  return [...new Set([0, DAY_MARGIN_MS, -DAY_MARGIN_MS].map((offsetMs) => lanDay(wallMs + offsetMs)))];
}

/** When `daysAround` changes next, or the day, ms since 1970. */
function nextTurnOfDays(wallMs: number): number {
  const endMs = endOfLanDayMs(lanDay(wallMs));
  const turns = [endMs - DAY_MS + DAY_MARGIN_MS, endMs - DAY_MARGIN_MS, endMs];
  return Math.min(...turns.filter((turnMs) => turnMs > wallMs));
}
