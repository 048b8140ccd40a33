import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { MAX_PULL_BYTES } from "../../../lib/base/limits.ts";
import { concat } from "../../../lib/base/bytes.ts";
import type { Connection } from "../../../lib/peer/links.ts";
import type { Effect, Request } from "../../../lib/peer/machine.ts";
import { Store } from "../../../lib/store/store.ts";
import {
  decodeMessage,
  encodeMessage,
  FIRST_MESSAGE_KIND,
  type Message,
  MESSAGE_KINDS,
} from "../../../lib/wire/message.ts";
import { OPERATION_KINDS } from "../../../lib/wire/operation.ts";
import { at, seeded } from "../../link/pair.ts";
import { identityOf } from "../../peer/recorded_session.ts";
import { copyOf } from "../../sim/sim_disk.ts";
import { SimMachine } from "../../sim/sim_machine.ts";
import { messages } from "../../wire/arbitraries.ts";
import { repaired } from "../repaired.ts";
import { holds, type Target, unlessRefused } from "../target.ts";

/** The one connection, at either side. */
const CONNECTION = 1;
/** The kind that stands for a pause, of as many ms as its length says. */
const PAUSE = 255;
/** When the fuzzed messages come. */
const LATER_MS = 10;

/** A machine that tells what it is sent, and takes any signature: a member can sign what it likes. */
class Member extends SimMachine {
  readonly heard: Message[] = [];
  /** The bytes that it was sent. */
  readonly sent: Uint8Array[] = [];

  constructor(name: string, disk: DatabaseSync) {
    const random = seeded(`random of ${name}`);
    super({
      identity: identityOf(name),
      store: Store.open(disk, { random }),
      random,
      name,
      version: "0.0.0",
      addresses: [],
      now: at(0),
      verify: () => true,
    }, false);
  }

  override linkMessage(...[connection, message, now]: Parameters<SimMachine["linkMessage"]>): void {
    this.heard.push(message);
    super.linkMessage(connection, message, now);
  }

  turn(input: Parameters<SimMachine["handle"]>[0], nowMs: number): void {
    this.handle(input, at(nowMs));
    this.ended(nowMs);
  }

  ended(nowMs: number): void {
    for (const effect of this.endTurn(at(nowMs))) assertGoesOn(effect);
  }

  drain(nowMs: number): Uint8Array {
    const parts: Uint8Array[] = [];
    for (;;) {
      const part = this.pull(CONNECTION, MAX_PULL_BYTES, at(nowMs));
      if (part === null) return concat(parts);
      parts.push(part.slice());
    }
  }
}

function assertGoesOn(effect: Effect): void {
  holds(effect.type !== "stop", "what a member sends stops a peer");
  holds(effect.type !== "event" || effect.event.name !== "turn_failed", "what a member sends fails a turn");
}

const KEYS = { inviteSeed: new Uint8Array(32).fill(1), macKey: new Uint8Array(32), tagKey: new Uint8Array(32) };

function put(key: string): Request {
  return { type: "write", writes: [{ kind: "put", key, media: "text/plain", value: new TextEncoder().encode(key) }] };
}

/** A founder and a member, with data of both, on their disks. */
function makeDisks(): { founder: DatabaseSync; member: DatabaseSync } {
  const disks = { founder: new DatabaseSync(":memory:"), member: new DatabaseSync(":memory:") };
  const founder = new Member("founder", disks.founder);
  const member = new Member("member", disks.member);
  const ask = (who: Member, request: Request) => who.turn({ type: "request", id: 1, request }, 0);
  ask(founder, { type: "create_space" });
  ask(founder, put("before"));
  ask(founder, { type: "invite", keys: KEYS, secret: new Uint8Array(8), role: "admin", uses: 1, expiresMs: 0 });
  ask(member, { type: "join", keys: KEYS, addresses: ["there:1"] });
  link(member, founder);
  for (let i = 0; i < 5; i++) {
    ask(founder, put(`f${i}`));
    ask(member, put(`m${i}`));
    carry(member, founder, 0);
  }
  // Each has something that the other lacks.
  for (const who of [founder, member]) who.turn({ type: "disconnected", connection: CONNECTION }, 0);
  ask(founder, put("only the founder's"));
  ask(member, put("only the member's"));
  return disks;
}

function link(dialler: Member, listener: Member): void {
  dialler.turn({ type: "connected", connection: CONNECTION, direction: "out", address: "there:1" }, 0);
  listener.turn({ type: "connected", connection: CONNECTION, direction: "in", address: "there:1" }, 0);
  carry(dialler, listener, 0);
}

function carry(a: Member, b: Member, nowMs: number): void {
  for (let quiet = 0; quiet < 2;) {
    quiet++;
    for (const [from, to] of [[a, b], [b, a]] as const) {
      const bytes = from.drain(nowMs);
      if (bytes.length === 0) continue;
      to.sent.push(bytes);
      to.turn({ type: "received", connection: CONNECTION, bytes: bytes.slice() }, nowMs);
      quiet = 0;
    }
  }
}

const disks = makeDisks();

const first = { founder: new Member("founder", copyOf(disks.founder)), member: new Member("member", disks.member) };
link(first.member, first.founder);

/** The founder as it is linked with the member: what is sent to it again makes it the same again. */
function meet(): { founder: Member; connection: Connection } {
  const founder = new Member("founder", copyOf(disks.founder));
  founder.turn({ type: "connected", connection: CONNECTION, direction: "in", address: "there:1" }, 0);
  for (const bytes of first.founder.sent) {
    founder.drain(0);
    founder.turn({ type: "received", connection: CONNECTION, bytes: bytes.slice() }, 0);
  }
  founder.drain(0);
  const [connection] = founder.connections;
  holds(connection?.stage === "member", "they are linked");
  return { founder, connection };
}

let met = meet();
/** What either says to the other at a meeting, and one message of each kind; a member may say all of it. */
const said = [...first.founder.heard, ...first.member.heard, ...oneOfEach()];

function oneOfEach(): Message[] {
  const samples = fc.sample(messages, { seed: 1, numRuns: 300 });
  return [...new Map(samples.map((message) => [message.type, message])).values()];
}

/** Ids that mean something here: of peers, of the space, of transactions and of a checkpoint's place. */
function knownIds(): Uint8Array[] {
  const heads = first.founder.heard.flatMap((message) => message.type === "frontier" ? message.entries : []);
  return [
    ...["founder", "member"].map((name) => identityOf(name).peerId),
    ...heads.flatMap(({ writer, heads }) => [writer.instance, ...heads.map(({ id }) => id)]),
  ];
}

function encoded(message: Message): Uint8Array {
  const { kind, body } = encodeMessage(message);
  return Uint8Array.of(kind - FIRST_MESSAGE_KIND, body.length >> 8, body.length & 0xff, ...body);
}

/**
 * Messages of a member: a kind, a length, and so much of a body each. Transactions come as they are, then with the
 * hashes that fit them. A kind that is none lets time pass.
 */
function takeMessages(input: Uint8Array): void {
  let nowMs = LATER_MS;
  for (let offset = 0; offset + 3 <= input.length;) {
    const size = ((input[offset + 1] as number) << 8) + (input[offset + 2] as number);
    const number = input[offset] as number;
    const body = input.slice(offset + 3, offset + 3 + size);
    offset += 3 + size;
    if (number === PAUSE) {
      nowMs += size;
      met.founder.turn({ type: "tick" }, nowMs);
      met.founder.drain(nowMs);
      continue;
    }
    const message = unlessRefused(() => decodeMessage(FIRST_MESSAGE_KIND + number, body));
    if (message === undefined || message === null) continue;
    takeMessage(message, nowMs);
    if (message.type === "transactions") takeMessage({ ...message, list: message.list.map(repaired) }, nowMs);
  }
}

/** As `Links` does; but where a refusal would end the link, the next message comes all the same. */
function takeMessage(message: Message, nowMs: number): void {
  const { founder, connection } = met;
  unlessRefused(() => founder.linkMessage(connection, message, at(nowMs)));
  founder.ended(nowMs);
  founder.drain(nowMs);
}

export const TARGETS: readonly Target[] = [{
  name: "member",
  seeds: [
    ...said.map(encoded),
    concat(said.map(encoded)),
    concat([...said.map(encoded), Uint8Array.of(PAUSE, 40, 0)]),
  ],
  dictionary: [
    ...knownIds(),
    ...Object.values(MESSAGE_KINDS).map((kind) => Uint8Array.of(kind - FIRST_MESSAGE_KIND)),
    ...Object.values(OPERATION_KINDS).map((kind) => Uint8Array.of(kind)),
    Uint8Array.of(PAUSE, 40, 0),
  ],
  run: takeMessages,
  reset: () => void (met = meet()),
  fewRuns: 60,
  maxBytes: 8192,
  steps: 5_000_000,
  allocatedBytes: 64 * 1024 * 1024,
}];
