import { toHex } from "../../lib/base/bytes.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { decodeOperation } from "../../lib/wire/operation.ts";
import { Adversary } from "./adversary.ts";
import { Checks } from "./checks.ts";
import { Faults, type Happening } from "./faults.ts";
import { fullStore } from "./full_store.ts";
import { CALM_NETWORK, type Habits, type WriteHabits } from "./habits.ts";
import { Network } from "./network.ts";
import { type Acknowledged, NEWER_KEYS, Person, type Ticket } from "./person.ts";
import type { Plant } from "./plants.ts";
import { Prng } from "./prng.ts";
import { Schedule } from "./schedule.ts";
import { SimDht } from "./sim_dht.ts";
import { SimPeer } from "./sim_peer.ts";
import { Tickets } from "./tickets.ts";
import type { Trace } from "./trace.ts";
import { verifyOnce } from "./verify_once.ts";

/** How often the world looks whether something happens, and whether all is healed. */
const STEP_MS = 250;
/** Mean pause between two tries of a person to get in, or to leave, in peace. */
const TRY_EVERY_MS = 250;
/** Virtual time that they have to get in where they do so in peace. */
const SETTLE_MS = 6000;
/** Virtual time within which everything must be well again: a few of the longest back-offs and timeouts. */
const HEAL_MS = 180_000;
/** Bytes of the space id before the header in what a transaction's signature covers. */
const SPACE_BYTES = 32;

const YEAR_MS = 365 * 24 * 3600 * 1000;
const START_MS = 1_770_000_000_000;

/** One simulated world: peers, their persons, a network, faults from a seed, and the checks. */
export class World {
  readonly schedule = new Schedule();
  readonly network: Network;
  readonly checks: Checks;
  readonly peers: SimPeer[] = [];
  readonly persons: Person[] = [];
  readonly prng: Prng;
  /** What has happened so far. */
  readonly happenings = new Set<Happening>();
  /** Part of `PersonWorld`. */
  readonly writes: WriteHabits;
  /** Part of `PersonWorld`. */
  readonly hasOlderKith: boolean;
  /** Part of `PersonWorld`. */
  readonly usesLan: boolean;
  /** Part of `PersonWorld`: no faults, and no writes. */
  healing = false;
  /** Part of `PersonWorld`. */
  friendsHelp = false;
  readonly #habits: Habits;
  readonly #tickets: Tickets;
  readonly #faults: Faults;
  readonly #needsNewer = new Set<string>();
  #nextHost = 1;

  constructor(seed: number, habits: Habits, trace: Trace, plant: Plant | null = null) {
    this.prng = new Prng(seed);
    this.checks = new Checks(plant?.checker ?? null);
    this.#habits = habits;
    this.writes = habits.writes;
    this.usesLan = habits.lan;
    this.network = new Network(this.schedule, this.prng, habits.network);
    this.#tickets = new Tickets(this.prng, trace, habits.contested);
    const dht = new SimDht(this.schedule);
    dht.forged = ["10.200.0.1:5484", "10.200.0.1:5485", "10.200.0.2:5484"];
    const verify = plant?.verify ?? verifyOnce();
    for (let index = 0; index < habits.peers; index++) {
      const peer = new SimPeer({
        index,
        schedule: this.schedule,
        network: this.network,
        trace,
        prng: this.prng,
        seed,
        ...this.#drawClock(),
        address: this.#newAddress(),
        wrap: (store, identity) => {
          const full = fullStore(store, () => this.#befalls("full_disk", habits.fullDisk));
          return plant?.wrap?.(full, { index, identity, prng: this.prng }) ?? full;
        },
        verify,
        historyMs: habits.historyMs,
        lan: habits.lan,
        ...(habits.dht ? { dht } : {}),
        notesCommits: habits.notesCommits,
        isOlder: this.prng.chance(habits.olderKith),
        needsNewer: (message) => this.#isNewer(message),
        crashesAt: () => this.#befalls("crash_in_turn", habits.crashInTurn),
        turned: (turned) => this.checks.turned(turned),
        crashed: (crashed) => this.checks.crashed(crashed),
        lost: (loser, lost) => this.checks.lost(loser, lost, this.peers.filter((other) => other !== loser)),
      });
      this.peers.push(peer);
      this.network.add(peer);
      this.persons.push(new Person(peer, this, index === 0));
    }
    this.hasOlderKith = this.peers.some(({ isOlder }) => isOlder);
    // A peer that is in the space like any other lends its keys.
    const [, lender] = this.peers;
    const adversary = habits.attacks.length === 0 || lender === undefined
      ? null
      : new Adversary(habits.peers, lender, this.prng, this.network, habits.attacks, this.checks);
    this.#faults = new Faults(habits, {
      ...this,
      adversary,
      happened: (what) => this.happenings.add(what),
      newAddress: () => this.#newAddress(),
    });
  }

  /** Part of `PersonWorld`. */
  doors(): string[] {
    return this.persons.filter(({ state }) => state === "inside").flatMap(({ peer }) => peer.listensAt ?? []);
  }

  /** Part of `PersonWorld`. */
  ticket(): Ticket | null {
    return this.#tickets.take(this.persons);
  }

  /** Part of `PersonWorld`. */
  acknowledged(written: Acknowledged): void {
    this.checks.acknowledge(this.peers[written.peer] as SimPeer, written);
  }

  /** Runs both phases; throws where a check fails. */
  run(): void {
    for (const person of this.persons) this.#actLater(person);
    if (this.#habits.isSettled) this.#settle();
    this.network.habits = this.#habits.network;
    const endMs = this.schedule.nowMs + this.#habits.faultsMs;
    for (let timeMs = this.schedule.nowMs; timeMs < endMs; timeMs += STEP_MS) {
      this.schedule.runUntil(timeMs);
      this.#faults.draw(STEP_MS / 1000);
    }
    this.#heal();
  }

  /** The peers that are members for good: neither left, nor revoked since their ticket was over-used. */
  members(): SimPeer[] {
    const founder = this.peers[0] as SimPeer;
    const known = new Set(founder.machine?.members().map(({ peer }) => peer));
    return this.persons
      .filter(({ state, peer }) => state === "inside" && known.has(peer.id))
      .map(({ peer }) => peer);
  }

  #befalls(what: Happening, probability: number): boolean {
    const does = !this.healing && this.prng.chance(probability);
    if (does) this.happenings.add(what);
    return does;
  }

  /** Lets all get in, or most of them where a ticket is contested, before anything else happens. */
  #settle(): void {
    this.healing = true;
    this.network.habits = CALM_NETWORK;
    for (let timeMs = 0; timeMs < SETTLE_MS; timeMs += STEP_MS) {
      this.schedule.runUntil(timeMs);
      const isIn = ({ state, peer }: Person) => state === "inside" && peer.machine?.synced() === true;
      if (this.persons.every(isIn)) break;
    }
    this.healing = false;
  }

  #heal(): void {
    this.healing = true;
    this.network.habits = CALM_NETWORK;
    this.#faults.end();
    // Who joins with a ticket that is used up looks for other doors in the DHT, each time for 20 seconds.
    const healMs = this.#habits.dht ? 2 * HEAL_MS : HEAL_MS;
    const untilMs = this.schedule.nowMs + healMs;
    for (let timeMs = this.schedule.nowMs; timeMs < untilMs; timeMs += STEP_MS) {
      this.schedule.runUntil(timeMs);
      this.friendsHelp = this.#habits.move > 0 && timeMs > untilMs - healMs / 2;
      if (!this.#isHealed()) continue;
      if (this.peers.some(({ events }) => events.has("compacted"))) this.happenings.add("compact");
      return this.checks.healed(this.members());
    }
    const states = this.persons.map(({ state, peer }) => `p${peer.index} ${state}, ${peer.openRequests} requests open`);
    throw new Error(
      `not healed after ${healMs} ms of virtual time:\n${states.join("; ")}\n${this.checks.describe(this.peers)}`,
    );
  }

  #isHealed(): boolean {
    const settled = ({ state, hasLeft, peer }: Person) =>
      state !== "outside" && (state !== "left" || hasLeft) && peer.openRequests === 0;
    if (!this.persons.every(settled)) return false;
    return this.checks.isHealed(this.members());
  }

  #actLater(person: Person): void {
    const meanMs = this.healing ? TRY_EVERY_MS : this.#habits.requestEveryMs;
    const pauseMs = meanMs * (0.2 + 1.6 * this.prng.next() / 2 ** 32);
    this.schedule.after(pauseMs, () => {
      person.act();
      this.#actLater(person);
    });
  }

  /** Whether only a newer kith can read a transaction. @param message what its signature covers. */
  #isNewer(message: Uint8Array): boolean {
    const id = sha256(message.subarray(SPACE_BYTES));
    const text = toHex(id);
    if (this.#needsNewer.has(text)) return true;
    const holder = this.peers.find(({ store, isDamaged }) => !isDamaged && store.hasTransaction(id));
    if (holder === undefined) return false;
    const { operations } = holder.store.load(holder.store.transaction(id)?.row as number);
    const isNewer = operations.map(({ leaf }) => decodeOperation(leaf)).some((operation) =>
      (operation.kind === "put" || operation.kind === "del") && operation.key.startsWith(NEWER_KEYS)
    );
    if (isNewer) this.#needsNewer.add(text);
    return isNewer;
  }

  #drawClock(): { wallMs: number; wallRate: number } {
    const { prng } = this;
    if (!this.#habits.skewedClocks) return { wallMs: START_MS, wallRate: 1 };
    const wallMs = prng.pick([0, START_MS + YEAR_MS, START_MS + prng.between(-900_000, 900_000), START_MS]);
    return { wallMs, wallRate: prng.pick([1, 0.9, 1.1]) };
  }

  #newAddress(): string {
    return `10.0.0.${this.#nextHost++}:5484`;
  }
}
