import { assertEquals } from "@std/assert";
import { dhtText } from "../../lib/cli/dht.ts";

const NOW_MS = 1_770_000_000_000;

Deno.test("how it stands with the DHT is told in words", () => {
  const text = (fields: object) =>
    dhtText({ problem: null, nodes: 0, announced: null, answered: null, ...fields }, NOW_MS);
  assertEquals(text({}), "not needed so far");
  assertEquals(text({ problem: "it is switched off (--no-dht)" }), "not in use: it is switched off (--no-dht)");
  assertEquals(text({ nodes: 1, answered: NOW_MS - 5000 }), "1 node known, not announced");
  const used = { nodes: 80, answered: NOW_MS - 5000, announced: NOW_MS - 120_000 };
  assertEquals(text(used), "80 nodes known, announced 2 min ago");
  assertEquals(
    text({ ...used, problem: "no node\x1b[2J answers" }),
    "80 nodes known, announced 2 min ago; the last question failed: no node\\x1b[2J answers",
  );
});
