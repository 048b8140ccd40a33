import type { Now } from "../../../lib/base/clock.ts";
import { SILENT_AFTER_MS } from "../../../lib/base/limits.ts";
import type { HyParView } from "../../../lib/mesh/hyparview.ts";
import { Prng } from "../../sim/prng.ts";
import { Schedule } from "../../sim/schedule.ts";
import { type OverlayMessage, OverlayPeer } from "./overlay_peer.ts";

/** How the network behaves. */
export interface OverlayHabits {
  readonly seed: number;
  readonly peers: number;
  /** Of a connection, drawn once for each. */
  readonly latencyMs: readonly [number, number];
  /** Share of connections that lose messages, and how many of them. */
  readonly lossyLinks: number;
  readonly loss: number;
  /** Messages that the network swallows: what mechanism is taken out. Default: none. */
  readonly without?: (message: OverlayMessage) => boolean;
}

interface Connection {
  readonly latencyMs: number;
  readonly isLossy: boolean;
  /** Who closed it: nothing arrives there any more. */
  closedBy: OverlayPeer | null;
  /** Whether the other end knows. */
  isGone: boolean;
}

/** Time after which a dial fails where nobody answers. */
const DIAL_TIMEOUT_MS = 10_000;
/** Pause between two peers that join. */
const JOIN_EVERY_MS = 40;

/** Thousands of peers at the level of messages: connections with latency and losses, crashes and cuts. */
export class OverlayNetwork {
  readonly schedule = new Schedule();
  readonly prng: Prng;
  readonly peers: OverlayPeer[] = [];
  readonly habits: OverlayHabits;
  /** Counts what is sent, by type. */
  readonly sent = new Map<string, number>();
  /** Who wrote each message; in reality it says so itself. */
  readonly writers = new Map<string, string>();
  /** Whether connections lose messages now. */
  loses = false;
  readonly #connections: Map<string, Connection>[] = [];
  #part: ((index: number) => number) | null = null;

  constructor(habits: OverlayHabits) {
    this.habits = habits;
    this.prng = new Prng(habits.seed);
  }

  /** Both clocks. */
  get now(): Now {
    return { monotonicMs: this.schedule.nowMs, wallMs: this.schedule.nowMs };
  }

  /** The peers that run. */
  up(): OverlayPeer[] {
    return this.peers.filter(({ isUp }) => isUp);
  }

  /** All join, each through one that is in already. */
  joinAll(): void {
    for (let index = 0; index < this.habits.peers; index++) {
      const peer = new OverlayPeer(index, new Prng(this.habits.seed, index + 1), this);
      this.peers.push(peer);
      this.#connections.push(new Map());
      peer.aboutViews((views) => views.fill(this.now));
      this.touched(peer);
      this.wait(JOIN_EVERY_MS);
    }
  }

  /** Lets virtual time pass. */
  wait(forMs: number): void {
    this.schedule.runUntil(this.schedule.nowMs + forMs);
  }

  /** Something happened at a peer: its next tick may be due earlier. */
  touched(peer: OverlayPeer): void {
    const dueMs = peer.deadline();
    if (dueMs >= peer.tickAtMs || dueMs === Infinity) return;
    peer.tickAtMs = dueMs;
    this.schedule.at(dueMs, () => {
      if (peer.tickAtMs !== dueMs) return;
      peer.tickAtMs = Infinity;
      this.#at(peer, () => peer.tick());
    });
  }

  /** Some peers of the address book. */
  acquaintances(): string[] {
    if (this.peers.length < 2) return [];
    return Array.from({ length: 8 }, () => String(this.prng.below(this.peers.length)));
  }

  /** Sends by a connection, where there is one. */
  send(from: OverlayPeer, to: string, message: OverlayMessage): void {
    const connection = this.#connections[from.index]?.get(to);
    if (connection === undefined) return;
    this.sent.set(message.type, (this.sent.get(message.type) ?? 0) + 1);
    from.sentBytes += sizeBytes(message);
    if (this.habits.without?.(message)) return;
    if (connection.isLossy && this.loses && this.prng.chance(this.habits.loss)) return;
    const target = this.#peer(to);
    this.schedule.after(connection.latencyMs, () => {
      if (connection.isGone || connection.closedBy === target || this.#isCut(from.index, target.index)) return;
      this.#at(target, () => target.received(String(from.index), message));
    });
  }

  /** Dials. */
  dial(from: OverlayPeer, to: string): void {
    const target = this.#peer(to);
    const latencyMs = this.#latency();
    const fails = () => !target.isUp || target === from || this.#isCut(from.index, target.index);
    // A machine that is gone does not answer at all; one whose peer is down says so.
    const isQuiet = this.#isCut(from.index, target.index) || this.prng.chance(0.5);
    this.schedule.after(fails() && isQuiet ? DIAL_TIMEOUT_MS : 4 * latencyMs, () => {
      if (fails()) return this.#aboutViews(from, (views) => views.unreachable(to, this.now));
      if (!from.isUp) return;
      this.#connect(from, target, latencyMs);
      this.#aboutViews(from, (views) => views.linked(to, this.now));
      this.#aboutViews(target, (views) => views.linked(String(from.index), this.now));
    });
  }

  /** One end closes a connection, with a word. */
  drop(from: OverlayPeer, to: string): void {
    this.send(from, to, { type: "disconnect" });
    this.#close(from, this.#peer(to), (connection) => connection.latencyMs, false);
  }

  /** A peer is killed. @param silently the others notice by its silence only. */
  kill(peer: OverlayPeer, silently: boolean): void {
    peer.isUp = false;
    for (const other of [...this.#connections[peer.index]?.keys() ?? []]) {
      this.#close(peer, this.#peer(other), ({ latencyMs }) => silently ? SILENT_AFTER_MS : latencyMs, true);
    }
  }

  /** Cuts the network into parts, or mends it (null). Who is cut off is noticed by silence. */
  cut(part: ((index: number) => number) | null): void {
    this.#part = part;
    if (part === null) return;
    this.schedule.after(SILENT_AFTER_MS, () => {
      for (const peer of this.peers) {
        for (const other of [...this.#connections[peer.index]?.keys() ?? []]) {
          if (!this.#isCut(peer.index, Number(other))) continue;
          this.#close(peer, this.#peer(other), () => 0, true);
          this.#aboutViews(peer, (views) => views.unlinked(other, true, this.now));
        }
      }
    });
  }

  /** The frontiers of all that are linked are compared once, and what one lacks is sent. @returns how much that was. */
  compareAll(): number {
    let repaired = 0;
    for (const peer of this.up()) {
      for (const other of this.#connections[peer.index]?.keys() ?? []) {
        const target = this.#peer(other);
        if (target.digest === peer.digest || this.#isCut(peer.index, target.index)) continue;
        for (const id of peer.delivered.keys()) {
          if (target.delivered.has(id)) continue;
          target.deliver(id, 0);
          repaired++;
        }
      }
    }
    return repaired;
  }

  #at(peer: OverlayPeer, act: () => void): void {
    if (!peer.isUp) return;
    act();
    this.touched(peer);
  }

  #aboutViews(peer: OverlayPeer, act: (views: HyParView) => void): void {
    this.#at(peer, () => peer.aboutViews(act));
  }

  #connect(a: OverlayPeer, b: OverlayPeer, latencyMs: number): void {
    if (this.#connections[a.index]?.has(String(b.index))) return;
    const connection = { latencyMs, isLossy: this.prng.chance(this.habits.lossyLinks), closedBy: null, isGone: false };
    this.#connections[a.index]?.set(String(b.index), connection);
    this.#connections[b.index]?.set(String(a.index), connection);
  }

  /** The other end is told later, once what was sent before has arrived. */
  #close(a: OverlayPeer, b: OverlayPeer, afterMs: (connection: Connection) => number, failed: boolean): void {
    const connection = this.#connections[a.index]?.get(String(b.index));
    if (connection === undefined) return;
    this.#connections[a.index]?.delete(String(b.index));
    this.#connections[b.index]?.delete(String(a.index));
    connection.closedBy = a;
    this.schedule.after(afterMs(connection), () => {
      connection.isGone = true;
      // They may be linked anew by now.
      if (this.#connections[b.index]?.has(String(a.index))) return;
      this.#aboutViews(b, (views) => views.unlinked(String(a.index), failed, this.now));
    });
  }

  #isCut(a: number, b: number): boolean {
    return this.#part !== null && this.#part(a) !== this.#part(b);
  }

  #peer(id: string): OverlayPeer {
    return this.peers[Number(id)] as OverlayPeer;
  }

  #latency(): number {
    return this.prng.between(...this.habits.latencyMs);
  }
}

/** What a message takes on a link, with its frame and record; of a push the payload aside. */
function sizeBytes(message: OverlayMessage): number {
  const frame = 20;
  switch (message.type) {
    case "push":
      return frame + 33;
    case "announce":
      return frame + 33 * message.list.length;
    case "graft":
      return frame + 32 * message.ids.length;
    case "forward_join":
      return frame + 33;
    case "shuffle":
    case "shuffle_reply":
      return frame + 10 + 32 * message.peers.length;
    default:
      return frame + 1;
  }
}
