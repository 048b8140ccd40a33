import type { LanMessage } from "../../lib/mesh/lan_message.ts";
import { MIN_PULL_BYTES } from "../../lib/link/record.ts";
import type { Prng } from "./prng.ts";
import type { Schedule } from "./schedule.ts";
import { SimUdp, type UdpNat } from "./sim_udp.ts";

/** A router behind which hosts are: from outside it, each is reached only by what the router passes on. */
export interface Nat {
  /** Its own address. */
  readonly host: string;
  /** Whether connections through it keep the port that they have behind it. */
  readonly keepsPorts: boolean;
  /** Whether those behind it can reach each other, and themselves, by its outside address. Default: no. */
  readonly hairpins?: boolean;
  /** Where those behind it listen, by the address outside. */
  readonly forwards: Map<string, string>;
  /** What it does with UDP. Default: the same address for all. */
  readonly udp?: UdpNat;
}

/** Who has connections: a simulated peer, or an adversary. */
export interface NetworkHost {
  /** Its number in the world, by which partitions tell hosts apart. */
  readonly index: number;
  /** Where it listens now, `host:port`; null when it does not. */
  readonly listensAt: string | null;
  /** What it is behind. Default: nothing. */
  readonly nat?: Nat | null;
  /** At which UDP port it takes QUIC. Default: at none. */
  readonly quicPort?: number | null;
  /** Counts its lives: what was on its way to an earlier life is lost. */
  readonly life: number;
  connected(end: End, direction: "in" | "out", address: string): void;
  dialFailed(address: string, detail: string): void;
  /** Bytes came in; they count as under way until `Network.taken`. */
  received(end: End, bytes: Uint8Array): void;
  disconnected(end: End): void;
  /** A message came by multicast. Default: it does not listen. */
  heard?(message: LanMessage, isOwnAddress: boolean): void;
  /** Whether it tells who asks by QUIC from an address where that one is seen. Default: it tells everybody. */
  tells?(from: string): boolean;
  /** At which addresses it is seen by those that it asked by QUIC. Default: it does not ask. */
  quicSeen?(seen: readonly { readonly asked: string; readonly address: string | null }[]): void;
  /** The next bytes to send, valid until the next call; null for none. */
  pull(end: End, maxBytes: number): Uint8Array | null;
}

/** How a network behaves. Ranges are drawn from for each use. */
export interface NetworkHabits {
  readonly latencyMs: readonly [number, number];
  /** Largest piece into which the bytes under way are cut. */
  readonly pieceBytes: readonly [number, number];
  /** Bytes that may be under way in one direction. */
  readonly capacityBytes: readonly [number, number];
  /** Probability that a dial fails though the other side listens. */
  readonly dialFails: number;
}

/** One end of a connection. */
export interface End {
  readonly number: number;
  readonly host: NetworkHost;
  readonly life: number;
  /** Its own address, as its host knows it. */
  localAddress: string;
  other: End;
  open: boolean;
  /** To be closed once all is sent. */
  closing: boolean;
  /** What this end sends goes nowhere, and nobody tells it. */
  intoTheVoid: boolean;
  readonly capacityBytes: number;
  /** Bytes sent by this end that the other has not taken yet. */
  underWayBytes: number;
  lastArrivalMs: number;
  /** What arrived while the two were cut off; null is the end of the stream. */
  held: (Uint8Array | null)[];
}

/** A network of byte streams with latency, back-pressure, arbitrary pieces, cuts, losses and half-open connections. */
export class Network {
  readonly #schedule: Schedule;
  readonly #prng: Prng;
  readonly #hosts: NetworkHost[] = [];
  readonly #cuts = new Set<string>();
  readonly #ends = new Set<End>();
  #nextNumber = 1;
  /** What goes by QUIC. */
  readonly udp: SimUdp;
  /** Where those are that are dialled by a name, `host:port`. */
  readonly names = new Map<string, string>();
  /** May be changed at any time. */
  habits: NetworkHabits;

  constructor(schedule: Schedule, prng: Prng, habits: NetworkHabits) {
    this.#schedule = schedule;
    this.#prng = prng;
    this.habits = habits;
    this.udp = new SimUdp(
      schedule,
      () => this.#latency(),
      this.#hosts,
      (from, to, address, latencyMs, source) => this.#connect(from, to, address, latencyMs, source),
    );
  }

  /** Makes a host reachable at what it listens at. */
  add(host: NetworkHost): void {
    this.#hosts.push(host);
  }

  /** The open connections, each by the end that dialled. */
  connections(): End[] {
    return [...this.#ends].filter((end) => end.open && end.other.open && end.number < end.other.number);
  }

  /** Dials: leads to `connected` on both sides, or to `dialFailed`. */
  dial(host: NetworkHost, address: string): void {
    const { life } = host;
    const at = this.names.get(address) ?? address;
    const there = this.#latency();
    this.#schedule.after(there, () => {
      const target = this.#hosts.find((other) => this.#isAt(other, at, host));
      const unreachable = target === undefined || this.isCut(host, target) || this.#prng.chance(this.habits.dialFails);
      if (unreachable || host.life !== life) {
        const wait = this.#prng.chance(0.5) ? there : this.#prng.between(1000, 10_000);
        this.#schedule.after(wait, () => {
          if (host.life === life) host.dialFailed(address, "unreachable");
        });
        return;
      }
      this.#connect(host, target, address, there);
    });
  }

  /** Says something to everybody on the network, itself among them; some may not hear it. */
  multicast(from: NetworkHost, message: LanMessage): void {
    for (const host of this.#hosts) {
      const { life } = host;
      if (host.heard === undefined || this.isCut(from, host) || this.#prng.chance(this.habits.dialFails)) continue;
      this.#schedule.after(this.#latency(), () => {
        if (host.life === life) host.heard?.(message, host === from);
      });
    }
  }

  /** An end may have something to send. */
  pump(end: End): void {
    while (end.open && end.underWayBytes < end.capacityBytes && end.host.life === end.life) {
      const bytes = end.host.pull(end, Math.max(MIN_PULL_BYTES, end.capacityBytes - end.underWayBytes));
      if (bytes === null) {
        if (end.closing) this.#finish(end);
        return;
      }
      end.underWayBytes += bytes.length;
      this.#send(end, bytes.slice());
    }
  }

  /** Closes an end once all that it has to say is sent. */
  close(end: End): void {
    if (!end.open || end.closing) return;
    end.closing = true;
    this.#schedule.after(2000, () => this.#finish(end));
    this.pump(end);
  }

  /** The host at this end has taken in so many bytes. */
  taken(end: End, sizeBytes: number): void {
    end.other.underWayBytes -= sizeBytes;
    this.pump(end.other);
  }

  /** Whether two hosts are cut off from each other. */
  isCut(a: NetworkHost, b: NetworkHost): boolean {
    return this.#cuts.has(cutKey(a, b));
  }

  /** Cuts two hosts off from each other: dials fail, connections stall. */
  cut(a: NetworkHost, b: NetworkHost): void {
    this.#cuts.add(cutKey(a, b));
  }

  /** Ends a cut: what was held arrives. */
  mend(a: NetworkHost, b: NetworkHost): void {
    this.#cuts.delete(cutKey(a, b));
    for (const end of [...this.#ends]) {
      if ((end.host === a && end.other.host === b) || (end.host === b && end.other.host === a)) this.#release(end);
    }
  }

  /** Ends all cuts. */
  mendAll(): void {
    for (const a of this.#hosts) {
      for (const b of this.#hosts) if (a.index < b.index && this.isCut(a, b)) this.mend(a, b);
    }
  }

  /** Breaks a connection: what is under way is lost, both ends are told, each in its own time. */
  lose(end: End): void {
    for (const side of [end, end.other]) {
      side.intoTheVoid = true;
      this.#schedule.after(this.#latency(), () => this.#gone(side));
    }
  }

  /** Breaks a connection so that only `end` learns of it. */
  halfOpen(end: End): void {
    end.intoTheVoid = true;
    end.other.intoTheVoid = true;
    this.#schedule.after(0, () => this.#gone(end));
  }

  /** What both ends of a connection send goes nowhere from now on, and nobody tells them. */
  swallow(end: End): void {
    end.intoTheVoid = true;
    end.other.intoTheVoid = true;
  }

  /** A host died: the others learn of it, or with `silently` do not. */
  hostDied(host: NetworkHost, silently: boolean): void {
    for (const end of [...this.#ends]) {
      if (end.host !== host || !end.open) continue;
      end.open = false;
      this.#ends.delete(end);
      end.other.intoTheVoid = true;
      if (!silently) this.#schedule.after(this.#latency(), () => this.#gone(end.other));
    }
  }

  #connect(host: NetworkHost, target: NetworkHost, address: string, latencyMs: number, source?: string): void {
    const out = this.#end(host);
    const into = this.#end(target);
    out.other = into;
    into.other = out;
    // Nothing arrives at the dialler before it knows of the connection.
    into.lastArrivalMs = this.#schedule.nowMs + latencyMs;
    this.#schedule.at(into.lastArrivalMs, () => {
      if (host.life !== out.life) this.#gone(into);
      else if (out.open) host.connected(out, "out", address);
      else host.dialFailed(address, "lost");
    });
    const hostPart = (host.listensAt ?? `10.0.1.${host.index}:0`).replace(/:\d+$/, "");
    out.localAddress = `${hostPart}:${20_000 + this.#prng.below(40_000)}`;
    into.localAddress = target.listensAt ?? address;
    target.connected(into, "in", source ?? this.#sourceOf(out, target));
  }

  /** Whether a host is what somebody finds at an address. */
  #isAt({ listensAt, nat = null }: NetworkHost, address: string, from: NetworkHost): boolean {
    const isInside = nat === null || nat === (from.nat ?? null);
    if (isInside && (listensAt === address || nat?.hairpins !== true)) return listensAt === address;
    return listensAt !== null && nat?.forwards.get(address) === listensAt;
  }

  /** Where a connection comes from, as its target sees it. */
  #sourceOf({ host: { nat = null }, localAddress, number }: End, target: NetworkHost): string {
    if (nat === null || nat === (target.nat ?? null)) return localAddress;
    return `${nat.host}:${nat.keepsPorts ? localAddress.replace(/^.*:/, "") : 1024 + number}`;
  }

  #end(host: NetworkHost): End {
    const end: End = {
      number: this.#nextNumber++,
      host,
      life: host.life,
      localAddress: "",
      other: undefined as unknown as End,
      open: true,
      closing: false,
      intoTheVoid: false,
      capacityBytes: this.#prng.between(...this.habits.capacityBytes),
      underWayBytes: 0,
      lastArrivalMs: 0,
      held: [],
    };
    this.#ends.add(end);
    return end;
  }

  #send(end: End, bytes: Uint8Array): void {
    for (let offset = 0; offset < bytes.length;) {
      const size = Math.min(bytes.length - offset, this.#prng.between(...this.habits.pieceBytes));
      this.#arriveLater(end, bytes.subarray(offset, offset + size));
      offset += size;
    }
  }

  #arriveLater(end: End, piece: Uint8Array | null): void {
    const arrivalMs = Math.max(end.lastArrivalMs, this.#schedule.nowMs + this.#latency());
    end.lastArrivalMs = arrivalMs;
    this.#schedule.at(arrivalMs, () => {
      if (end.intoTheVoid) return;
      if (end.held.length > 0 || this.isCut(end.host, end.other.host)) end.held.push(piece);
      else this.#arrive(end, piece);
    });
  }

  #arrive(end: End, piece: Uint8Array | null): void {
    const { other } = end;
    if (!other.open || other.host.life !== other.life) return;
    if (piece === null) this.#gone(other);
    else other.host.received(other, piece.slice());
  }

  #release(end: End): void {
    const { held } = end;
    end.held = [];
    for (const piece of held) if (!end.intoTheVoid) this.#arrive(end, piece);
  }

  /** The end of the stream goes out, and this end is closed. */
  #finish(end: End): void {
    if (!end.open) return;
    this.#arriveLater(end, null);
    this.#gone(end);
  }

  #gone(end: End): void {
    if (!end.open) return;
    end.open = false;
    this.#ends.delete(end);
    if (end.host.life === end.life) end.host.disconnected(end);
  }

  #latency(): number {
    const [low, high] = this.habits.latencyMs;
    return low + (this.#prng.next() / 2 ** 32) * (high - low);
  }
}

function cutKey(a: NetworkHost, b: NetworkHost): string {
  return a.index < b.index ? `${a.index}-${b.index}` : `${b.index}-${a.index}`;
}
