import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals } from "@std/assert";
import { toBase32 } from "../../lib/base/base32.ts";
import type { Now } from "../../lib/base/clock.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { Identity } from "../../lib/crypto/identity.ts";
import type { Verify } from "../../lib/data/transaction.ts";
import type { Effect, Input, Reply, Request } from "../../lib/peer/machine.ts";
import { Peer } from "../../lib/peer/peer.ts";
import { Store } from "../../lib/store/store.ts";
import type { End, Network, NetworkHost } from "./network.ts";
import { Prng } from "./prng.ts";
import type { Schedule } from "./schedule.ts";
import type { Trace } from "./trace.ts";

/** What a simulated peer is given by its world. */
export interface SimPeerOptions {
  readonly index: number;
  readonly schedule: Schedule;
  readonly network: Network;
  readonly trace: Trace;
  readonly prng: Prng;
  /** For the peer's own randomness. */
  readonly seed: number;
  /** What its wall clock shows at virtual time 0, and how fast it goes: 1 is right. */
  readonly wallMs: number;
  readonly wallRate: number;
  readonly address: string;
  /** Checks signatures; the true check where it is left out. */
  readonly verify?: Verify;
  /** Puts another store in front of the true one. */
  readonly wrap?: (store: Store) => Store;
  /** Asked at the two critical points of every turn, whether the peer crashes there. */
  readonly crashesAt: (point: "before_commit" | "before_effects") => boolean;
  /** Called after the effects of every turn. */
  readonly turned: (peer: SimPeer) => void;
  /** Called after a crash, with the store as it was found. */
  readonly crashed: (peer: SimPeer) => void;
}

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
  #database = new DatabaseSync(":memory:");
  readonly #ends = new Map<number, End>();
  readonly #addresses: string[];
  readonly #replies = new Map<number, (reply: Reply) => void>();
  #inbox: Waiting[] = [];
  #turnPlanned = false;
  #timerAtMs = Infinity;
  #nextRequest = 1;
  #monotonicBaseMs = 0;
  #machine: Peer | null = null;
  #store: Store;
  /** Part of `NetworkHost`. */
  life = 0;
  /** Stopped, as by SIGSTOP: no turns, no reads, no writes. */
  asleep = false;
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
    this.#store = Store.open(this.#database, { random: this.#random });
    this.boot();
  }

  /** Part of `NetworkHost`: where it listens. */
  get listensAt(): string | null {
    return this.#machine === null ? null : this.#addresses[0] as string;
  }

  /** Its peer id in base32. */
  get id(): string {
    return toBase32(this.identity.peerId);
  }

  /** The machine; null while it is crashed. */
  get machine(): Peer | null {
    return this.#machine;
  }

  /** Its store as it is now, with what is not yet committed. */
  get store(): Store {
    return this.#store;
  }

  /** Both clocks. */
  get now(): Now {
    const { wallMs, wallRate, schedule } = this.options;
    return {
      monotonicMs: this.#monotonicBaseMs + schedule.nowMs,
      wallMs: Math.max(0, wallMs + schedule.nowMs * wallRate),
    };
  }

  /** Starts the peer over what its store holds. */
  boot(): void {
    const { prng, verify, trace, wrap } = this.options;
    this.#monotonicBaseMs = prng.below(1_000_000);
    this.#machine = new Peer({
      identity: this.identity,
      store: wrap === undefined ? this.#store : wrap(this.#store),
      random: this.#random,
      now: this.now,
      name: `peer${this.index}`,
      version: "sim",
      addresses: this.#addresses,
      ...(verify === undefined ? {} : { verify }),
    });
    trace.add(`${this.#time} p${this.index} boot`);
    this.#setTimer();
  }

  /** Throws the machine away, and what its store had not committed. @param silently the others are not told. */
  crash(silently: boolean): void {
    if (this.#machine === null) return;
    this.options.trace.add(`${this.#time} p${this.index} crash`);
    this.#machine = null;
    this.life++;
    this.#inbox = [];
    this.#turnPlanned = false;
    this.#timerAtMs = Infinity;
    this.#replies.clear();
    this.asleep = false;
    this.options.network.hostDied(this, silently);
    this.#ends.clear();
    this.#store.rollback();
    this.#store = Store.open(this.#database, { random: this.#random });
    this.options.crashed(this);
  }

  /** A copy of its store, as committed; of a peer that is down. */
  backup(): DatabaseSync {
    return copyOf(this.#database);
  }

  /** Puts a copy in place of its store, before it boots again. */
  restore(backup: DatabaseSync): void {
    this.#database = backup;
    this.#store = Store.open(backup, { random: this.#random });
  }

  /** Wakes from `asleep`. */
  wake(): void {
    this.asleep = false;
    if (this.#machine === null) return;
    this.push({ type: "tick" });
    for (const end of [...this.#ends.values()]) this.options.network.pump(end);
  }

  /** Listens elsewhere from now on; what was connected breaks. */
  move(address: string): void {
    this.#addresses[0] = address;
    for (const end of [...this.#ends.values()]) this.options.network.halfOpen(end);
    this.push({ type: "network_changed" });
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
    this.push({ type: "connected", connection: end.number, direction, address });
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
    this.options.turned(this);
    if (this.#machine !== null && this.#inbox.length > 0) this.#planTurn();
  }

  #trace(input: Input): void {
    const head = `${this.#time} p${this.index} ${input.type}`;
    if (input.type === "received") {
      this.options.trace.add(`${head} ${input.connection} ${input.bytes.length}`, input.bytes);
    } else if (input.type === "request") this.options.trace.add(`${head} ${input.id} ${input.request.type}`);
    else this.options.trace.add(`${head} ${JSON.stringify(input)}`);
  }

  #perform(effects: readonly Effect[]): void {
    const { network, trace } = this.options;
    const { life } = this;
    for (const effect of effects) {
      if (this.life !== life) return;
      if (effect.type === "changed") {
        trace.add(`${this.#time} p${this.index} changed ${effect.keys.join(" ")}`);
        for (const { key, version } of this.#machine?.changes(effect.keys) ?? []) {
          assertEquals(version, this.#machine?.get(key)?.version ?? null, `the change of ${key} as it is told`);
        }
        continue;
      }
      trace.add(`${this.#time} p${this.index} → ${JSON.stringify(effect)}`);
      if (effect.type === "dial") network.dial(this, effect.address);
      if (effect.type === "output" || effect.type === "close") {
        const end = this.#ends.get(effect.connection);
        if (end === undefined) continue;
        if (effect.type === "output") network.pump(end);
        else network.close(end);
      }
      if (effect.type === "event") {
        this.events.set(effect.event.name, (this.events.get(effect.event.name) ?? 0) + 1);
        if (effect.event.level === "warning") this.warnings.add(`${effect.event.name}: ${effect.event.reason}`);
      }
      if (effect.type === "reply") {
        const replied = this.#replies.get(effect.id);
        assert(replied !== undefined, `peer ${this.index} replied twice to request ${effect.id}`);
        this.#replies.delete(effect.id);
        replied(effect.reply);
      }
      assert(effect.type !== "stop", `peer ${this.index} stopped: ${JSON.stringify(effect)}`);
    }
  }

  #setTimer(): void {
    if (this.#machine === null) return;
    const dueMs = this.#machine.deadline() - this.#monotonicBaseMs;
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

/** A database in memory with the same content. */
function copyOf(source: DatabaseSync): DatabaseSync {
  const copy = new DatabaseSync(":memory:");
  for (const pragma of ["application_id", "user_version"]) {
    copy.exec(`PRAGMA ${pragma} = ${Object.values(source.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]}`);
  }
  const parts = source.prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid").all();
  for (const { type, name, sql } of parts) {
    copy.exec(String(sql));
    if (type !== "table") continue;
    for (const row of source.prepare(`SELECT * FROM "${name}"`).all()) {
      const values = Object.values(row);
      copy.prepare(`INSERT INTO "${name}" VALUES (${values.map(() => "?").join()})`).run(...values);
    }
  }
  return copy;
}
