import { assert, assertEquals } from "@std/assert";
import { generatedLines } from "../../scripts/entries.ts";
import { killAt } from "./kill.ts";
import { Machine, TIMEOUT } from "./kith.ts";
import { NarrowDoor } from "./narrow_door.ts";

const COUNT = 30_000;

Deno.test("a joiner killed three times in its first sync ends with the same entries", async () => {
  await using machine = new Machine();
  const a = machine.home("a");
  // Another machine, so that it does not find the peer by itself, past the door.
  await using other = new Machine();
  const b = other.home("b");
  const peerA = await a.up();
  const lines = generatedLines(COUNT).map((line) => line + "\n");
  const imported = await a.run(["import", "--json"], { stdin: lines.join("") });
  assertEquals(JSON.parse(imported.out), { v: 1, imported: COUNT, unchanged: 0 });
  const { words } = await a.object("invite");

  await using door = new NarrowDoor(peerA.address);
  const sizeBytes = lines.reduce((sum, line) => sum + line.length, 0);
  let before = 0;
  for (const [share, args] of [[0.12, ["join", "--at", door.address]], [0.3, ["up"]], [0.5, ["up"]]] as const) {
    door.allow(0.25 * sizeBytes);
    const { held } = await killAt(b, args, { KITH_TICKET: words }, share * COUNT);
    assert(held >= 0.1 * COUNT && held <= 0.9 * COUNT, `killed while it held ${held} of ${COUNT}`);
    assert(held > before, "what it held is not lost, and it goes on from there");
    before = held;
  }

  door.allow(Infinity);
  const peerB = await b.up();
  await b.ok("wait", "--synced", "--timeout", TIMEOUT);
  const expected = lines.toSorted().join("");
  for (const home of [a, b]) assert(await home.ok("export") === expected, "the export is what was imported");
  assertEquals((await b.object("status")).digest, (await a.object("status")).digest);
  assertEquals([await peerB.stop(), await peerA.stop()], [0, 0]);
});
