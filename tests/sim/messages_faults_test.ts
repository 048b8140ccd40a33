import { assert, assertEquals } from "@std/assert";
import { POST_HOLD_MS } from "../../lib/base/limits.ts";
import type { PostReader } from "../../lib/peer/post_views.ts";
import { CALM_NETWORK } from "./habits.ts";
import { Lab } from "./lab.ts";
import type { NetworkHabits } from "./network.ts";
import { Prng } from "./prng.ts";
import type { SimPeer } from "./sim_peer.ts";

/** How many things happen in one run. */
const STEPS = 250;

/** What one reader has seen of one run of a sender, to all or to itself. */
interface Seen {
  first: number;
  last: number;
  count: number;
}

/** A reader that checks what it is given: each message once at the most, in order, and what is left out is counted. */
class CheckedReader {
  readonly #reader: PostReader;
  readonly #seen = new Map<string, Seen>();
  readonly #missed = new Map<string, number>();

  constructor(reader: PostReader) {
    this.#reader = reader;
  }

  look(): void {
    const { dropped, missed, posts } = this.#reader.take();
    assertEquals(dropped, 0);
    for (const { peer, count } of missed) this.#missed.set(peer, (this.#missed.get(peer) ?? 0) + count);
    for (const { peer, payload, direct } of posts) {
      const [life, number] = new TextDecoder().decode(payload).split(" ").map(Number) as [number, number];
      const row = `${peer} ${life} ${direct}`;
      const seen = this.#seen.get(row) ?? { first: number, last: 0, count: 0 };
      assert(number > seen.last, `${number} of ${row} came behind ${seen.last}`);
      this.#seen.set(row, { first: seen.first, last: number, count: seen.count + 1 });
    }
  }

  /** What was left out is what is told to be missing. */
  check(): void {
    this.look();
    const gaps = new Map<string, number>();
    for (const [row, { first, last, count }] of this.#seen) {
      const [peer = ""] = row.split(" ");
      const gap = last - first + 1 - count;
      if (gap > 0) gaps.set(peer, (gaps.get(peer) ?? 0) + gap);
    }
    assertEquals(this.#missed, gaps);
  }

  has(peer: string, text: string): boolean {
    const [life, number] = text.split(" ");
    return this.#seen.get(`${peer} ${life} false`)?.last === Number(number);
  }
}

/** Peers that publish while the network does what it likes. */
class Talk {
  readonly lab = new Lab();
  readonly readers = new Map<SimPeer, CheckedReader>();
  readonly #prng: Prng;
  readonly #numbers = new Map<string, number>();
  published = 0;

  constructor(seed: number, peers: number) {
    this.#prng = new Prng(seed);
    for (const peer of this.lab.space(peers)) this.#read(peer);
  }

  step(): void {
    const { lab } = this;
    const [one, other] = [this.#prng.pick(lab.peers), this.#prng.pick(lab.peers)];
    const happens = this.#prng.below(100);
    if (happens < 70) this.post(one, this.#prng.chance(0.3) ? other : null);
    else if (happens < 76) one !== other && lab.network.cut(one, other);
    else if (happens < 85) lab.network.mendAll();
    else if (happens < 90) one.freeze(this.#prng.chance(0.5));
    else if (happens < 97) lab.peers.forEach((peer) => peer.wake());
    else this.#crash(one);
    lab.wait(this.#prng.pick([0, 0, 1, 5, 30, 400]));
    for (const [peer, reader] of this.readers) if (!peer.asleep) reader.look();
  }

  /** Publishes a few messages, where it is up. @returns the last one. */
  post(from: SimPeer, to: SimPeer | null): string {
    const posts: { topic: string; payload: Uint8Array }[] = [];
    let text = "";
    if (from.machine === null || (to !== null && !this.lab.isLinked(from, to))) return text;
    for (let left = this.#prng.between(1, 3); left > 0; left--) {
      const row = `${from.index} ${from.life} ${to?.index}`;
      const number = (this.#numbers.get(row) ?? 0) + 1;
      this.#numbers.set(row, number);
      text = `${from.life} ${number}`;
      const payload = new Uint8Array(this.#prng.pick([20, 100, 5000])).fill(32);
      payload.set(new TextEncoder().encode(text));
      posts.push({ topic: `t/${this.#prng.below(3)}`, payload });
    }
    this.published += posts.length;
    from.request({ type: "post", posts, to: to?.id ?? null }, () => {});
    return text;
  }

  #crash(peer: SimPeer): void {
    if (peer.machine === null || peer.asleep) return;
    this.readers.get(peer)?.check();
    peer.crash(this.#prng.chance(0.5));
    peer.boot();
    this.#read(peer);
  }

  #read(peer: SimPeer): void {
    assert(peer.machine !== null);
    this.readers.set(peer, new CheckedReader(peer.machine.subscribe("t")));
  }
}

const HARSH: readonly NetworkHabits[] = [
  { latencyMs: [1, 400], pieceBytes: [20, 1500], capacityBytes: [600, 4000], dialFails: 0.2 },
  { latencyMs: [0, 1], pieceBytes: [1000, 20_000], capacityBytes: [65_536, 262_144], dialFails: 0 },
];

for (const seed of [1, 2, 4, 6]) {
  Deno.test(`messages: once, in order and counted, whatever the network does (seed ${seed})`, () => {
    const talk = new Talk(seed, 3 + seed % 3);
    const { lab } = talk;
    lab.network.habits = HARSH[seed % 2] as NetworkHabits;
    for (let i = 0; i < STEPS; i++) talk.step();
    assert(talk.published > STEPS / 2);
    lab.network.habits = CALM_NETWORK;
    lab.network.mendAll();
    for (const peer of lab.peers) peer.wake();
    lab.untilHealed();
    lab.wait(2 * POST_HOLD_MS);
    const last = lab.peers.map((peer) => [peer.id, talk.post(peer, null)] as const);
    lab.wait(2 * POST_HOLD_MS);
    for (const [peer, reader] of talk.readers) {
      reader.check();
      for (const [id, text] of last) assert(reader.has(id, text), `p${peer.index} was told ${text} of ${id}`);
    }
  });
}
