import { assert, assertEquals } from "@std/assert";
import { concat, equal } from "../../lib/base/bytes.ts";
import { seeded } from "../link/pair.ts";
import { copyOf } from "../sim/sim_disk.ts";
import { type Recording, recordSessions, Side, type Step, take, unitEnds } from "./recorded_session.ts";

/** Hello and handshake messages of either stream, and the first records behind them. */
const FIRST_UNITS = 5;

const recordings = recordSessions();

function streamOf({ steps }: Recording): Uint8Array {
  return concat(steps.flatMap((step) => step.type === "bytes" ? [step.bytes] : []));
}

function unitsOf(recording: Recording): Uint8Array[] {
  const stream = streamOf(recording);
  const ends = [0, ...unitEnds(stream)];
  return ends.slice(1).map((end, i) => stream.subarray(ends[i], end));
}

/** A side as it was when the session began; with other randomness it is another link. */
function begin(recording: Recording, random?: string): Side {
  const { beginning, steps } = recording;
  const side = new Side(
    { ...beginning, disk: copyOf(beginning.disk) },
    random === undefined ? undefined : seeded(random),
  );
  const first = steps.findIndex(({ type }) => type === "bytes");
  for (const step of steps.slice(0, first)) take(side, step);
  return side;
}

/** Gives it pieces one by one, and asserts that the link ends with a reason and nothing came of it. */
function assertRefused(side: Side, pieces: readonly Uint8Array[], what: string): string {
  const before = side.state;
  for (const piece of pieces) {
    side.receive(piece);
    side.drain();
  }
  side.disconnected();
  assertEquals(side.closed.length, 1, what);
  assert(side.closed[0] !== "goodbye" && !side.hasLink, what);
  assertEquals(side.state, before, what);
  return side.closed[0] as string;
}

for (const recording of recordings) {
  const { name } = recording;
  const direction = recording.steps.some((step) => step.type === "connected" && step.direction === "out")
    ? "out"
    : "in";

  Deno.test(`${name}: a session replayed to another link of the same peer ends in its handshake`, () => {
    for (const random of ["another link", "and another one"]) {
      assertEquals(assertRefused(begin(recording, random), unitsOf(recording), random), "bad_handshake");
    }
  });

  Deno.test(`${name}: handshake messages that come twice, or in place of one another, end the link`, () => {
    const own = unitsOf(recording);
    const handshakeUnits = direction === "in" ? 3 : 2;
    const others = recordings.flatMap((other) => unitsOf(other).slice(0, FIRST_UNITS));
    let count = 0;
    for (let place = 0; place < handshakeUnits; place++) {
      assertRefused(begin(recording), own.toSpliced(place, 0, own[place] as Uint8Array), `${place} twice`);
      assertRefused(begin(recording), own.toSpliced(place, 1), `${place} left out`);
      count += 2;
      for (const other of others) {
        if (equal(other, own[place] as Uint8Array)) continue;
        assertRefused(begin(recording), own.toSpliced(place, 1, other), `another message in place of ${place}`);
        count++;
      }
    }
    // Every hello is the same; every other message is of one link alone.
    const hellos = recordings.length;
    const total = recordings.length * FIRST_UNITS;
    assertEquals(count, 2 * handshakeUnits + (total - hellos) + (handshakeUnits - 1) * (total - 1));
  });

  Deno.test(`${name}: what it says is never taken from itself`, () => {
    const sent = recording.steps.filter(({ type }) => type === "bytes").length;
    let count = 0;
    for (let at = 0; at < sent; at++) {
      const { side, before, said } = upTo(recording, at);
      if (said.length === 0) continue;
      side.receive(said);
      side.drain();
      side.disconnected();
      assertEquals(side.closed.length, 1, `reflected at ${at}`);
      assert(side.closed[0] !== "goodbye" && !side.hasLink);
      assertEquals(side.state, before);
      count++;
    }
    assert(count >= sent / 2, `${count} of ${sent}`);
  });

  Deno.test(`${name}: its links, led back to itself, end when it sees its own key`, () => {
    const side = begin(recording);
    const before = side.state;
    side.connected(direction === "in" ? "out" : "in", 2);
    for (let i = 0; i < 4; i++) {
      side.receive(side.drain(1), 2);
      side.receive(side.drain(2), 1);
    }
    assertEquals([...new Set(side.closed)], ["self"]);
    assert(!side.hasLink);
    assertEquals(side.state, before);
  });

  Deno.test(`${name}: a session led to another peer ends in its handshake`, () => {
    for (const other of recordings) {
      if (other === recording) continue;
      const reason = assertRefused(begin(other, "elsewhere"), unitsOf(recording), other.name);
      assert(reason === "bad_handshake" || reason === "truncated", reason);
    }
  });
}

/** A side in the middle of its session, before it is given its next bytes, and what it said last. */
function upTo(recording: Recording, at: number): { side: Side; before: string; said: Uint8Array } {
  const { beginning, steps } = recording;
  const side = new Side({ ...beginning, disk: copyOf(beginning.disk) });
  let said: Uint8Array = new Uint8Array();
  const hear = (step: Step) => {
    take(side, step);
    if (!steps.slice(0, steps.indexOf(step)).some(({ type }) => type === "connected") && step.type !== "connected") {
      return;
    }
    const now = side.drain();
    if (now.length > 0) said = now;
  };
  let given = 0;
  for (const step of steps) {
    if (step.type === "bytes" && given++ === at) break;
    if (step.type !== "stopping") hear(step);
  }
  return { side, before: side.state, said };
}
