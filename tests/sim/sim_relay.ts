import type { PeerEvent } from "../../lib/base/event.ts";
import { Identity } from "../../lib/crypto/identity.ts";
import type { RelayAddress } from "../../lib/mesh/relay_address.ts";
import type { Input } from "../../lib/peer/machine.ts";
import { PublicRelay } from "../../lib/peer/public_relay.ts";
import type { Lab } from "./lab.ts";
import type { End, NetworkHost } from "./network.ts";

/** The simulator's host of a relay that belongs to no space. */
export class SimRelay implements NetworkHost {
  readonly index: number;
  readonly identity: Identity;
  /** What peers have to know to use it. */
  readonly address: RelayAddress;
  /** What it told. */
  readonly events: PeerEvent[] = [];
  /** Part of `NetworkHost`. */
  quicPort: number | null = null;
  life = 0;
  readonly #lab: Lab;
  readonly #ends = new Map<number, End>();
  #inbox: { readonly input: Input; readonly taken: (() => void) | null }[] = [];
  #isPlanned = false;
  #timerAtMs = Infinity;
  #machine: PublicRelay | null = null;

  /** @param host its own address. Default: one of a private network. */
  constructor(lab: Lab, host?: string) {
    this.#lab = lab;
    this.index = 2000 + lab.prng.below(1_000_000);
    this.identity = Identity.generate(lab.prng);
    const addresses = [`${host ?? `10.2.0.${this.index}`}:5485`];
    this.address = { peer: this.identity.peerId, accessKey: lab.prng.bytes(16).slice(), addresses };
    lab.network.add(this);
    this.boot();
  }

  get listensAt(): string | null {
    return this.#machine === null ? null : this.address.addresses[0] as string;
  }

  /** The machine, which must be up. */
  get machine(): PublicRelay {
    return this.#machine as PublicRelay;
  }

  boot(): void {
    const { identity, address: { accessKey } } = this;
    this.#machine = new PublicRelay({ identity, accessKey, random: this.#lab.prng });
    if (this.quicPort !== null) this.takeQuic(this.quicPort);
  }

  /** Takes QUIC at a port from now on, and at its next boot. */
  takeQuic(port: number): void {
    this.quicPort = port;
    this.push({ type: "quic", port, problem: null });
  }

  /** Part of `NetworkHost`: whom the host lets ask. */
  tells(from: string): boolean {
    return this.#machine?.isKnown(from) === true;
  }

  crash(): void {
    this.#machine = null;
    this.life++;
    this.#inbox = [];
    this.#isPlanned = false;
    this.#timerAtMs = Infinity;
    this.#lab.network.hostDied(this, false);
    this.#ends.clear();
  }

  push(input: Input, taken: (() => void) | null = null): void {
    this.#inbox.push({ input, taken });
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    const { life } = this;
    this.#lab.schedule.after(0, () => {
      if (this.life === life) this.#turn();
    });
  }

  connected(end: End, direction: "in" | "out", address: string): void {
    this.#ends.set(end.number, end);
    this.push({ type: "connected", connection: end.number, direction, address });
  }

  dialFailed(): void {
    throw new Error("a relay dials nobody");
  }

  received(end: End, bytes: Uint8Array): void {
    this.push({ type: "received", connection: end.number, bytes }, () => this.#lab.network.taken(end, bytes.length));
  }

  disconnected(end: End): void {
    if (this.#ends.delete(end.number)) this.push({ type: "disconnected", connection: end.number });
  }

  pull(end: End, maxBytes: number): Uint8Array | null {
    const bytes = this.#machine?.pull(end.number, maxBytes, this.#now) ?? null;
    this.#setTimer();
    return bytes;
  }

  get #now() {
    const { nowMs } = this.#lab.schedule;
    return { monotonicMs: nowMs, wallMs: nowMs };
  }

  #turn(): void {
    this.#isPlanned = false;
    const machine = this.#machine;
    if (machine === null) return;
    const waiting = this.#inbox.splice(0);
    for (const { input } of waiting) machine.handle(input, this.#now);
    const effects = machine.endTurn();
    this.#setTimer();
    for (const effect of effects) {
      if (effect.type === "event") this.events.push(effect.event);
      const end = "connection" in effect ? this.#ends.get(effect.connection) : undefined;
      if (end === undefined) continue;
      if (effect.type === "output") this.#lab.network.pump(end);
      if (effect.type === "close") this.#lab.network.close(end);
    }
    for (const { taken } of waiting) taken?.();
  }

  #setTimer(): void {
    const dueMs = this.#machine?.deadline() ?? Infinity;
    if (dueMs >= this.#timerAtMs) return;
    this.#timerAtMs = dueMs;
    const { life } = this;
    this.#lab.schedule.at(Math.max(dueMs, this.#lab.schedule.nowMs), () => {
      if (this.life !== life || this.#timerAtMs !== dueMs) return;
      this.#timerAtMs = Infinity;
      this.push({ type: "tick" });
    });
  }
}
