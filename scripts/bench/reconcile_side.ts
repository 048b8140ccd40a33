import { Reader } from "../../lib/base/reader.ts";
import { Writer } from "../../lib/base/writer.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { verifySigned } from "../../lib/crypto/identity.ts";
import { HybridClock } from "../../lib/data/clock.ts";
import { Applier } from "../../lib/peer/applier.ts";
import { SpaceState } from "../../lib/peer/space_state.ts";
import { Membership } from "../../lib/space/membership.ts";
import { removalPort } from "../../lib/peer/removal_port.ts";
import { Store } from "../../lib/store/store.ts";
import { Reconciler } from "../../lib/sync/reconciler.ts";
import { Sync } from "../../lib/sync/sync.ts";
import { decodeMessage, encodeMessage, type Message } from "../../lib/wire/message.ts";
import { peakMb } from "../child.ts";

/**
 * One of two peers, as far as synchronisation goes: store, checks, frontiers and reconciliation over plain TCP, so that
 * messages can be counted. Says what it cost once both hold the same.
 *
 * Usage: reconcile_side.ts STORE frontier|reconciled listen | STORE frontier|reconciled dial PORT
 */

const [path = "", how = "", what = "", port = "0"] = Deno.args;
const random = { bytes: (size: number) => crypto.getRandomValues(new Uint8Array(size)) };
const store = Store.open(path, { random });
const space = new SpaceState(store).space as Uint8Array;
const membership = new Membership((context) => store.context(context), verifySigned, removalPort(store));
for (const { transaction, operations } of store.membershipRows()) {
  membership.add(transaction, operations, transaction.row, transaction.context);
}
const applier = new Applier({
  store,
  membership,
  clock: new HybridClock(),
  verify: verifySigned,
  emit: () => {},
  received: () => {},
});
store.digest();

const RECONCILIATION = new Set(["sketch", "sketch_more", "nodes", "live", "lacking", "settled"]);
/** What is about histories: set aside where versions are reconciled. */
const FRONTIERS = new Set(["brief", "frontier", "have", "pull", "pulled", "want"]);

/**
 * Counts what is sent from the greetings on, and how often the direction changes: from there on too, or where there is
 * a reconciliation, which begins a second later, from its beginning on.
 */
class Counters {
  /** Bytes of frames with messages that carry no transactions or operations. */
  bytes = 0;
  payloadBytes = 0;
  /** Messages in a row in one direction count once. */
  trips = 0;
  startMs = NaN;
  /** When it was known what differs. */
  foundMs = performance.now();
  endMs = performance.now();
  #reconciles = false;
  #hasPayload = false;
  #last: "sent" | "received" | null = null;

  count(direction: "sent" | "received", message: Message, sizeBytes: number): void {
    if (Number.isNaN(this.startMs)) this.startMs = performance.now();
    if (RECONCILIATION.has(message.type) && !this.#reconciles) {
      this.#reconciles = true;
      this.trips = 0;
      this.startMs = performance.now();
      this.#last = null;
    }
    // Behind the payload they only tell that it is over.
    if (message.type === "state" && this.#hasPayload) return;
    if (how === "reconciled" && FRONTIERS.has(message.type)) return;
    const isPayload = message.type === "transactions" || message.type === "partials";
    if (direction === "sent" && isPayload) this.payloadBytes += sizeBytes;
    if (direction === "sent" && !isPayload) this.bytes += sizeBytes;
    this.endMs = performance.now();
    // Once the first is shown, the rest follows as it is looked up, and the last word behind it.
    if (!this.#hasPayload) this.foundMs = this.endMs;
    this.#hasPayload ||= isPayload;
    if (isPayload || message.type === "settled" || message.type === "pulled") return;
    if (this.#last !== direction) this.trips++;
    this.#last = direction;
  }
}

const counters = new Counters();
const events: string[] = [];
const connection = what === "listen" ? await accepted() : await Deno.connect({ port: Number(port) });
connection.setNoDelay(true);
const writer = connection.writable.getWriter();
let queuedBytes = 0;
const links = {
  send(_connection: number, message: Message): boolean {
    const { kind, body } = encodeMessage(message);
    counters.count("sent", message, frameBytes(body.length));
    const frame = new Uint8Array(5 + body.length);
    new DataView(frame.buffer).setUint32(0, body.length);
    frame[4] = kind;
    frame.set(body, 5);
    queuedBytes += frame.length;
    void writer.write(frame).then(() => queuedBytes -= frame.length);
    return true;
  },
  bulkQueuedBytes: () => queuedBytes,
};
const sync = new Sync(store, links, { has: () => false, isLive: () => false }, () => applier.missingParents());
const reconciler = new Reconciler({
  links,
  random,
  emit: ({ name, reason }) => events.push(`${name} ${reason ?? ""}`),
  set: () => store.liveSet(),
  standing: () => sync.standing(1),
});
const now = () => ({ monotonicMs: performance.now(), wallMs: Date.now() });

/** With the kind and the length before the body (lib/wire/PROTOCOL.md, "Frames"). */
function frameBytes(bodyBytes: number): number {
  return 1 + new Writer().varint(bodyBytes).finish().length + bodyBytes;
}

async function accepted(): Promise<Deno.TcpConn> {
  const listener = Deno.listen({ port: 0 });
  console.log(JSON.stringify({ port: (listener.addr as Deno.NetAddr).port }));
  const accepted = await listener.accept();
  listener.close();
  return accepted;
}

function take(message: Message): void {
  const at = now();
  switch (message.type) {
    case "transactions":
      for (const bytes of message.list) {
        const taken = applier.receive(bytes, space, 1, at.wallMs);
        if (taken !== null) sync.transactionReceived(1, taken.id, taken.header, taken.waits, at);
      }
      return;
    case "partials":
      for (const bytes of message.list) {
        const taken = applier.receivePartial(bytes, space, 1, at.wallMs);
        const indices = bytes.operations.map(({ index }) => index);
        reconciler.partialReceived(1, sha256(bytes.header), indices, taken?.supplemented === true, at);
      }
      return;
    case "sketch":
    case "sketch_more":
    case "nodes":
    case "live":
    case "lacking":
    case "settled":
      return reconciler.received(1, message, at);
    case "state":
    case "summary":
    case "brief":
      sync.received(1, message, at);
      return reconciler.stateReceived(1, at);
    default:
      return sync.received(1, message, at);
  }
}

function endTurn(): void {
  store.commit();
  const { applied, changed } = applier.take();
  if (changed.size > 0) reconciler.changed(now());
  sync.turnEnded(applied, now(), applied.length > 0 || changed.size > 0);
  reconciler.turnEnded(now());
}

reconciler.opened(1, now());
sync.opened(1, true, now());
let rest: Uint8Array<ArrayBuffer> = new Uint8Array();
let ended = false;
void (async () => {
  for await (const chunk of connection.readable) {
    const all = new Uint8Array(rest.length + chunk.length);
    all.set(rest);
    all.set(chunk, rest.length);
    let offset = 0;
    while (all.length - offset >= 5) {
      const size = new Reader(all.subarray(offset)).u32();
      if (all.length - offset < 5 + size) break;
      const message = decodeMessage(all[offset + 4] as number, all.slice(offset + 5, offset + 5 + size));
      if (message !== null) {
        counters.count("received", message, frameBytes(size));
        take(message);
        endTurn();
      }
      offset += 5 + size;
    }
    rest = all.slice(offset);
  }
  ended = true;
})();
/** Both hold the same for so long: nothing more is to come. */
const QUIET_MS = 1500;
let equalSinceMs: number | null = null;
while (!ended && (equalSinceMs === null || performance.now() - equalSinceMs < QUIET_MS)) {
  const dueMs = Math.min(sync.deadline(), reconciler.deadline());
  if (performance.now() >= dueMs) {
    sync.tick(now());
    endTurn();
    await new Promise((resolve) => setImmediate(resolve));
  } else await new Promise((resolve) => setTimeout(resolve, Math.min(5, dueMs - performance.now())));
  if (!sync.agrees(1) || reconciler.isRunning) equalSinceMs = null;
  else equalSinceMs ??= performance.now();
}
const { bytes, payloadBytes, trips, startMs, foundMs, endMs } = counters;
console.log(JSON.stringify({
  bytes,
  payloadBytes,
  trips,
  foundSeconds: (foundMs - startMs) / 1000,
  seconds: (endMs - startMs) / 1000,
  peakMb: peakMb(Deno.pid),
  digest: store.digest().toHex(),
  events,
}));
Deno.exit(0);
