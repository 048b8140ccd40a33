import type { DatabaseSync } from "node:sqlite";
import { assert, assertEquals } from "@std/assert";
import { toBase32 } from "../../lib/base/base32.ts";
import type { Now } from "../../lib/base/clock.ts";
import { NOTE_COMMITS_EVERY_MS } from "../../lib/base/limits.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { Identity } from "../../lib/crypto/identity.ts";
import type { Verify } from "../../lib/data/transaction.ts";
import type { LanMessage } from "../../lib/mesh/lan_message.ts";
import type { Effect, Input, Reply, Request } from "../../lib/peer/machine.ts";
import { DamagedError } from "../../lib/store/damaged_error.ts";
import type { Store } from "../../lib/store/store.ts";
import { UnsupportedError } from "../../lib/wire/unsupported.ts";
import type { End, Nat, NetworkHost } from "./network.ts";
import { Prng } from "./prng.ts";
import { SimClock } from "./sim_clock.ts";
import { type RecordPlace, SimDisk } from "./sim_disk.ts";
import { SimMachine } from "./sim_machine.ts";
import type { SimPeerOptions } from "./sim_peer_options.ts";

/** An input that waits for its turn, with what has to be done when it was taken. */
interface Waiting {
  readonly input: Input;
  readonly taken: (() => void) | null;
}

/** The simulator's host of one peer: the very same machine, over a virtual network, clock and crash. */
export class SimPeer implements NetworkHost {
  readonly index: number;
  readonly identity: Identity;
  readonly options: SimPeerOptions;
  readonly #random: Prng;
  readonly #disk: SimDisk;
  readonly #ends = new Map<number, End>();
  readonly #addresses: string[];
  readonly #replies = new Map<number, (reply: Reply) => void>();
  #inbox: Waiting[] = [];
  #turnPlanned = false;
  #timerAtMs = Infinity;
  #nextRequest = 1;
  readonly #clock: SimClock;
  #machine: SimMachine | null = null;
  #store: Store;
  /** Part of `NetworkHost`. */
  life = 0;
  #isOlder: boolean;
  #quicPort: number | null;
  #nat: Nat | null;
  readonly #mends: (() => void)[] = [];
  /** The number of commits that is noted outside of its disk (lib/host/commit_counter.ts), and since when. */
  #noted = { commits: 0, atMs: -Infinity };
  /** Events by name. */
  readonly events = new Map<string, number>();
  /** What it warned of, each with its reason. */
  readonly warnings = new Set<string>();

  constructor(options: SimPeerOptions) {
    this.options = options;
    this.index = options.index;
    this.#random = new Prng(options.seed, 1000 + options.index);
    this.identity = Identity.generate(this.#random);
    this.#addresses = [options.address];
    this.#isOlder = options.isOlder ?? false;
    this.#quicPort = options.quicPort ?? null;
    this.#nat = options.nat ?? null;
    this.#clock = new SimClock(options.schedule, options.wallMs, options.wallRate);
    this.#disk = new SimDisk(this.#random, options.disk);
    this.#store = this.#disk.open();
    this.boot();
  }

  /** Part of `NetworkHost`: where it listens. */
  get listensAt(): string | null {
    return this.#machine === null ? null : this.#addresses[0] as string;
  }

  /** Part of `NetworkHost`. */
  get nat(): Nat | null {
    return this.#nat;
  }

  /** Is behind another router from now on, by a network more: what is connected goes on by the one before. */
  alsoBehind(nat: Nat): void {
    this.#nat = nat;
    this.push({ type: "network_changed" });
  }

  /** Part of `NetworkHost`. */
  get quicPort(): number | null {
    return this.#quicPort;
  }

  /** Takes QUIC at a port from now on, and at its next boot. */
  takeQuic(port: number): void {
    this.#quicPort = port;
    this.push({ type: "quic", port, problem: null });
  }

  /** Part of `NetworkHost`. */
  quicSeen(seen: readonly { readonly asked: string; readonly address: string | null }[]): void {
    this.push({ type: "quic_seen", seen });
  }

  /** Its peer id in base32. */
  get id(): string {
    return toBase32(this.identity.peerId);
  }

  /** The machine; null while it is crashed. */
  get machine(): SimMachine | null {
    return this.#machine;
  }

  /** Its store as it is now, with what is not yet committed. */
  get store(): Store {
    return this.#store;
  }

  /** Both clocks. */
  get now(): Now {
    return this.#clock.now;
  }

  /** Starts the peer over what its store holds; where that is damaged, it may stay down. */
  boot(): void {
    try {
      this.#boot();
    } catch (error) {
      if (!(error instanceof DamagedError) || !this.isDamaged) throw error;
      this.#machine = null;
      this.#count("not_started");
    }
  }

  #boot(): void {
    const { prng, trace, wrap, historyMs, undoingStep } = this.options;
    this.#clock.restart(prng.below(1_000_000));
    const store = wrap === undefined ? this.#store : wrap(this.#store, this.identity);
    if (this.#noted.commits > store.lastCommit.commits) {
      // Not through what makes the disk full: a peer that can't start is tried again, and nothing else is seen by that.
      this.#store.renewInstance();
      this.#store.commit();
      this.#count("store_shortened");
      this.#noteCommits();
    }
    const options = {
      identity: this.identity,
      store,
      random: this.#random,
      now: this.now,
      ...(historyMs === undefined ? {} : { historyMs }),
      ...(undoingStep === undefined ? {} : { undoingStep }),
      name: `peer${this.index}`,
      version: this.#isOlder ? "0.1.0" : "sim",
      addresses: this.#addresses,
      servesRelay: this.options.servesRelay ?? false,
      publicRelay: this.options.publicRelay ?? null,
      verify: this.#isOlder ? this.#verifyAsOlder : this.options.verify,
    };
    this.#machine = new SimMachine(options, this.#isOlder);
    trace.add(() => `${this.#time} p${this.index} boot`);
    this.#joinNetwork();
    this.#setTimer();
  }

  /** Throws the machine away, and what its store had not committed. @param silently the others are not told. */
  crash(silently: boolean): void {
    if (this.#machine === null) return;
    this.options.trace.add(() => `${this.#time} p${this.index} crash`);
    this.#machine = null;
    this.life++;
    this.#inbox = [];
    this.#turnPlanned = false;
    this.#timerAtMs = Infinity;
    this.#replies.clear();
    this.options.network.hostDied(this, silently);
    this.#ends.clear();
    this.#store.rollback();
    this.#store = this.#disk.open();
    this.options.crashed(this);
  }

  /** A copy of its disk. */
  backup(): DatabaseSync {
    return this.#disk.copy();
  }

  /** From now on its disk reads a record wrongly; of a peer that is down, which has nothing in memory. */
  damage(place?: RecordPlace): void {
    assert(this.#machine === null, "what is in memory is not read");
    this.#mends.push(this.#disk.flip(this.options.prng, place) ?? (() => {}));
  }

  /** Its disk reads rightly again. */
  mend(): void {
    for (const mend of this.#mends.splice(0).reverse()) mend();
  }

  /** Whether its disk reads anything wrongly. */
  get isDamaged(): boolean {
    return this.#mends.length > 0;
  }

  /** Ids of the transactions on its disk, in hexadecimal. */
  transactions(): Set<string> {
    return this.#disk.transactions();
  }

  /** Puts an older copy in place of its disk, while it is down. */
  restore(backup: DatabaseSync): void {
    assert(this.#machine === null, "a disk is exchanged while its peer is down");
    const before = this.#disk.transactions();
    this.#disk.restore(backup);
    this.#store = this.#disk.open();
    const after = this.#disk.transactions();
    this.options.lost(this, [...before].filter((id) => !after.has(id)));
  }

  /** Whether it stands still. */
  get asleep(): boolean {
    return this.#machine !== null && this.#clock.isFrozen;
  }

  /**
   * Stands still, its connections open: no turns, no reads, no writes.
   *
   * @param isSuspended whether its machine sleeps, so that the monotonic clock stands as well; else it is only stopped.
   */
  freeze(isSuspended = false): void {
    this.#clock.freeze(isSuspended);
  }

  /** Goes on after `freeze`. */
  wake(): void {
    if (!this.#clock.thaw() || this.#machine === null) return;
    this.#timerAtMs = Infinity;
    this.push({ type: "tick" });
    for (const end of [...this.#ends.values()]) this.options.network.pump(end);
  }

  /** Whether it plays an older kith. */
  get isOlder(): boolean {
    return this.#isOlder;
  }

  /** Plays the newest kith from its next boot on. */
  update(): void {
    this.#isOlder = false;
  }

  /** Listens elsewhere from now on; what was connected breaks. */
  move(address: string): void {
    this.#addresses[0] = address;
    for (const end of [...this.#ends.values()]) this.options.network.halfOpen(end);
    this.push({ type: "network_changed" });
    this.#joinNetwork();
  }

  /** Part of `NetworkHost`. */
  heard(message: LanMessage, isOwnAddress: boolean): void {
    if (this.options.lan === true) this.push({ type: "lan_received", message, interface: "eth0", isOwnAddress });
  }

  #joinNetwork(): void {
    const [address = "", port = ""] = (this.#addresses[0] as string).split(":");
    if (this.options.dht !== undefined) {
      this.push({ type: "dht_network", network: { problem: null, port: Number(port), isPrivate: true } });
    }
    if (this.#quicPort !== null) this.push({ type: "quic", port: this.#quicPort, problem: null });
    if (this.options.lan !== true) return;
    const interfaces = [{ name: "eth0", addresses: [{ address, prefixBits: 24, isListening: true }] }];
    this.push({ type: "lan_interfaces", interfaces, port: Number(port), problem: null });
  }

  /** Asks the peer for something. The reply never comes where it crashes first. */
  request(request: Request, replied: (reply: Reply) => void): void {
    const id = this.#nextRequest++;
    this.#replies.set(id, replied);
    this.push({ type: "request", id, request });
  }

  /** Requests without a reply so far. */
  get openRequests(): number {
    return this.#replies.size;
  }

  /** Queues an input for a turn. */
  push(input: Input, taken: (() => void) | null = null): void {
    if (this.#machine === null) return;
    this.#inbox.push({ input, taken });
    this.#planTurn();
  }

  /** Part of `NetworkHost`. */
  connected(end: End, direction: "in" | "out", address: string): void {
    this.#ends.set(end.number, end);
    const { number: connection, localAddress } = end;
    const remoteAddress = this.options.network.names.get(address);
    const found = remoteAddress === undefined ? {} : { remoteAddress };
    this.push({ type: "connected", connection, direction, address, localAddress, ...found });
  }

  /** Part of `NetworkHost`. */
  dialFailed(address: string, detail: string): void {
    this.push({ type: "dial_failed", address, detail });
  }

  /** Part of `NetworkHost`. */
  received(end: End, bytes: Uint8Array): void {
    this.push({ type: "received", connection: end.number, bytes }, () => {
      // Bytes are the machine's for one turn only: whoever kept them finds rubbish.
      const size = bytes.length;
      bytes.fill(0xee);
      this.options.network.taken(end, size);
    });
  }

  /** Part of `NetworkHost`. */
  disconnected(end: End): void {
    if (!this.#ends.delete(end.number)) return;
    this.push({ type: "disconnected", connection: end.number });
  }

  /** Part of `NetworkHost`. */
  pull(end: End, maxBytes: number): Uint8Array | null {
    if (this.#machine === null || this.asleep) return null;
    const bytes = this.#machine.pull(end.number, maxBytes, this.now);
    this.#setTimer();
    return bytes;
  }

  #verifyAsOlder: Verify = (domain, publicKey, message, signature) => {
    if (this.options.needsNewer?.(message)) throw new UnsupportedError("an operation's kind", 99);
    return this.options.verify(domain, publicKey, message, signature);
  };

  get #time(): string {
    return this.options.schedule.nowMs.toFixed(3);
  }

  #planTurn(): void {
    if (this.#turnPlanned) return;
    this.#turnPlanned = true;
    const { life } = this;
    this.options.schedule.after(this.options.prng.chance(0.5) ? 0 : this.options.prng.between(0, 3), () => {
      if (this.life !== life) return;
      this.#turnPlanned = false;
      if (!this.asleep) this.#turn();
    });
  }

  #turn(): void {
    const { prng, crashesAt } = this.options;
    const machine = this.#machine;
    if (machine === null || this.#inbox.length === 0) return;
    const size = prng.chance(0.7) ? this.#inbox.length : prng.between(1, this.#inbox.length);
    const waiting = this.#inbox.splice(0, size);
    const { now } = this;
    for (const { input } of waiting) {
      this.#trace(input);
      machine.handle(input, now);
    }
    if (crashesAt("before_commit")) return this.crash(prng.chance(0.3));
    const effects = machine.endTurn(now);
    if (crashesAt("before_effects")) return this.crash(prng.chance(0.3));
    this.#setTimer();
    this.#perform(effects);
    for (const { taken } of waiting) taken?.();
    // As the host does: it could take nothing in any more.
    if (this.#store.failure !== null) return this.crash(false);
    if (this.options.notesCommits && this.options.schedule.nowMs >= this.#noted.atMs + NOTE_COMMITS_EVERY_MS) {
      this.#noteCommits();
    }
    this.options.turned(this);
    if (this.#machine !== null && this.#inbox.length > 0) this.#planTurn();
  }

  #trace(input: Input): void {
    const { trace } = this.options;
    const head = () => `${this.#time} p${this.index} ${input.type}`;
    if (input.type === "received") {
      trace.add(() => `${head()} ${input.connection} ${input.bytes.length}`, input.bytes);
    } else if (input.type === "request") trace.add(() => `${head()} ${input.id} ${input.request.type}`);
    else trace.add(() => `${head()} ${JSON.stringify(input)}`);
  }

  #perform(effects: readonly Effect[]): void {
    const { network, trace } = this.options;
    const { life } = this;
    for (const effect of effects) {
      if (this.life !== life) return;
      if (effect.type === "changed") {
        trace.add(() => `${this.#time} p${this.index} changed ${effect.keys.join(" ")}`);
        this.unlessDamaged(() => this.#assertChanges(effect.keys));
        continue;
      }
      trace.add(() => `${this.#time} p${this.index} → ${JSON.stringify(effect)}`);
      if (effect.type === "dial") network.dial(this, effect.address);
      if (effect.type === "dial_quic") network.udp.dial(this, effect.address);
      if (effect.type === "lan_send") network.multicast(this, effect.message);
      if (effect.type === "quic_ask") network.udp.ask(this, effect.addresses);
      if (effect.type === "dht_query") this.options.dht?.ask(this, effect.query);
      if (effect.type === "output" || effect.type === "close") {
        const end = this.#ends.get(effect.connection);
        if (end === undefined) continue;
        if (effect.type === "output") network.pump(end);
        else network.close(end);
      }
      if (effect.type === "event") {
        this.#count(effect.event.name);
        this.options.heard?.(effect.event);
        if (effect.event.level === "warning") this.warnings.add(`${effect.event.name}: ${effect.event.reason}`);
      }
      if (effect.type === "reply") {
        const replied = this.#replies.get(effect.id);
        assert(replied !== undefined, `peer ${this.index} replied twice to request ${effect.id}`);
        this.#replies.delete(effect.id);
        replied(effect.reply);
      }
      if (effect.type === "stop") throw new Error(`peer ${this.index} stopped: ${JSON.stringify(effect)}`);
    }
  }

  /** Reads something; where its disk reads wrongly, it may not come about. */
  unlessDamaged<Value>(read: () => Value): Value | undefined {
    try {
      return read();
    } catch (error) {
      if (error instanceof DamagedError && this.isDamaged) return undefined;
      throw error;
    }
  }

  #assertChanges(keys: readonly string[]): void {
    for (const { key, version } of this.#machine?.changes(keys) ?? []) {
      assertEquals(version, this.#machine?.get(key)?.version ?? null, `the change of ${key} as it is told`);
    }
  }

  #count(event: string): void {
    this.events.set(event, (this.events.get(event) ?? 0) + 1);
  }

  #noteCommits(): void {
    this.#noted = { commits: this.#store.lastCommit.commits, atMs: this.options.schedule.nowMs };
  }

  #setTimer(): void {
    if (this.#machine === null) return;
    const dueMs = this.#clock.virtualMs(this.#machine.deadline());
    if (dueMs >= this.#timerAtMs || dueMs === Infinity) return;
    this.#timerAtMs = dueMs;
    const { life } = this;
    this.options.schedule.at(dueMs, () => {
      if (this.life !== life || this.#timerAtMs !== dueMs) return;
      this.#timerAtMs = Infinity;
      this.push({ type: "tick" });
    });
  }

  /** A short name of the state, for comparing runs. */
  get fingerprint(): Uint8Array {
    return sha256(this.#store.digest(), this.#store.frontierHash());
  }
}
