import { assert, assertEquals } from "@std/assert";
import { ACTIVE_VIEW_PEERS, MAX_ACTIVE_VIEW_PEERS, PASSIVE_VIEW_PEERS } from "../../lib/base/limits.ts";
import { HyParView } from "../../lib/mesh/hyparview.ts";
import { WALK_HOPS } from "../../lib/mesh/shuffles.ts";
import type { ViewMessage } from "../../lib/mesh/view_message.ts";
import { Prng } from "../sim/prng.ts";

const at = (monotonicMs: number) => ({ monotonicMs, wallMs: 0 });

/** A peer's views, and what they asked for since it was last looked. */
function views(
  acquaintances: string[] = [],
  needing: readonly string[] = [],
): { views: HyParView; said: () => string[] } {
  let said: string[] = [];
  const views = new HyParView("self", new Prng(1), {
    send: (to, message) => said.push(`${to} ${wordsOf(message)}`),
    dial: (peer) => said.push(`dial ${peer}`),
    drop: (peer) => said.push(`drop ${peer}`),
    neighbourUp: (peer) => said.push(`up ${peer}`),
    neighbourDown: (peer) => said.push(`down ${peer}`),
    isNeededBy: (peer) => needing.includes(peer),
    acquaintances: () => acquaintances,
  }, at(0));
  const take = () => {
    const all = said;
    said = [];
    return all;
  };
  return { views, said: take };
}

function wordsOf({ type, ...fields }: ViewMessage): string {
  const words = Object.entries(fields).filter(([name]) => name !== "walk").map(([, value]) => String(value));
  return [type, ...words].join(" ");
}

/** Views that are full, of a, b, c, … */
function full(needing: readonly string[] = []): ReturnType<typeof views> & { names: string[] } {
  const made = views([], needing);
  const names = Array.from({ length: ACTIVE_VIEW_PEERS }, (_, i) => String.fromCharCode(97 + i));
  for (const name of names) {
    made.views.linked(name, at(0));
    made.views.received(name, { type: "neighbour", claim: "free" }, at(0));
  }
  made.said();
  return { ...made, names };
}

Deno.test("a new peer joins by the most promising it knows, and asks others for room", () => {
  const { views: hyparview, said } = views(["a", "b"]);
  hyparview.fill(at(0));
  assertEquals(said(), ["dial a", "dial b"]);
  hyparview.linked("a", at(5));
  assertEquals(said(), ["a neighbour join"]);
  hyparview.received("a", { type: "neighbour_reply", accepts: true }, at(9));
  hyparview.linked("b", at(9));
  assertEquals(said(), ["up a", "b neighbour free"]);
  hyparview.received("b", { type: "neighbour_reply", accepts: false }, at(12));
  assertEquals(said(), ["drop b"]);
  assertEquals([[...hyparview.active], hyparview.passive], [["a"], ["b"]]);
});

Deno.test("others are told of who joins, by walks at the end of which somebody asks it", () => {
  const { views: hyparview, said } = views();
  for (const name of ["a", "b"]) {
    hyparview.linked(name, at(0));
    hyparview.received(name, { type: "neighbour", claim: "free" }, at(0));
  }
  said();
  hyparview.linked("new", at(0));
  hyparview.received("new", { type: "neighbour", claim: "join" }, at(0));
  assertEquals(said().slice(0, 3), [
    "new neighbour_reply true",
    `a forward_join new ${WALK_HOPS}`,
    `b forward_join new ${WALK_HOPS}`,
  ]);
  hyparview.received("a", { type: "forward_join", peer: "other", hopsLeft: 1 }, at(0));
  const [passedOn] = said();
  assert(passedOn === "b forward_join other 0" || passedOn === "new forward_join other 0", passedOn);
  hyparview.received("a", { type: "forward_join", peer: "third", hopsLeft: 0 }, at(0));
  assertEquals(said(), ["dial third"]);
  hyparview.received("a", { type: "forward_join", peer: "self", hopsLeft: 0 }, at(0));
  assertEquals(said(), []);
});

Deno.test("full views refuse who asks for room, and let somebody go for who has nobody", () => {
  const { views: hyparview, said } = full();
  hyparview.linked("x", at(0));
  hyparview.received("x", { type: "neighbour", claim: "free" }, at(0));
  assertEquals(said(), ["x neighbour_reply false"]);
  hyparview.received("x", { type: "neighbour", claim: "urgent" }, at(0));
  const [reply, down, dropped, up] = said();
  const gone = dropped?.split(" ")[1] as string;
  assertEquals([reply, down, up], ["x neighbour_reply true", `down ${gone}`, "up x"]);
  assertEquals([hyparview.active.size, hyparview.passive], [ACTIVE_VIEW_PEERS, [gone]]);
});

Deno.test("a neighbour that fails is replaced at once from the passive view, by whoever answers", () => {
  const { views: hyparview, said } = full();
  hyparview.received("a", { type: "shuffle", walk: "1", hopsLeft: 0, peers: ["p", "q"] }, at(0));
  said();
  hyparview.unlinked("b", true, at(1));
  const [down, dialled] = said();
  const [first, second] = dialled === "dial p" ? ["p", "q"] : ["q", "p"];
  assertEquals([down, dialled], ["down b", `dial ${first}`]);
  hyparview.unreachable(first, at(2));
  assertEquals(said(), [`drop ${first}`, `dial ${second}`]);
  assertEquals(hyparview.passive, [second]);
  hyparview.linked(second, at(3));
  hyparview.received(second, { type: "neighbour_reply", accepts: true }, at(4));
  assertEquals(said(), [`${second} neighbour free`, `up ${second}`]);
});

Deno.test("a neighbour that failed is asked again, and then never refused", () => {
  const { views: hyparview, said } = full();
  hyparview.unlinked("b", true, at(0));
  said();
  const tried: number[] = [];
  for (let now = 0; now < 60_000 && tried.length < 3; now = hyparview.deadline()) {
    hyparview.tick(at(now));
    if (!said().includes("dial b")) continue;
    tried.push(now);
    hyparview.unreachable("b", at(now));
  }
  assertEquals(tried.length, 3);
  for (let now = hyparview.deadline(); !said().includes("dial b"); now = hyparview.deadline()) hyparview.tick(at(now));
  hyparview.linked("b", at(100_000));
  assertEquals(said(), ["b neighbour urgent"]);
});

Deno.test("after a change of the network those that failed are asked at once", () => {
  const { views: hyparview, said } = full();
  hyparview.unlinked("b", true, at(0));
  said();
  hyparview.networkChanged(at(1));
  hyparview.tick(at(1));
  assertEquals(said(), ["dial b"]);
});

Deno.test("a neighbour that says that it goes is remembered, and not asked as one that failed", () => {
  const { views: hyparview, said } = full();
  hyparview.received("b", { type: "disconnect" }, at(0));
  assertEquals(said(), ["down b", "drop b"]);
  assertEquals(hyparview.passive, ["b"]);
  hyparview.tick(at(hyparview.deadline()));
  assertEquals(said(), ["dial b"], "after a rest, so that who parts again and again is not linked anew all the time");
  hyparview.linked("b", at(5000));
  assertEquals(said(), ["b neighbour free"]);
});

Deno.test("peers that ask in many names, or have others say so, do not push out all neighbours of one's own choice", () => {
  const chosen = Array.from({ length: ACTIVE_VIEW_PEERS }, (_, i) => `chosen${i}`);
  const { views: hyparview } = views(chosen);
  hyparview.fill(at(0));
  for (const name of chosen) {
    hyparview.linked(name, at(0));
    hyparview.received(name, { type: "neighbour_reply", accepts: true }, at(0));
  }
  assertEquals([...hyparview.active], chosen);
  for (let i = 0; i < 200; i++) {
    const [asks, named] = [`asks${i}`, `named${i}`];
    hyparview.linked(asks, at(0));
    hyparview.received(asks, { type: "neighbour", claim: i % 2 === 0 ? "join" : "urgent" }, at(0));
    hyparview.received(asks, { type: "forward_join", peer: named, hopsLeft: 0 }, at(0));
    hyparview.linked(named, at(0));
    hyparview.received(named, { type: "neighbour_reply", accepts: true }, at(0));
  }
  assertEquals(chosen.filter((name) => hyparview.active.has(name)).length, ACTIVE_VIEW_PEERS / 2);
});

Deno.test("a neighbour that joins again and again is told of once", () => {
  const { views: hyparview, said } = full();
  hyparview.linked("x", at(0));
  for (let i = 0; i < 9; i++) hyparview.received("x", { type: "neighbour", claim: "join" }, at(0));
  assertEquals(said().filter((line) => line.includes("forward_join")).length, ACTIVE_VIEW_PEERS);
});

Deno.test("whoever names many newcomers does not have them all dialled", () => {
  const { views: hyparview, said } = full();
  for (let i = 0; i < 1000; i++) {
    hyparview.received("a", { type: "forward_join", peer: `p${i}`, hopsLeft: 0 }, at(0));
  }
  assertEquals(said().length, ACTIVE_VIEW_PEERS);
});

Deno.test("a shuffle goes on by another neighbour, and its answer comes back that way", () => {
  const { views: hyparview, said } = full();
  hyparview.received("a", { type: "shuffle", walk: "9", hopsLeft: 4, peers: ["p"] }, at(0));
  const [passedOn] = said();
  const next = passedOn?.split(" ")[0] as string;
  assertEquals(passedOn, `${next} shuffle 3 p`);
  assert(next !== "a");
  hyparview.received(next, { type: "shuffle_reply", walk: "9", peers: ["q"] }, at(0));
  hyparview.received(next, { type: "shuffle_reply", walk: "9", peers: ["r"] }, at(0));
  assertEquals(said(), ["a shuffle_reply q"], "once");
  assertEquals(hyparview.passive, []);
});

Deno.test("a link to a peer that is no neighbour is closed, later where that says nothing, unless all are kept", () => {
  for (const dropsIdle of [true, false]) {
    const { views: hyparview, said } = full();
    hyparview.dropsIdle = dropsIdle;
    for (const name of ["x", "older"]) hyparview.linked(name, at(1000));
    hyparview.received("x", { type: "neighbour", claim: "free" }, at(1000));
    const dropped = [11_000, 31_000].map((now) => {
      said();
      hyparview.tick(at(now));
      return said().filter((line) => line.startsWith("drop"));
    });
    assertEquals(dropped, dropsIdle ? [["drop x"], ["drop older"]] : [[], []]);
  }
});

Deno.test("whoever does not answer is given up, and a link on which nothing is ever said is not asked again", () => {
  const { views: hyparview, said } = views(["a", "b"]);
  hyparview.fill(at(0));
  hyparview.linked("a", at(0));
  said();
  for (let now = 15_000; now < 100_000; now = hyparview.deadline()) hyparview.tick(at(now));
  const after = said();
  assertEquals(after.filter((line) => line.endsWith("b")).slice(0, 2), ["drop b", "dial b"]);
  assertEquals(after.filter((line) => line.startsWith("a ")), []);
});

Deno.test("views stay within their bounds, whatever is said", () => {
  const { views: hyparview } = full();
  const random = new Prng(5);
  const name = () => `p${random.below(200)}`;
  for (let i = 0; i < 5000; i++) {
    const from = name();
    const messages: ViewMessage[] = [
      { type: "neighbour", claim: random.pick(["join", "urgent", "free"]) },
      { type: "neighbour_reply", accepts: random.chance(0.5) },
      { type: "forward_join", peer: name(), hopsLeft: random.below(9) },
      { type: "disconnect" },
      { type: "shuffle", walk: name(), hopsLeft: random.below(9), peers: [name(), name(), "self"] },
      { type: "shuffle_reply", walk: name(), peers: [name(), name()] },
    ];
    hyparview.linked(from, at(i));
    hyparview.received(from, random.pick(messages), at(i));
    if (random.chance(0.2)) hyparview.unlinked(name(), random.chance(0.5), at(i));
    if (random.chance(0.2)) hyparview.unreachable(name(), at(i));
    hyparview.tick(at(i));
    assert(hyparview.active.size <= ACTIVE_VIEW_PEERS && hyparview.passive.length <= PASSIVE_VIEW_PEERS);
    assert(!hyparview.active.has("self") && !hyparview.passive.includes("self"));
    assert(hyparview.passive.every((peer) => !hyparview.active.has(peer)));
  }
});

Deno.test("who carries for its neighbours gives none up for another one, but one that needs it not, up to a bound", () => {
  const needing = Array.from({ length: 100 }, (_, i) => `n${i}`);
  const { views: hyparview, said, names } = full([...needing, "a", "b", "c", "d", "e", "f", "g"]);
  const asks = (peer: string) => {
    hyparview.linked(peer, at(1));
    hyparview.received(peer, { type: "neighbour", claim: "urgent" }, at(1));
    return said().filter((line) => line.startsWith("down"));
  };
  assertEquals(asks("n0"), ["down h"]);
  for (let i = 1; i <= MAX_ACTIVE_VIEW_PEERS - names.length; i++) assertEquals(asks(`n${i}`), []);
  assertEquals(hyparview.active.size, MAX_ACTIVE_VIEW_PEERS);
  assertEquals(asks("n99").length, 1);
  assertEquals(hyparview.active.size, MAX_ACTIVE_VIEW_PEERS);
  assertEquals(asks("other").length, 1);
});
