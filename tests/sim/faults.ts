import { fromHex } from "../../lib/base/bytes.ts";
import type { Adversary } from "./adversary.ts";
import { type Habits, PEERS_REPAIR } from "./habits.ts";
import type { Network } from "./network.ts";
import type { Person } from "./person.ts";
import type { Prng } from "./prng.ts";
import type { Schedule } from "./schedule.ts";
import type { SimPeer } from "./sim_peer.ts";

/** What the faults befall. */
export interface FaultTargets {
  readonly prng: Prng;
  readonly schedule: Schedule;
  readonly network: Network;
  readonly peers: readonly SimPeer[];
  readonly persons: readonly Person[];
  readonly adversary: Adversary | null;
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
    const { prng, network, persons, peers, adversary } = this.#targets;
    const habits = this.#habits;
    for (const person of persons) this.#drawFor(person, seconds);
    for (const peer of peers) if (peer.machine === null && prng.chance(0.15)) peer.boot();
    const connections = network.connections();
    if (connections.length > 0 && prng.chance(habits.lose * seconds)) network.lose(prng.pick(connections));
    if (connections.length > 0 && prng.chance(habits.halfOpen * seconds)) {
      const end = prng.pick(connections);
      network.halfOpen(prng.chance(0.5) ? end : end.other);
    }
    if (prng.chance(habits.partition * seconds)) this.#partition();
    if (adversary !== null && prng.chance(habits.attack * seconds)) adversary.attack(prng.pick(peers));
    if (habits.leaves && prng.chance(0.04 * seconds)) {
      const leaver = prng.pick(persons);
      if (leaver !== persons[0]) leaver.leave();
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
    const { prng, newAddress } = this.#targets;
    const habits = this.#habits;
    const { peer } = person;
    if (peer.machine === null) return;
    if (prng.chance(habits.crash * seconds)) peer.crash(prng.chance(0.4));
    else if (prng.chance(habits.freeze * seconds)) this.#freeze(peer);
    else if (prng.chance(habits.move * seconds)) peer.move(newAddress());
    else if (peer.isOlder && prng.chance(0.1 * seconds)) this.#update(peer);
    else if (prng.chance(habits.loseCommits * seconds)) this.#loseCommits(person);
    else if (prng.chance(habits.flip * seconds)) this.#damage(peer);
  }

  #freeze(peer: SimPeer): void {
    const { prng, schedule } = this.#targets;
    peer.freeze(this.#habits.suspends);
    const { life } = peer;
    schedule.after(prng.between(100, 60_000), () => {
      if (peer.life === life && peer.asleep) peer.wake();
    });
  }

  #update(peer: SimPeer): void {
    if (peer.machine !== null) peer.crash(false);
    peer.update();
    peer.boot();
  }

  /** What is in memory is right; it has to be read anew to be found wrong. */
  #damage(peer: SimPeer): void {
    peer.crash(false);
    peer.damage();
  }

  /** What is committed from now on until the power fails is lost with it. */
  #loseCommits(person: Person): void {
    const { prng, schedule, peers } = this.#targets;
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
    });
  }

  #partition(): void {
    const { prng, schedule, network, peers } = this.#targets;
    const here = peers.filter(() => prng.chance(0.5));
    const there = peers.filter((peer) => !here.includes(peer));
    for (const a of here) for (const b of there) network.cut(a, b);
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
