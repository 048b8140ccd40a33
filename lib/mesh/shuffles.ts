import { toHex } from "../base/bytes.ts";
import { forgetOldest } from "../base/forget_oldest.ts";
import { MAX_REMEMBERED_WALKS, MAX_SHUFFLE_PEERS } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import { type PassiveView, sampleOf } from "./passive_view.ts";
import type { ViewMessage } from "./view_message.ts";

/** Hops of a shuffle, and of the walk by which others hear of a newcomer (ARWL in the paper). */
export const WALK_HOPS = 6;
/** Peers of each view in a shuffle, besides oneself. */
const SHUFFLED_ACTIVE = 3;
const SHUFFLED_PASSIVE = 4;
const WALK_BYTES = 8;

/** What shuffles work upon. */
export interface ShuffleParts {
  readonly self: string;
  readonly random: Random;
  readonly active: ReadonlySet<string>;
  readonly passive: PassiveView;
  readonly send: (peer: string, message: ViewMessage) => void;
  readonly isLinked: (peer: string) => boolean;
}

/** Mixes passive views: random walks bring some peers that one knows to another, and as many come back. */
export class Shuffles {
  readonly #parts: ShuffleParts;
  /** From whom each walk under way came, by its name, the oldest first. */
  readonly #walks = new Map<string, string>();
  #ownWalk = "";
  /** Those that this peer's last shuffle told of. */
  #told: readonly string[] = [];

  constructor(parts: ShuffleParts) {
    this.#parts = parts;
  }

  /** Peers that others were told of last: they go first where the passive view is full. */
  get expendable(): readonly string[] {
    return this.#told;
  }

  /** Begins one of this peer's own. */
  begin(): void {
    const { self, random, active, passive, send } = this.#parts;
    const [first, ...others] = sampleOf([...active], SHUFFLED_ACTIVE + 1, random);
    if (first === undefined) return;
    this.#ownWalk = toHex(random.bytes(WALK_BYTES));
    this.#told = [self, ...others, ...passive.sample(SHUFFLED_PASSIVE)];
    send(first, { type: "shuffle", walk: this.#ownWalk, hopsLeft: WALK_HOPS, peers: this.#told });
  }

  /** One of another peer came by: it goes on, or ends here. Where it was before it ends. */
  received(from: string, walk: string, hopsLeft: number, peers: readonly string[]): void {
    const { self, random, active, passive, send } = this.#parts;
    const [origin] = peers;
    if (origin === undefined || origin === self) return;
    const next = hopsLeft === 0 || this.#walks.has(walk)
      ? undefined
      : sampleOf([...active].filter((peer) => peer !== from && peer !== origin), 1, random)[0];
    if (next !== undefined) {
      this.#walks.set(walk, from);
      forgetOldest(this.#walks, MAX_REMEMBERED_WALKS);
      return send(next, { type: "shuffle", walk, hopsLeft: Math.min(hopsLeft, WALK_HOPS) - 1, peers });
    }
    const own = passive.sample(Math.min(peers.length, MAX_SHUFFLE_PEERS));
    send(from, { type: "shuffle_reply", walk, peers: own });
    this.#takeIn(peers, own);
  }

  /** What came back of one: of this peer's own, or for who it came from. */
  answered(walk: string, peers: readonly string[]): void {
    if (walk === this.#ownWalk) return this.#takeIn(peers, this.#told);
    const back = this.#walks.get(walk);
    if (back === undefined) return;
    this.#walks.delete(walk);
    if (this.#parts.isLinked(back)) this.#parts.send(back, { type: "shuffle_reply", walk, peers });
  }

  #takeIn(peers: readonly string[], expendable: readonly string[]): void {
    const { self, active, passive } = this.#parts;
    for (const peer of peers) if (peer !== self && !active.has(peer)) passive.add(peer, expendable);
  }
}
