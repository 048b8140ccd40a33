import type { Random } from "../../../lib/base/random.ts";
import { HyParView } from "../../../lib/mesh/hyparview.ts";
import { type Announced, Plumtree } from "../../../lib/mesh/plumtree.ts";
import type { ViewMessage } from "../../../lib/mesh/view_message.ts";
import type { OverlayNetwork } from "./overlay_network.ts";

/** What travels between simulated peers: of HyParView, or of Plumtree. */
export type OverlayMessage =
  | ViewMessage
  | { readonly type: "push"; readonly id: string; readonly hops: number }
  | { readonly type: "announce"; readonly list: readonly Announced[] }
  | { readonly type: "graft"; readonly ids: readonly string[] }
  | { readonly type: "prune" };

/** One peer of the simulation: both machines of the overlay, and what was delivered. */
export class OverlayPeer {
  readonly index: number;
  readonly views: HyParView;
  readonly tree: Plumtree<string>;
  isUp = true;
  /** The hops by which each message came; 0 for its own, and for what a comparison brought. */
  readonly delivered = new Map<string, number>();
  /** A hash of what was delivered. */
  digest = 0;
  /** When it was delivered last. */
  deliveredAtMs = 0;
  /** Bytes that it sent. */
  sentBytes = 0;
  /** For the network: when its next tick is planned. */
  tickAtMs = Infinity;
  #viewsDueMs = 0;
  readonly #network: OverlayNetwork;

  constructor(index: number, random: Random, network: OverlayNetwork) {
    this.index = index;
    this.#network = network;
    const send = (to: string, message: OverlayMessage) => network.send(this, to, message);
    this.tree = new Plumtree({
      push: (to, id, hops) => send(to, { type: "push", id, hops }),
      announce: (to, list) => send(to, { type: "announce", list }),
      graft: (to, ids) => send(to, { type: "graft", ids }),
      prune: (to) => send(to, { type: "prune" }),
    });
    this.views = new HyParView(String(index), random, {
      send,
      dial: (peer) => network.dial(this, peer),
      drop: (peer) => network.drop(this, peer),
      neighbourUp: (peer) => this.tree.up(peer),
      neighbourDown: (peer) => this.tree.down(peer),
      isNeededBy: () => false,
      acquaintances: () => network.acquaintances(),
    }, network.now);
  }

  /** A message came in. */
  received(from: string, message: OverlayMessage): void {
    const { now, writers } = this.#network;
    switch (message.type) {
      case "push":
        if (this.tree.received(from, message.id, message.hops, now, writers.get(message.id))) {
          this.deliver(message.id, message.hops);
        }
        return;
      case "announce":
        return this.tree.announced(from, message.list, now);
      case "graft":
        this.tree.grafted(from);
        for (const id of message.ids) {
          const hops = this.tree.hopsOf(id);
          if (hops !== null) this.#network.send(this, from, { type: "push", id, hops: hops + 1 });
        }
        return;
      case "prune":
        return this.tree.pruned(from);
      default:
        return this.aboutViews((views) => views.received(from, message, now));
    }
  }

  /** Something that is the views' business happens. */
  aboutViews(act: (views: HyParView) => void): void {
    act(this.views);
    this.#viewsDueMs = this.views.deadline();
  }

  /** Does what is due. */
  tick(): void {
    const { now } = this.#network;
    this.tree.tick(now);
    if (now.monotonicMs >= this.#viewsDueMs) this.aboutViews((views) => views.tick(now));
  }

  /** When that is. */
  deadline(): number {
    return Math.min(this.#viewsDueMs, this.tree.deadline());
  }

  /** Tells all. */
  broadcast(id: string): void {
    this.#network.writers.set(id, String(this.index));
    this.deliver(id, 0);
    this.tree.broadcast(id, this.#network.now);
  }

  /** Notes a message. */
  deliver(id: string, hops: number): void {
    this.delivered.set(id, hops);
    this.digest ^= Math.imul(Number(id) + 1, 0x9e3779b1);
    this.deliveredAtMs = this.#network.now.monotonicMs;
  }
}
