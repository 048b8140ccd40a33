import { checkBounds, oneSided, unconnected } from "./overlay_checks.ts";
import { type OverlayHabits, OverlayNetwork } from "./overlay_network.ts";
import type { OverlayPeer } from "./overlay_peer.ts";

/** What a number of broadcasts came to. */
export interface BroadcastFigures {
  /** Share of the peers that each reached, all together. */
  readonly delivered: number;
  /** Messages sent whole for each peer that got one, less 1 (the paper's RMR). */
  readonly redundancy: number;
  /** Hops to a peer: mean, 99th percentile, and the most. */
  readonly hopsMean: number;
  readonly hopsP99: number;
  readonly hopsMax: number;
  /** Share of those to which it took more than seven. */
  readonly hopsBeyondSeven: number;
  /** Time until the last peer had it: mean over the broadcasts. */
  readonly lastMs: number;
}

/** What a simulated network of peers came to. Times are virtual. */
export interface OverlayFigures {
  readonly peers: number;
  readonly neighboursMean: number;
  readonly neighboursMin: number;
  /** Pairs of which one alone takes the other for its neighbour. */
  readonly oneSided: number;
  /** Peers that were not connected, once all had joined. */
  readonly unconnected: number;
  /** One sender, no faults. */
  readonly calm: BroadcastFigures;
  /** A sender drawn for each broadcast. */
  readonly manySenders: BroadcastFigures;
  /** One sender, with connections that lose messages. */
  readonly lossy: BroadcastFigures;
  /** What one broadcast costs a peer besides its payload, and what a quiet minute costs it. */
  readonly broadcastBytesPerPeer: number;
  readonly quietBytesPerPeerMinute: number;
  /** Share that was delivered once the frontiers of all that are linked were compared, and how often they had to be. */
  readonly repaired: number;
  readonly comparisons: number;
  /** After half of the peers were killed at once: time until the others were connected, and until one broadcast reached all. */
  readonly halfLostConnectedMs: number;
  readonly halfLostDeliveredMs: number;
  /** After a cut in two for a minute: time until all were connected again. */
  readonly cutConnectedMs: number;
  /** Share of what was told on both sides meanwhile that everybody had, once frontiers were compared. */
  readonly cutRepaired: number;
}

const WARM_BROADCASTS = 10;
const BROADCASTS = 10;
/** Virtual time for one broadcast, and the longest that something is waited for. */
const BROADCAST_MS = 2000;
const PATIENCE_MS = 120_000;
const STEP_MS = 250;

/** Simulates a network from one seed through calm, losses, the loss of half the peers, and a cut. */
export class OverlayRun {
  readonly network: OverlayNetwork;
  readonly #sender: OverlayPeer;
  #broadcasts = 0;

  constructor(habits: OverlayHabits) {
    this.network = new OverlayNetwork(habits);
    this.network.joinAll();
    this.network.wait(30_000);
    this.#sender = this.network.peers[0] as OverlayPeer;
  }

  /** All of it. */
  figures(): OverlayFigures {
    const { network } = this;
    const sizes = network.peers.map(({ views }) => views.active.size);
    const shape = {
      peers: network.peers.length,
      neighboursMean: sizes.reduce((sum, size) => sum + size, 0) / sizes.length,
      neighboursMin: Math.min(...sizes),
      oneSided: oneSided(network),
      unconnected: unconnected(network),
    };
    this.grow();
    const quietBytes = this.#bytesIn(() => network.wait(60_000));
    let calm: BroadcastFigures | null = null;
    const calmBytes = this.#bytesIn(() => calm = this.measure(() => this.#sender));
    const manySenders = this.measure(() => network.prng.pick(network.up()));
    // The tree of many senders is nobody's own.
    this.grow();
    network.loses = true;
    const lossy = this.measure(() => this.#sender);
    network.loses = false;
    const { share: repaired, comparisons } = this.compare();
    const perMinute = quietBytes / network.peers.length;
    return {
      ...shape,
      calm: calm as unknown as BroadcastFigures,
      manySenders,
      lossy,
      broadcastBytesPerPeer: (calmBytes / network.peers.length - perMinute * (BROADCASTS * BROADCAST_MS / 60_000)) /
        BROADCASTS,
      quietBytesPerPeerMinute: perMinute,
      repaired,
      comparisons,
      ...this.loseHalf(),
      ...this.cut(),
    };
  }

  /** Lets the tree form. */
  grow(): void {
    this.measure(() => this.#sender, WARM_BROADCASTS);
  }

  /** Broadcasts one after another. */
  measure(sender: () => OverlayPeer, count = BROADCASTS): BroadcastFigures {
    const { network } = this;
    const hops: number[] = [];
    let expected = 0;
    let lastMs = 0;
    const pushedBefore = network.sent.get("push") ?? 0;
    for (let i = 0; i < count; i++) {
      const startMs = network.schedule.nowMs;
      const id = this.#broadcast(sender());
      network.wait(BROADCAST_MS);
      const reached = network.up().filter(({ delivered }) => delivered.has(id));
      expected += network.up().length;
      hops.push(...reached.map(({ delivered }) => delivered.get(id) as number));
      lastMs += Math.max(...reached.map(({ deliveredAtMs }) => deliveredAtMs)) - startMs;
    }
    hops.sort((a, b) => a - b);
    const pushed = (network.sent.get("push") ?? 0) - pushedBefore;
    return {
      delivered: hops.length / expected,
      redundancy: pushed / (hops.length - count) - 1,
      hopsMean: hops.reduce((sum, one) => sum + one, 0) / hops.length,
      hopsP99: hops[Math.floor(hops.length * 0.99)] as number,
      hopsMax: hops.at(-1) as number,
      hopsBeyondSeven: hops.filter((count) => count > 7).length / hops.length,
      lastMs: lastMs / count,
    };
  }

  /** Compares frontiers until nobody lacks anything. @returns the share of all that was told that is everywhere. */
  compare(): { share: number; comparisons: number } {
    let comparisons = 0;
    while (this.network.compareAll() > 0) comparisons++;
    const all = new Set(this.network.up().flatMap(({ delivered }) => [...delivered.keys()]));
    const up = this.network.up();
    const held = up.reduce((sum, { delivered }) => sum + delivered.size, 0);
    return { share: held / (all.size * up.length), comparisons };
  }

  /** Kills half of the peers at once, but the sender; every other one of them so that it is noticed by its silence. */
  loseHalf(): { halfLostConnectedMs: number; halfLostDeliveredMs: number } {
    const { network } = this;
    const startMs = network.schedule.nowMs;
    network.peers.forEach((peer, index) => {
      if (peer !== this.#sender && network.prng.chance(0.5)) network.kill(peer, index % 2 === 0);
    });
    const halfLostConnectedMs = this.#until(() => unconnected(network) === 0);
    let halfLostDeliveredMs = Infinity;
    while (halfLostDeliveredMs === Infinity && network.schedule.nowMs - startMs < PATIENCE_MS) {
      const id = this.#broadcast(this.#sender);
      network.wait(BROADCAST_MS);
      if (network.up().every(({ delivered }) => delivered.has(id))) {
        halfLostDeliveredMs = network.schedule.nowMs - startMs;
      }
    }
    return { halfLostConnectedMs, halfLostDeliveredMs };
  }

  /** Cuts the network in two for a minute, in which both sides tell something. */
  cut(): { cutConnectedMs: number; cutRepaired: number } {
    const { network } = this;
    network.cut((index) => index % 2);
    network.wait(60_000);
    for (const part of [0, 1]) {
      const senders = network.up().filter(({ index }) => index % 2 === part);
      for (let i = 0; i < 5; i++) this.#broadcast(network.prng.pick(senders));
    }
    network.wait(BROADCAST_MS);
    network.cut(null);
    const cutConnectedMs = this.#until(() => unconnected(network) === 0);
    network.wait(10_000);
    return { cutConnectedMs, cutRepaired: this.compare().share };
  }

  #broadcast(sender: OverlayPeer): string {
    const id = String(this.#broadcasts++);
    sender.broadcast(id);
    this.network.touched(sender);
    return id;
  }

  #until(condition: () => boolean): number {
    const startMs = this.network.schedule.nowMs;
    for (;;) {
      for (const peer of this.network.up()) checkBounds(peer);
      const tookMs = this.network.schedule.nowMs - startMs;
      if (condition()) return tookMs;
      if (tookMs >= PATIENCE_MS) return Infinity;
      this.network.wait(STEP_MS);
    }
  }

  #bytesIn(act: () => void): number {
    const total = () => this.network.peers.reduce((sum, { sentBytes }) => sum + sentBytes, 0);
    const before = total();
    act();
    return total() - before;
  }
}
