import { DatabaseSync } from "node:sqlite";
import { assert } from "@std/assert";
import { concat, toHex } from "../../lib/base/bytes.ts";
import { MAX_PULL_BYTES } from "../../lib/base/limits.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { Identity } from "../../lib/crypto/identity.ts";
import type { Effect, Input, Request, TicketKeys } from "../../lib/peer/machine.ts";
import { Peer } from "../../lib/peer/peer.ts";
import { SpaceState } from "../../lib/peer/space_state.ts";
import { Store } from "../../lib/store/store.ts";
import { HELLO_BYTES } from "../../lib/wire/hello.ts";
import { at, seeded } from "../link/pair.ts";
import { copyOf } from "../sim/sim_disk.ts";

/** The one connection of a session, at either side. */
const CONNECTION = 1;
/** How long nothing has to be due for a session to count as quiet. */
const QUIET_MS = 3000;

/** Where a side begins: what it is, and what is on its disk. */
export interface Beginning {
  readonly name: string;
  readonly disk: DatabaseSync;
  readonly fromMs: number;
}

/** A peer in memory that does the same each time it is given the same, since its randomness is always the same. */
export class Side {
  readonly peer: Peer;
  readonly store: Store;
  /** Why its links were closed or refused, in order. */
  readonly closed: string[] = [];
  readonly dials: string[] = [];
  #nowMs: number;
  #requests = 0;

  constructor({ name, disk, fromMs }: Beginning, random = seeded(`random of ${name}`)) {
    this.#nowMs = fromMs;
    this.store = Store.open(disk, { random });
    this.peer = new Peer({
      identity: identityOf(name),
      store: this.store,
      random,
      name,
      version: "0.0.0",
      addresses: [`${name}:5484`],
      now: at(fromMs),
    });
  }

  /** A turn of one input. */
  turn(input: Input, nowMs = this.#nowMs): void {
    this.#nowMs = nowMs;
    this.peer.handle(input, at(nowMs));
    for (const effect of this.peer.endTurn(at(nowMs))) this.#perform(effect);
  }

  request(request: Request): void {
    this.turn({ type: "request", id: ++this.#requests, request });
  }

  connected(direction: "in" | "out", connection = CONNECTION): void {
    this.turn({ type: "connected", connection, direction, address: "there:5484" });
  }

  /** Bytes came in; they are the peer's for a turn only. */
  receive(bytes: Uint8Array, connection = CONNECTION): void {
    this.turn({ type: "received", connection, bytes: bytes.slice() });
  }

  /** The connection ended. */
  disconnected(connection = CONNECTION): void {
    this.turn({ type: "disconnected", connection });
  }

  /** Whether it is linked with a member. */
  get hasLink(): boolean {
    return this.peer.peers().length > 0;
  }

  /** All that it has to send. */
  drain(connection = CONNECTION): Uint8Array {
    const parts: Uint8Array[] = [];
    const pull = () => this.peer.pull(connection, MAX_PULL_BYTES, at(this.#nowMs));
    for (let part = pull(); part !== null; part = pull()) parts.push(part.slice());
    return concat(parts);
  }

  /** A short name of all that it holds: data, members and secrets. */
  get state(): string {
    const space = new SpaceState(this.store);
    const epochs = space.epochs.map(({ number, secret }) => `${number} ${toHex(secret)}`);
    const members = this.peer.members().map(({ peer, role }) => `${peer} ${role}`);
    const text = [...members, ...epochs, toHex(this.store.digest()), toHex(this.store.frontierHash())].join("\n");
    return toHex(sha256(new TextEncoder().encode(text)));
  }

  #perform(effect: Effect): void {
    if (effect.type === "dial") this.dials.push(effect.address);
    if (effect.type === "event" && /^link_(closed|refused)$/.test(effect.event.name)) {
      this.closed.push(effect.event.reason ?? "");
    }
    assert(effect.type !== "stop", "nothing makes a peer stop");
  }
}

/** What a side was given in a session, in order. */
export type Step =
  | { readonly type: "request"; readonly request: Request }
  | { readonly type: "connected"; readonly direction: "in" | "out" }
  | { readonly type: "tick"; readonly nowMs: number }
  | { readonly type: "stopping" }
  | { readonly type: "bytes"; readonly bytes: Uint8Array };

/** A session as one side of it lived it. */
export interface Recording {
  readonly name: string;
  readonly beginning: Beginning;
  readonly steps: readonly Step[];
}

/** One side of a session that is being recorded. */
class Recorder {
  readonly steps: Step[] = [];
  readonly side: Side;
  readonly #beginning: Beginning;

  constructor(beginning: Beginning, fromMs: number) {
    this.#beginning = { name: beginning.name, disk: copyOf(beginning.disk), fromMs };
    this.side = new Side({ ...beginning, fromMs });
  }

  do(step: Step): void {
    this.steps.push(step);
    take(this.side, step);
  }

  recording(name: string): Recording {
    return { name, beginning: this.#beginning, steps: this.steps };
  }
}

/** Gives a side one step. */
export function take(side: Side, step: Step): void {
  if (step.type === "request") side.request(step.request);
  else if (step.type === "connected") side.connected(step.direction);
  else if (step.type === "tick") side.turn({ type: "tick" }, step.nowMs);
  else if (step.type === "stopping") side.turn({ type: "stopping" });
  else side.receive(step.bytes);
}

/** Carries bytes to and fro, and lets time pass, until neither has anything to say. @returns the time then. */
function settle(dialler: Recorder, listener: Recorder, fromMs: number): number {
  for (let nowMs = fromMs;;) {
    const toListener = dialler.side.drain();
    if (toListener.length > 0) listener.do({ type: "bytes", bytes: toListener });
    const toDialler = listener.side.drain();
    if (toDialler.length > 0) dialler.do({ type: "bytes", bytes: toDialler });
    if (toListener.length + toDialler.length > 0) continue;
    const dueMs = Math.min(dialler.side.peer.deadline(), listener.side.peer.deadline());
    if (dueMs > nowMs + QUIET_MS) return nowMs;
    nowMs = Math.max(nowMs, dueMs);
    dialler.do({ type: "tick", nowMs });
    listener.do({ type: "tick", nowMs });
  }
}

/** The identity that goes with a name. */
export function identityOf(name: string): Identity {
  return Identity.generate(seeded(`identity of ${name}`));
}

function put(key: string, text: string): Request {
  const value = new TextEncoder().encode(text);
  return { type: "write", writes: [{ kind: "put", key, media: "text/plain", value }] };
}

const KEYS: TicketKeys = {
  inviteSeed: new Uint8Array(32).fill(1),
  macKey: new Uint8Array(32).fill(2),
  tagKey: new Uint8Array(32).fill(3),
};

function emptyDisk(): DatabaseSync {
  return new DatabaseSync(":memory:");
}

/**
 * Two sessions, each as both sides lived it: one joins by a ticket and both write, then the same two link as members,
 * each with something that the other lacks, and both write again. All end with a goodbye.
 */
export function recordSessions(): Recording[] {
  const founder: Beginning = { name: "founder", disk: emptyDisk(), fromMs: 0 };
  const joiner: Beginning = { name: "joiner", disk: emptyDisk(), fromMs: 0 };
  const first = new Side(founder);
  first.request({ type: "create_space" });
  first.request(put("before", "the join"));
  const invite = { keys: KEYS, secret: new Uint8Array(8), role: "writer", uses: 1, expiresMs: 0 } as const;
  first.request({ type: "invite", ...invite });

  const join = record(founder, joiner, 0, (dialler) => {
    dialler.do({ type: "request", request: { type: "join", keys: KEYS, addresses: ["there:5484"] } });
  });
  const laterMs = 60_000;
  for (const [beginning, key] of [[founder, "f"], [joiner, "j"]] as const) {
    new Side({ ...beginning, fromMs: laterMs }).request(put(key, "while apart"));
  }
  const meet = record(founder, joiner, laterMs, () => {});
  return [
    join.listener.recording("the door of a join"),
    join.dialler.recording("the joiner"),
    meet.listener.recording("a member that is dialled"),
    meet.dialler.recording("a member that dials"),
  ];
}

function record(
  listens: Beginning,
  dials: Beginning,
  fromMs: number,
  begin: (dialler: Recorder) => void,
): { listener: Recorder; dialler: Recorder } {
  const listener = new Recorder(listens, fromMs);
  const dialler = new Recorder(dials, fromMs);
  begin(dialler);
  dialler.do({ type: "connected", direction: "out" });
  listener.do({ type: "connected", direction: "in" });
  let nowMs = settle(dialler, listener, fromMs);
  assert(listener.side.state === dialler.side.state && listener.side.peer.members().length === 2, "both are in sync");
  listener.do({ type: "request", request: put("from", "the listener") });
  nowMs = settle(dialler, listener, nowMs);
  dialler.do({ type: "request", request: put("from", "the dialler") });
  nowMs = settle(dialler, listener, nowMs);
  assert(listener.side.state === dialler.side.state, "both have what was written");
  dialler.do({ type: "stopping" });
  settle(dialler, listener, nowMs);
  assert(listener.side.closed.join() === "goodbye", "the end of it is told");
  return { listener, dialler };
}

/** Where the units of a stream end that are taken whole or not at all: hello, handshake messages, records. */
export function unitEnds(bytes: Uint8Array): number[] {
  const ends = [HELLO_BYTES];
  for (let end = HELLO_BYTES; end < bytes.length;) {
    end += 2 + ((bytes[end] as number) << 8) + (bytes[end + 1] as number);
    ends.push(end);
  }
  assert(ends.at(-1) === bytes.length, "a stream ends with a unit");
  return ends;
}
