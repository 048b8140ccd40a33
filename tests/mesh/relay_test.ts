import { assert, assertEquals } from "@std/assert";
import type { Now } from "../../lib/base/clock.ts";
import { concat } from "../../lib/base/bytes.ts";
import type { PeerEvent } from "../../lib/base/event.ts";
import {
  CLOSE_TIMEOUT_MS,
  LEAST_RELAYED_MESSAGE_BYTES,
  MAX_RELAY_DATA_BYTES,
  MAX_RELAY_INCOMING_BURST,
  MAX_RELAY_OPENS_BURST,
  MAX_RELAY_PAIR_OPENS_BURST,
  MAX_RELAYED_BYTES_PER_S,
  MAX_RELAYED_CIRCUITS,
  MAX_RELAYED_CIRCUITS_OF_MEMBER,
  RELAY_ANSWER_TIMEOUT_MS,
  RELAY_DATA_COST_BYTES,
  RELAY_LAST_WORDS_BYTES,
  RELAY_WINDOW_BYTES,
  RELAYED_CIRCUIT_LIFE_MS,
} from "../../lib/base/limits.ts";
import { CircuitEnd } from "../../lib/mesh/circuit_end.ts";
import { type CircuitSide, RefusedCircuit } from "../../lib/mesh/circuit_side.ts";
import { RelayServer } from "../../lib/mesh/relay_server.ts";
import { relayCodeOf, type RelayMessage, relayReasonOf } from "../../lib/wire/relay_messages.ts";

const FROM = new Uint8Array(32).fill(0xaa);
const TARGET = new Uint8Array(32).fill(0xbb);

function at(monotonicMs: number): Now {
  return { monotonicMs, wallMs: 0 };
}

/** One end with what it was told, and what it has to send. */
class TestEnd {
  readonly end: CircuitEnd;
  readonly told: string[] = [];
  readonly #received: Uint8Array[] = [];
  toSend: Uint8Array[] = [];
  /** Whether it sends as much at a time as it may, as links do. */
  joins = false;

  constructor(circuit: number, target: Uint8Array | null, nowMs = 0) {
    this.end = new CircuitEnd(circuit, target, {
      wake: () => {},
      answered: () => void this.told.push("answered"),
      received: (bytes) => void this.#received.push(bytes),
      pull: (maxBytes) => {
        const parts = this.toSend.splice(0, 1);
        let sizeBytes = parts[0]?.length ?? 0;
        assert(sizeBytes <= maxBytes);
        while (this.joins && sizeBytes + (this.toSend[0]?.length ?? Infinity) <= maxBytes) {
          const part = this.toSend.shift() as Uint8Array;
          sizeBytes += part.length;
          parts.push(part);
        }
        return parts.length === 0 ? null : concat(parts);
      },
      ended: (reason) => void this.told.push(`ended: ${reason}`),
    }, at(nowMs));
  }

  get received(): Uint8Array {
    return concat(this.#received);
  }
}

/** A relay and the two ends of a circuit by it. */
class TestCircuit {
  nowMs = 0;
  readonly events: PeerEvent[] = [];
  readonly server = new RelayServer(true, { wake: () => {}, emit: (event) => void this.events.push(event) });
  readonly a = new TestEnd(1, TARGET);
  readonly b = new TestEnd(2, null);
  readonly sides = this.server.begin(
    { link: 1, circuit: 1, peer: "a" },
    { link: 2, circuit: 2, peer: "b" },
    FROM,
    at(0),
  );

  /** Carries what there is to be carried. @param isOneWay only towards the one that is asked. */
  run(): void {
    const pairs: [CircuitSide, CircuitSide][] = [[this.a.end, this.sides.asker], [this.b.end, this.sides.target]];
    for (let isBusy = true; isBusy;) {
      isBusy = false;
      for (const [end, side] of pairs) {
        for (const [from, to] of [[end, side], [side, end]] as const) {
          const message = from.next(at(this.nowMs));
          if (message === null) continue;
          isBusy = true;
          this.deliver(to, message);
        }
      }
    }
  }

  deliver(to: CircuitSide, message: RelayMessage): void {
    assertEquals(message.circuit, to.circuit);
    const now = at(this.nowMs);
    if (message.type === "relay_data") to.data(message.bytes, now);
    if (message.type === "relay_credit") to.credit(message.sizeBytes, now);
    if (message.type === "relay_close") to.closed(relayReasonOf(message.code), now);
  }

  tick(): void {
    for (const side of [this.a.end, this.b.end, this.sides.asker, this.sides.target]) side.tick(at(this.nowMs));
  }

  get closed(): unknown {
    return this.events.find(({ name }) => name === "relay_closed")?.reason;
  }
}

Deno.test("bytes go both ways through a relay, in order, and the end of one is told to the other behind them", () => {
  const circuit = new TestCircuit();
  circuit.run();
  assertEquals([circuit.a.told, circuit.b.told], [["answered"], []]);
  const [to, from] = [new Uint8Array(100_000).fill(1), new Uint8Array(70_000).fill(2)];
  for (let i = 0; i < to.length; i += 1000) circuit.a.toSend.push(to.subarray(i, i + 1000));
  for (let i = 0; i < from.length; i += 1000) circuit.b.toSend.push(from.subarray(i, i + 1000));
  circuit.a.end.close(false, at(0));
  for (; circuit.nowMs < 100; circuit.nowMs++) {
    circuit.tick();
    circuit.run();
  }
  assertEquals(circuit.b.received, to);
  assertEquals([circuit.a.told, circuit.b.told], [["answered", "ended: done"], ["ended: done"]]);
  assertEquals([circuit.closed, circuit.server.counts.circuits], ["done", 0]);
  for (const side of [circuit.a.end, circuit.b.end, circuit.sides.asker, circuit.sides.target]) {
    assert(side.isOver);
    assertEquals(side.deadline(), Infinity);
  }
});

Deno.test("who does not read holds up the other end, and the relay keeps no more than a window", () => {
  const circuit = new TestCircuit();
  circuit.run();
  for (let i = 0; i < 1000; i++) circuit.a.toSend.push(new Uint8Array(1000));
  let heldBytes = 0;
  for (let message = circuit.a.end.next(at(0)); message !== null; message = circuit.a.end.next(at(0))) {
    assert(message.type === "relay_data");
    heldBytes += message.bytes.length + RELAY_DATA_COST_BYTES;
    circuit.deliver(circuit.sides.asker, message);
  }
  assert(
    heldBytes <= RELAY_WINDOW_BYTES && heldBytes > RELAY_WINDOW_BYTES - RELAY_LAST_WORDS_BYTES - 3000,
    `${heldBytes} bytes`,
  );
  assertEquals(circuit.closed, undefined);
  for (; circuit.nowMs < 1000; circuit.nowMs++) {
    circuit.tick();
    circuit.run();
  }
  assertEquals(circuit.b.received.length, 1_000_000, "all of it comes once it is read");
});

Deno.test("a circuit goes no faster than it may, whoever sends and however much", () => {
  const circuit = new TestCircuit();
  circuit.run();
  const piece = new Uint8Array(1000);
  circuit.a.joins = true;
  for (let i = 0; i < 20_000; i++) circuit.a.toSend.push(piece);
  for (; circuit.nowMs < 2000; circuit.nowMs++) {
    circuit.tick();
    circuit.run();
  }
  // Links send as much at a time as they may, so that what each message costs besides is nothing.
  const share = circuit.b.received.length / (2 * MAX_RELAYED_BYTES_PER_S);
  assert(share > 0.95 && share < 1.05, `${share} of what it may`);
});

Deno.test("small messages and credits of a circuit make no more messages of its relay than it may send a member", () => {
  const circuit = new TestCircuit();
  circuit.run();
  for (let i = 0; i < 20_000; i++) circuit.a.toSend.push(Uint8Array.of(7));
  for (; circuit.nowMs < 1000; circuit.nowMs++) {
    circuit.tick();
    circuit.run();
  }
  const most = (1000 + 16) * MAX_RELAYED_BYTES_PER_S / 1000 / LEAST_RELAYED_MESSAGE_BYTES;
  assert(circuit.b.received.length <= most + 1, `${circuit.b.received.length} messages`);
  assert(circuit.b.received.length > most / 2);
  const credited = new TestCircuit();
  credited.run();
  const cost = 1 + RELAY_DATA_COST_BYTES;
  for (let i = 0; i < 100; i++) credited.sides.asker.data(Uint8Array.of(i), at(0));
  for (let i = 0; i < 100; i++) credited.sides.target.next(at(i));
  let credits = 0;
  for (let i = 0; i < 100 * cost; i++) {
    credited.sides.target.credit(1, at(100));
    if (credited.sides.asker.next(at(100)) !== null) credits++;
  }
  assertEquals([credits, credited.closed], [0, undefined]);
});

Deno.test("who sends more than it was allowed has its circuit closed, and nothing of it is passed on", () => {
  const circuit = new TestCircuit();
  circuit.run();
  const piece = new Uint8Array(MAX_RELAY_DATA_BYTES);
  for (let i = 0; i < 5; i++) circuit.sides.asker.data(piece, at(0));
  assertEquals(circuit.closed, "overrun");
  circuit.run();
  assertEquals([circuit.a.told.at(-1), circuit.b.told, circuit.b.received.length], [
    "ended: overrun",
    ["ended: overrun"],
    0,
  ]);
});

Deno.test("who allows more than a window has its circuit closed, at the relay and at the other end", () => {
  const circuit = new TestCircuit();
  circuit.run();
  circuit.sides.target.credit(1, at(0));
  assertEquals(circuit.closed, "overrun");
  const end = new TestEnd(1, TARGET);
  assertEquals(end.end.next(at(0))?.type, "relay_open");
  end.end.credit(RELAY_WINDOW_BYTES, at(0));
  end.end.credit(1, at(0));
  assertEquals(end.told, ["answered", "ended: overrun"]);
  assertEquals(end.end.next(at(0)), { type: "relay_close", circuit: 1, code: relayCodeOf("overrun") });
  assert(end.end.isOver);
});

Deno.test("an end takes no more than it allowed, and nothing before it was answered", () => {
  const early = new TestEnd(1, TARGET);
  for (let i = 0; i < 2; i++) early.end.next(at(0));
  early.end.data(new Uint8Array(1), at(0));
  assertEquals([early.told, early.received.length], [["ended: overrun"], 0]);
  const flooded = new TestEnd(2, null);
  assertEquals(flooded.end.next(at(0)), { type: "relay_credit", circuit: 2, sizeBytes: RELAY_WINDOW_BYTES });
  for (let i = 0; i < 5; i++) flooded.end.data(new Uint8Array(MAX_RELAY_DATA_BYTES), at(0));
  assertEquals(flooded.told, ["ended: overrun"]);
  assert(flooded.received.length < RELAY_WINDOW_BYTES);
});

Deno.test("a target that never answers is given up by the relay and by who asked", () => {
  const circuit = new TestCircuit();
  for (let i = 0; i < 2; i++) circuit.deliver(circuit.sides.asker, circuit.a.end.next(at(0)) as RelayMessage);
  assertEquals(circuit.sides.target.next(at(0)), { type: "relay_incoming", circuit: 2, from: FROM });
  circuit.nowMs = RELAY_ANSWER_TIMEOUT_MS - 1;
  circuit.tick();
  assertEquals([circuit.closed, circuit.a.told], [undefined, []]);
  circuit.nowMs++;
  circuit.tick();
  assertEquals([circuit.closed, circuit.a.told], ["no_answer", ["ended: no_answer"]]);
});

Deno.test("a circuit that is old, or whose link is lost, ends for both, and what nobody was told of is not closed", () => {
  const old = new TestCircuit();
  old.run();
  old.nowMs = RELAYED_CIRCUIT_LIFE_MS;
  old.tick();
  old.run();
  assertEquals([old.closed, old.a.told.at(-1), old.b.told], ["expired", "ended: expired", ["ended: expired"]]);
  const lost = new TestCircuit();
  lost.run();
  lost.sides.asker.closed("lost", at(0));
  lost.run();
  assertEquals([lost.closed, lost.b.told], ["lost", ["ended: lost"]]);
  const untold = new TestCircuit();
  untold.sides.asker.closed("done", at(0));
  assertEquals([untold.sides.target.next(at(0)), untold.sides.target.isOver], [null, true]);
  const unasked = new TestEnd(1, TARGET);
  unasked.end.closed("lost", at(0));
  assertEquals([unasked.end.next(at(0)), unasked.end.isOver, unasked.told], [null, true, ["ended: lost"]]);
});

Deno.test("an end that the other one takes nothing more of says its last words all the same", () => {
  const circuit = new TestCircuit();
  circuit.run();
  for (let i = 0; i < 1000; i++) circuit.a.toSend.push(new Uint8Array(1000));
  for (let message = circuit.a.end.next(at(0)); message !== null; message = circuit.a.end.next(at(0))) {
    circuit.deliver(circuit.sides.asker, message);
  }
  circuit.a.toSend = [new Uint8Array(2000).fill(7)];
  circuit.a.end.close(false, at(0));
  const last = circuit.a.end.next(at(0));
  assert(last?.type === "relay_data" && last.bytes[0] === 7);
  assertEquals(circuit.a.end.next(at(0)), { type: "relay_close", circuit: 1, code: relayCodeOf("done") });
});

Deno.test("an end that can't say all that it has is closed regardless after a while", () => {
  const circuit = new TestCircuit();
  circuit.run();
  circuit.a.end.close(false, at(0));
  circuit.a.end.tick(at(CLOSE_TIMEOUT_MS - 1));
  assertEquals(circuit.a.told, ["answered"]);
  circuit.a.end.tick(at(CLOSE_TIMEOUT_MS));
  assertEquals(circuit.a.told.at(-1), "ended: done");
});

Deno.test("a circuit that has ended counts while something of it waits, which it does not for long", () => {
  const { server, sides, b } = new TestCircuit();
  assertEquals(sides.target.next(at(0))?.type, "relay_incoming");
  const credit = b.end.next(at(0));
  assert(credit?.type === "relay_credit");
  sides.target.credit(credit.sizeBytes, at(0));
  sides.asker.data(new Uint8Array(1000), at(0));
  sides.asker.closed("done", at(0));
  assertEquals([server.counts.circuits, sides.target.isOver], [0, false]);
  for (let i = 1; i < MAX_RELAYED_CIRCUITS_OF_MEMBER; i++) {
    server.begin({ link: 1, circuit: 2 * i + 1, peer: "a" }, { link: 2, circuit: 2 * i + 2, peer: "b" }, FROM, at(0));
  }
  assertEquals(server.refuses("a", at(0)), "too_many");
  assertEquals(sides.target.deadline(), CLOSE_TIMEOUT_MS);
  sides.target.tick(at(CLOSE_TIMEOUT_MS));
  assertEquals(sides.target.next(at(CLOSE_TIMEOUT_MS))?.type, "relay_close");
  assertEquals([sides.target.isOver, sides.target.deadline()], [true, Infinity]);
  assertEquals(server.refuses("a", at(CLOSE_TIMEOUT_MS)), null);
});

Deno.test("a member has so many circuits at a time, all together so many, and asks so often", () => {
  const server = new RelayServer(true, { wake: () => {}, emit: () => {} });
  const begin = (peer: string, circuit: number) =>
    server.begin({ link: 1, circuit, peer }, { link: 2, circuit, peer: "b" }, FROM, at(0));
  for (let i = 0; i < MAX_RELAYED_CIRCUITS_OF_MEMBER; i++) {
    assertEquals(server.refuses("a", at(0)), null);
    begin("a", i);
  }
  assertEquals(server.refuses("a", at(0)), "too_many");
  for (let i = MAX_RELAYED_CIRCUITS_OF_MEMBER; i < MAX_RELAYED_CIRCUITS; i++) {
    assertEquals(server.refuses(`other ${i}`, at(0)), null);
    begin(`other ${i}`, i);
  }
  assertEquals(server.refuses("c", at(0)), "too_many");
  assertEquals(server.counts.circuits, MAX_RELAYED_CIRCUITS);
  const asked = new RelayServer(true, { wake: () => {}, emit: () => {} });
  for (let i = 0; i < MAX_RELAY_OPENS_BURST; i++) assertEquals(asked.refuses("a", at(0)), null);
  assertEquals([asked.refuses("a", at(0)), asked.refuses("b", at(0)), asked.refuses("a", at(1000))], [
    "too_often",
    null,
    null,
  ]);
  // One asker does not use up what a target is asked for; all together do, and another target is asked all the same.
  const toOne = new RelayServer(true, { wake: () => {}, emit: () => {} });
  const asks = (asker: string, target: string, ms = 0) => toOne.refusesTo(target, asker, at(ms)) === null;
  const tries = Array.from({ length: MAX_RELAY_INCOMING_BURST }, (_, i) => i);
  assertEquals(tries.filter(() => asks("a", "t")).length, MAX_RELAY_PAIR_OPENS_BURST);
  const others = tries.filter((i) => asks(`other ${i}`, "t")).length;
  assertEquals(others, MAX_RELAY_INCOMING_BURST - MAX_RELAY_PAIR_OPENS_BURST);
  assertEquals([asks("c", "t"), asks("c", "u"), asks("d", "t", 1000), asks("a", "t", 1000)], [
    false,
    true,
    true,
    false,
  ]);
  assertEquals(new RelayServer(false, { wake: () => {}, emit: () => {} }).refuses("a", at(0)), "not_serving");
});

Deno.test("a refusal says why, once", () => {
  const refused = new RefusedCircuit(7, "too_many");
  assertEquals(refused.next(), { type: "relay_close", circuit: 7, code: 4 });
  assertEquals([refused.next(), refused.isOver], [null, true]);
  assertEquals(relayReasonOf(200), "other");
});
