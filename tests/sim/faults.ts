import { fromHex } from "../../lib/base/bytes.ts";
import type { Adversary } from "./adversary.ts";
import { type Habits, PEERS_REPAIR } from "./habits.ts";
import type { Network } from "./network.ts";
import type { Person } from "./person.ts";
import type { Prng } from "./prng.ts";
import type { Schedule } from "./schedule.ts";
import type { SimPeer } from "./sim_peer.ts";

/** What befalls a world: the faults, and what comes about only where much goes on. */
export const HAPPENINGS = [
  "crash",
  "crash_in_turn",
  "freeze",
  "move",
  "lose_commits",
  "flip",
  "full_disk",
  "lose_link",
  "half_open",
  "partition",
  "attack",
  "leave",
  "update",
  "compact",
] as const;
export type Happening = typeof HAPPENINGS[number];

/** What the faults befall. */
export interface FaultTargets {
  readonly prng: Prng;
  readonly schedule: Schedule;
  readonly network: Network;
  readonly peers: readonly SimPeer[];
  readonly persons: readonly Person[];
  readonly adversary: Adversary | null;
  /** Takes what happens. */
  readonly happened: (what: Happening) => unknown;
  /** An address that nobody has. */
  readonly newAddress: () => string;
}

/** Draws faults, each with its probability. */
export class Faults {
  readonly #habits: Habits;
  readonly #targets: FaultTargets;
  readonly #goingBack = new Set<SimPeer>();
  #areOver = false;

  constructor(habits: Habits, targets: FaultTargets) {
    this.#habits = habits;
    this.#targets = targets;
  }

  /** Draws what happens within so many seconds. */
  draw(seconds: number): void {
    const { prng, network, persons, peers, adversary, happened } = this.#targets;
    const habits = this.#habits;
    for (const person of persons) this.#drawFor(person, seconds);
    for (const peer of peers) if (peer.machine === null && prng.chance(0.15)) peer.boot();
    const connections = network.connections();
    if (connections.length > 0 && prng.chance(habits.lose * seconds)) {
      network.lose(prng.pick(connections));
      happened("lose_link");
    }
    if (connections.length > 0 && prng.chance(habits.halfOpen * seconds)) {
      const end = prng.pick(connections);
      network.halfOpen(prng.chance(0.5) ? end : end.other);
      happened("half_open");
    }
    if (prng.chance(habits.partition * seconds)) this.#partition();
    if (adversary !== null && prng.chance(habits.attack * seconds)) {
      adversary.attack(prng.pick(peers));
      happened("attack");
    }
    if (habits.leave > 0 && prng.chance(habits.leave * seconds)) {
      const leaver = prng.pick(persons);
      if (leaver !== persons[0] && leaver.leave()) happened("leave");
    }
  }

  /** Nothing happens any more: who is down boots, who is frozen goes on, who is older is updated. */
  end(): void {
    this.#areOver = true;
    this.#targets.network.mendAll();
    this.#targets.adversary?.stop();
    for (const peer of this.#targets.peers) {
      if (!PEERS_REPAIR) peer.mend();
      if (peer.isOlder) this.#update(peer);
      if (peer.machine === null) peer.boot();
      if (peer.asleep) peer.wake();
    }
  }

  #drawFor(person: Person, seconds: number): void {
    const { prng, newAddress, happened } = this.#targets;
    const habits = this.#habits;
    const { peer } = person;
    if (peer.machine === null) return;
    if (prng.chance(habits.crash * seconds)) {
      peer.crash(prng.chance(0.4));
      happened("crash");
    } else if (prng.chance(habits.freeze * seconds)) this.#freeze(peer);
    else if (prng.chance(habits.move * seconds)) {
      peer.move(newAddress());
      happened("move");
    } else if (peer.isOlder && prng.chance(0.1 * seconds)) this.#update(peer);
    else if (prng.chance(habits.loseCommits * seconds)) this.#loseCommits(person);
    else if (prng.chance(habits.flip * seconds)) this.#damage(peer);
  }

  #freeze(peer: SimPeer): void {
    const { prng, schedule } = this.#targets;
    peer.freeze(this.#habits.suspends);
    this.#targets.happened("freeze");
    const { life } = peer;
    schedule.after(prng.between(100, 60_000), () => {
      if (peer.life === life && peer.asleep) peer.wake();
    });
  }

  #update(peer: SimPeer): void {
    if (peer.machine !== null) peer.crash(false);
    peer.update();
    this.#targets.happened("update");
    peer.boot();
  }

  /** What is in memory is right; it has to be read anew to be found wrong. */
  #damage(peer: SimPeer): void {
    peer.crash(false);
    peer.damage();
    this.#targets.happened("flip");
  }

  /** What is committed from now on until the power fails is lost with it. */
  #loseCommits(person: Person): void {
    const { prng, schedule, peers, happened } = this.#targets;
    const { peer } = person;
    // A disk goes back once at a time; and a copy of what is read wrongly would stay so.
    if (peer.isDamaged || this.#goingBack.has(peer)) return;
    // Who is not in yet has nothing to lose.
    if (peer.machine?.members().some(({ self }) => self) !== true) return;
    const copy = peer.backup();
    const before = peer.transactions();
    this.#goingBack.add(peer);
    schedule.after(prng.between(50, 3000), () => {
      this.#goingBack.delete(peer);
      if (this.#areOver || person.state !== "inside" || peer.isDamaged) return;
      const lost = [...peer.transactions()].filter((id) => !before.has(id));
      if (isSomebodyLocked(peer, lost, peers)) return;
      peer.crash(true);
      peer.restore(copy);
      happened("lose_commits");
    });
  }

  #partition(): void {
    const { prng, schedule, network, peers } = this.#targets;
    const here = peers.filter(() => prng.chance(0.5));
    const there = peers.filter((peer) => !here.includes(peer));
    for (const a of here) for (const b of there) network.cut(a, b);
    if (here.length > 0 && there.length > 0) this.#targets.happened("partition");
    schedule.after(prng.between(500, 20_000), () => {
      for (const a of here) for (const b of there) network.mend(a, b);
    });
  }
}

/**
 * Whether the loss would lock somebody out: a joiner whose door forgets it, while nobody else has heard of it. It needs
 * a new ticket then, since nobody takes its word.
 */
function isSomebodyLocked(peer: SimPeer, lost: readonly string[], peers: readonly SimPeer[]): boolean {
  return lost.some((text) => {
    const id = fromHex(text);
    if (peer.store.transaction(id)?.header.class !== "membership") return false;
    const holds = (other: SimPeer) => other.unlessDamaged(() => other.store.hasTransaction(id)) === true;
    return peers.filter((other) => other !== peer && holds(other)).length < 2;
  });
}
