import { SigningKey } from "../../lib/crypto/sign.ts";
import type { Verify } from "../../lib/data/transaction.ts";
import { Adversary } from "./adversary.ts";
import { Checks } from "./checks.ts";
import { fullStore } from "./full_store.ts";
import { CALM_NETWORK, type Habits } from "./habits.ts";
import { lyingStore } from "./lying_store.ts";
import { Network } from "./network.ts";
import { type Acknowledged, Person, type Ticket } from "./person.ts";
import { Prng } from "./prng.ts";
import { Schedule } from "./schedule.ts";
import { SimPeer } from "./sim_peer.ts";
import type { Trace } from "./trace.ts";

/** Bugs that can be planted, to see that the simulator finds them. */
export type Plant = "ack_before_commit" | "skip_signature";

/** How often the world looks whether something happens, and whether all is healed. */
const STEP_MS = 250;
/** Virtual time within which everything must be well again: a few of the longest back-offs and timeouts. */
const HEAL_MS = 180_000;

const YEAR_MS = 365 * 24 * 3600 * 1000;
const START_MS = 1_770_000_000_000;

/** One simulated world: peers, their persons, a network, faults from a seed, and the checks. */
export class World {
  readonly schedule = new Schedule();
  readonly network: Network;
  readonly checks = new Checks();
  readonly peers: SimPeer[] = [];
  readonly persons: Person[] = [];
  readonly hotKeys: number;
  readonly prng: Prng;
  /** Part of `PersonWorld`. */
  healing = false;
  /** Part of `PersonWorld`. */
  friendsHelp = false;
  readonly #habits: Habits;
  readonly #trace: Trace;
  readonly #tickets: Ticket[] = [];
  readonly #adversary: Adversary | null = null;
  #nextHost = 1;
  #ticketsAsked = 0;

  constructor(seed: number, habits: Habits, trace: Trace, plant: Plant | null = null) {
    this.prng = new Prng(seed);
    this.#habits = habits;
    this.#trace = trace;
    this.hotKeys = habits.hotKeys;
    this.network = new Network(this.schedule, this.prng, habits.network);
    const verify: { verify?: Verify } = plant === "skip_signature" ? { verify: () => true } : {};
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
        wrap: plant === "ack_before_commit"
          ? lyingStore
          : (store) => fullStore(store, () => !this.healing && this.prng.chance(habits.fullDisk)),
        ...verify,
        crashesAt: () => !this.healing && this.prng.chance(habits.crashInTurn),
        turned: (turned) => this.checks.turned(turned),
        crashed: (crashed) => this.checks.crashed(crashed),
      });
      this.peers.push(peer);
      this.network.add(peer);
      this.persons.push(new Person(peer, this, index === 0));
    }
    if (habits.adversary || plant === "skip_signature") {
      // A peer that is in the space like any other lends its keys.
      this.#adversary = new Adversary(habits.peers, this.peers[1] as SimPeer, this.prng, this.network);
      this.checks.forged = this.#adversary.forged;
    }
  }

  /** Part of `PersonWorld`. */
  doors(): string[] {
    return this.persons.filter(({ state }) => state === "inside").flatMap(({ peer }) => peer.listensAt ?? []);
  }

  /** Part of `PersonWorld`. */
  ticket(): Ticket | null {
    const free = this.#tickets.find(({ given, uses }) => given < (this.#habits.contested ? uses + 1 : uses));
    if (free !== undefined) {
      free.given++;
      return free;
    }
    if (this.#ticketsAsked === 0) this.#askForTicket();
    return null;
  }

  /** Part of `PersonWorld`. */
  acknowledged(written: Acknowledged): void {
    this.checks.acknowledge(this.peers[written.peer] as SimPeer, written);
  }

  /** Runs both phases; throws where a check fails. */
  run(): void {
    this.#runFaults();
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

  #runFaults(): void {
    const endMs = this.#habits.faultsMs;
    for (const person of this.persons) this.#actLater(person);
    for (let timeMs = 0; timeMs < endMs; timeMs += STEP_MS) {
      this.schedule.runUntil(timeMs);
      this.#drawFaults(STEP_MS / 1000);
      if (this.#habits.leaves && this.prng.chance(0.01)) {
        const leaver = this.prng.pick(this.persons);
        if (leaver !== this.persons[0]) leaver.leave();
      }
    }
  }

  #heal(): void {
    this.healing = true;
    this.network.habits = CALM_NETWORK;
    this.network.mendAll();
    this.#adversary?.stop();
    for (const peer of this.peers) {
      if (peer.machine === null) peer.boot();
      if (peer.asleep) peer.wake();
    }
    const untilMs = this.schedule.nowMs + HEAL_MS;
    for (let timeMs = this.schedule.nowMs; timeMs < untilMs; timeMs += STEP_MS) {
      this.schedule.runUntil(timeMs);
      this.friendsHelp = this.#habits.move > 0 && timeMs > untilMs - HEAL_MS / 2;
      if (this.#isHealed()) return this.checks.healed(this.members());
    }
    const states = this.persons.map(({ state, peer }) => `p${peer.index} ${state}, ${peer.openRequests} requests open`);
    throw new Error(
      `not healed after ${HEAL_MS} ms of virtual time:\n${states.join("; ")}\n${this.checks.describe(this.peers)}`,
    );
  }

  #isHealed(): boolean {
    const settled = ({ state, hasLeft, peer }: Person) =>
      state !== "outside" && (state !== "left" || hasLeft) && peer.openRequests === 0;
    if (!this.persons.every(settled)) return false;
    return this.checks.isHealed(this.members());
  }

  #actLater(person: Person): void {
    const pauseMs = this.healing ? 1000 : this.#habits.requestEveryMs * (0.2 + 1.6 * this.prng.next() / 2 ** 32);
    this.schedule.after(pauseMs, () => {
      person.act();
      this.#actLater(person);
    });
  }

  #drawFaults(seconds: number): void {
    const { prng, network } = this;
    const habits = this.#habits;
    for (const peer of this.peers) {
      if (peer.machine === null) continue;
      if (prng.chance(habits.crash * seconds)) peer.crash(prng.chance(0.4));
      else if (prng.chance(habits.sleep * seconds)) this.#sleep(peer);
      else if (prng.chance(habits.move * seconds)) peer.move(this.#newAddress());
    }
    for (const peer of this.peers) {
      if (peer.machine === null && prng.chance(0.15)) peer.boot();
    }
    const connections = network.connections();
    if (connections.length > 0 && prng.chance(habits.lose * seconds)) network.lose(prng.pick(connections));
    if (connections.length > 0 && prng.chance(habits.halfOpen * seconds)) {
      const end = prng.pick(connections);
      network.halfOpen(prng.chance(0.5) ? end : end.other);
    }
    if (prng.chance(habits.partition * seconds)) this.#partition();
    if (this.#adversary !== null && prng.chance(2 * seconds)) this.#adversary.attack(prng.pick(this.peers));
  }

  #sleep(peer: SimPeer): void {
    peer.asleep = true;
    const { life } = peer;
    this.schedule.after(this.prng.between(100, 60_000), () => {
      if (peer.life === life && peer.asleep) peer.wake();
    });
  }

  #partition(): void {
    const here = this.peers.filter(() => this.prng.chance(0.5));
    const there = this.peers.filter((peer) => !here.includes(peer));
    for (const a of here) for (const b of there) this.network.cut(a, b);
    this.schedule.after(this.prng.between(500, 20_000), () => {
      for (const a of here) for (const b of there) this.network.mend(a, b);
    });
  }

  #askForTicket(): void {
    const admins = this.persons.filter(({ state, peer }) => {
      const self = state === "inside" ? peer.machine?.members().find(({ self }) => self) : undefined;
      return self?.role === "admin";
    });
    const admin = admins.length === 0 ? undefined : this.prng.pick(admins);
    if (admin === undefined) return;
    const keys = { inviteSeed: this.prng.bytes(32), macKey: this.prng.bytes(32), tagKey: this.prng.bytes(32) };
    const uses = this.prng.chance(0.7) ? 1 : 2;
    const role = this.prng.chance(0.4) ? "admin" : "writer";
    const { life } = admin.peer;
    const answered = () => this.#ticketsAsked--;
    this.#ticketsAsked++;
    this.#trace.add(`ticket ${SigningKey.fromSeed(keys.inviteSeed).publicKey[0]} by p${admin.peer.index}`);
    // Where a crash swallows the reply, somebody asks again.
    let open = true;
    this.schedule.after(5000, () => {
      if (open) answered();
      open = false;
    });
    admin.peer.request({ type: "invite", keys, secret: this.prng.bytes(8), role, uses, expiresMs: 0 }, (reply) => {
      if (open) answered();
      open = false;
      if (reply.ok && admin.peer.life === life) this.#tickets.push({ keys, uses, given: 0 });
    });
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
