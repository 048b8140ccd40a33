import { assertEquals } from "@std/assert";
import { MAX_ANNOUNCEMENTS, MAX_MISSING, MAX_RECEIVED_IDS } from "../../lib/base/limits.ts";
import { type Announced, Plumtree } from "../../lib/mesh/plumtree.ts";

/** A time at which what was gathered since 0 is announced. */
const ANNOUNCED_BY_MS = 50;

const at = (monotonicMs: number) => ({ monotonicMs, wallMs: 0 });

/** A tree with neighbours, and what it said since it was last asked. */
function tree(...neighbours: string[]): { tree: Plumtree<string>; said: () => string[] } {
  let said: string[] = [];
  const tree = new Plumtree<string>({
    push: (to, id, hops) => said.push(`${to} push ${id} ${hops}`),
    announce: (to, list) => said.push(`${to} announce ${list.map(({ id, hops }) => `${id}:${hops}`).join()}`),
    graft: (to, ids) => said.push(`${to} graft ${ids.join()}`),
    prune: (to) => said.push(`${to} prune`),
  });
  for (const neighbour of neighbours) tree.up(neighbour);
  const take = () => {
    const all = said;
    said = [];
    return all;
  };
  return { tree, said: take };
}

Deno.test("what is new goes on to all but who sent it, and what comes twice is answered by a prune", () => {
  const { tree: plumtree, said } = tree("a", "b", "c");
  assertEquals(plumtree.received("a", "m", 3, at(0)), true);
  assertEquals(said(), ["b push m 4", "c push m 4"]);
  assertEquals(plumtree.received("b", "m", 3, at(0)), false);
  assertEquals(said(), ["b prune"]);
  plumtree.pruned("c");
  plumtree.broadcast("n", at(0));
  assertEquals(said(), ["a push n 1"]);
  plumtree.tick(at(plumtree.deadline()));
  assertEquals(said(), ["b announce n:0", "c announce n:0"]);
  assertEquals(plumtree.deadline(), Infinity);
});

Deno.test("what was announced and does not come is asked for from one announcer after the other", () => {
  const { tree: plumtree, said } = tree("a", "b", "c");
  plumtree.pruned("a");
  plumtree.pruned("b");
  plumtree.announced("a", [{ id: "m", hops: 1 }, { id: "n", hops: 1 }], at(0));
  plumtree.announced("b", [{ id: "m", hops: 1 }], at(10));
  assertEquals(said(), []);
  const firstMs = plumtree.deadline();
  plumtree.tick(at(firstMs));
  assertEquals(said(), ["a graft m,n"]);
  assertEquals([plumtree.isEager("a"), plumtree.isEager("b")], [true, false]);
  assertEquals(plumtree.received("a", "n", 2, at(firstMs)), true);
  said();
  plumtree.tick(at(plumtree.deadline()));
  plumtree.tick(at(plumtree.deadline()));
  assertEquals(said().filter((line) => line.includes("graft")), ["b graft m"]);
  plumtree.tick(at(plumtree.deadline()));
  assertEquals([said(), plumtree.deadline()], [[], Infinity], "then the comparison of what both hold brings it");
});

Deno.test("what was asked for in vain is due after what was announced later", () => {
  const { tree: plumtree, said } = tree("a", "b");
  plumtree.announced("a", [{ id: "m", hops: 1 }], at(0));
  plumtree.announced("b", [{ id: "m", hops: 2 }, { id: "n", hops: 2 }], at(50));
  const dues = [0, 1, 2].map(() => {
    const dueMs = plumtree.deadline();
    plumtree.tick(at(dueMs - 1));
    assertEquals(said(), []);
    plumtree.tick(at(dueMs));
    return [dueMs, ...said()];
  });
  assertEquals(dues, [[100, "a graft m"], [150, "b graft n"], [200, "b graft m"]]);
});

Deno.test("what is missing is asked for from who has it by the fewest hops", () => {
  const { tree: plumtree, said } = tree("a", "b", "c");
  plumtree.announced("a", [{ id: "m", hops: 5 }], at(0));
  plumtree.announced("b", [{ id: "m", hops: 2 }], at(0));
  plumtree.announced("c", [{ id: "m", hops: 3 }], at(0));
  for (let i = 0; i < 3; i++) plumtree.tick(at(plumtree.deadline()));
  assertEquals(said(), ["b graft m", "c graft m", "a graft m"]);
});

Deno.test("what comes twice, and by fewer hops the second time, comes that way from then on", () => {
  const { tree: plumtree, said } = tree("a", "b");
  plumtree.received("a", "m", 5, at(0));
  said();
  assertEquals(plumtree.received("b", "m", 4, at(0)), false);
  assertEquals([said(), plumtree.isEager("a"), plumtree.isEager("b")], [["a prune"], false, true]);
  plumtree.received("b", "m", 4, at(0));
  assertEquals(said(), ["b prune"], "by as many it is of no use");
});

Deno.test("who says that its way is shorter, and then sends nothing, is believed once", () => {
  const { tree: plumtree, said } = tree("a", "liar");
  plumtree.pruned("liar");
  const lie = (id: string) => {
    plumtree.received("a", id, 3, at(0));
    plumtree.announced("liar", [{ id, hops: 0 }], at(0));
    return said().filter((line) => line.startsWith("a prune")).length;
  };
  assertEquals(lie("m"), 1);
  plumtree.useless("liar");
  assertEquals([lie("n"), lie("o")], [0, 0]);
  plumtree.received("liar", "p", 1, at(0));
  plumtree.pruned("liar");
  said();
  assertEquals(lie("q"), 1, "until it sends something");
});

Deno.test("who was believed, and then found to have the longer way, is believed again", () => {
  const { tree: plumtree, said } = tree("a", "b", "c");
  plumtree.pruned("b");
  plumtree.pruned("c");
  plumtree.received("a", "m", 5, at(0));
  plumtree.announced("b", [{ id: "m", hops: 3 }], at(0));
  plumtree.announced("c", [{ id: "m", hops: 1 }], at(0));
  assertEquals(said(), ["b graft ", "a prune", "c graft ", "b prune"]);
  plumtree.received("c", "n", 6, at(0));
  plumtree.announced("b", [{ id: "n", hops: 3 }], at(0));
  assertEquals(said(), ["b graft ", "c prune"]);
});

Deno.test("what comes by more hops than what its writer writes usually does is announced only", () => {
  const { tree: plumtree, said } = tree("a", "b", "c");
  let messages = 0;
  /** What is said once the writer's next message came by so many hops. */
  const after = (hops: number, writer = "w") => {
    plumtree.received("a", `${messages++}`, hops, at(0), writer);
    plumtree.tick(at(ANNOUNCED_BY_MS));
    return said();
  };
  assertEquals(after(2), ["b push 0 3", "c push 0 3"]);
  assertEquals(after(4), ["b announce 1:4", "c announce 1:4"]);
  assertEquals(after(3), ["b push 2 4", "c push 2 4"], "what is usual went up by one");
  assertEquals(after(4), ["b announce 3:4", "c announce 3:4"]);
  assertEquals(after(4), ["b push 4 5", "c push 4 5"]);
  assertEquals(after(1), ["b push 5 2", "c push 5 2"]);
  assertEquals(after(4), ["b announce 6:4", "c announce 6:4"], "and down by one");
  assertEquals(after(9, "other"), ["b push 7 10", "c push 7 10"], "another writer's come by other ways");
  assertEquals(after(9), ["b push 8 10", "c push 8 10"], "and what is usual is found anew after them");
});

Deno.test("what is announced in place of being pushed is asked for from the nearest, and the tree stays as it is", () => {
  const { tree: plumtree, said } = tree("a", "b", "c");
  plumtree.pruned("c");
  plumtree.announced("a", [{ id: "m", hops: 6 }], at(0));
  plumtree.announced("c", [{ id: "m", hops: 3 }], at(50));
  plumtree.tick(at(plumtree.deadline()));
  assertEquals([said(), plumtree.isEager("a")], [["c graft m"], true]);
});

Deno.test("who announced something is not told of it", () => {
  const { tree: plumtree, said } = tree("a", "b", "c", "d");
  plumtree.pruned("b");
  plumtree.pruned("d");
  plumtree.announced("b", [{ id: "m", hops: 5 }], at(0));
  plumtree.announced("c", [{ id: "m", hops: 5 }], at(0));
  plumtree.received("a", "m", 2, at(1));
  plumtree.tick(at(plumtree.deadline()));
  assertEquals(said(), ["d announce m:2"]);
});

Deno.test("a way by fewer hops takes the place of the one by which a message came", () => {
  const { tree: plumtree, said } = tree("a", "b");
  plumtree.pruned("b");
  plumtree.received("a", "m", 3, at(0));
  plumtree.announced("b", [{ id: "m", hops: 2 }], at(0));
  assertEquals(said(), [], "as long a way");
  plumtree.announced("b", [{ id: "m", hops: 1 }], at(0));
  assertEquals(said(), ["b graft ", "a prune"]);
  assertEquals([plumtree.isEager("a"), plumtree.isEager("b")], [false, true]);
  plumtree.received("b", "n", 9, at(1));
  plumtree.announced("a", [{ id: "n", hops: 9 }], at(1));
  plumtree.tick(at(1000));
  assertEquals(said(), ["b announce m:3", "a announce n:9"]);
});

Deno.test("of links that are not of the tree nothing is heard, and those that are gone leave nothing behind", () => {
  const { tree: plumtree, said } = tree("a");
  plumtree.announced("stranger", [{ id: "m", hops: 1 }], at(0));
  plumtree.grafted("stranger");
  plumtree.useless("stranger");
  assertEquals([plumtree.deadline(), plumtree.has("stranger"), said()], [Infinity, false, []]);
  plumtree.announced("a", [{ id: "m", hops: 1 }], at(0));
  plumtree.down("a");
  assertEquals([plumtree.deadline(), plumtree.has("a")], [Infinity, false]);
});

Deno.test("what came in another way is neither passed on nor asked for", () => {
  const { tree: plumtree, said } = tree("a", "b");
  plumtree.announced("a", [{ id: "m", hops: 1 }], at(0));
  plumtree.held("m");
  plumtree.announced("b", [{ id: "m", hops: 0 }], at(0));
  assertEquals([plumtree.deadline(), said()], [Infinity, []]);
  assertEquals(plumtree.received("b", "m", 1, at(0)), false);
  assertEquals(said(), ["b prune"]);
});

Deno.test("what others can make it remember is bounded", () => {
  const { tree: plumtree, said } = tree("a", "b");
  plumtree.pruned("b");
  for (let i = 0; i <= MAX_RECEIVED_IDS; i++) plumtree.received("a", `m${i}`, 1, at(0));
  const messages = said();
  assertEquals(messages.length, Math.floor(MAX_RECEIVED_IDS / MAX_ANNOUNCEMENTS));
  assertEquals([plumtree.hopsOf("m0"), plumtree.hopsOf(`m${MAX_RECEIVED_IDS}`)], [null, 1]);
  const many: Announced[] = Array.from({ length: MAX_MISSING + 9 }, (_, i) => ({ id: `x${i}`, hops: 1 }));
  plumtree.announced("a", many, at(0));
  plumtree.tick(at(10_000));
  const asked = () => said().flatMap((line) => line.split(" graft ")[1]?.split(",") ?? []);
  assertEquals(asked().length, MAX_MISSING);
  plumtree.announced("b", [{ id: "y", hops: 1 }], at(10_000));
  plumtree.tick(at(20_000));
  assertEquals(asked(), ["y"], "another neighbour has room of its own");
  plumtree.tick(at(30_000));
  plumtree.announced("a", [{ id: "z", hops: 1 }], at(30_000));
  plumtree.tick(at(40_000));
  assertEquals(asked(), ["z"], "what never came takes none for long");
});
