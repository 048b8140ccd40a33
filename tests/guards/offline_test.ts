import { assert, assertEquals } from "@std/assert";
import { kithCommand } from "../../scripts/kith_process.ts";
import { walkFiles } from "../../scripts/walk.ts";
import { projectFile, ROOT } from "./sandbox.ts";

Deno.test("no peer that is started for a test or a measurement asks the public DHT", () => {
  kithCommand();
  assertEquals(Deno.env.get("KITH_NO_DHT"), "1", "processes inherit it");
  const paths = ["tests", "scripts"].flatMap((folder) => walkFiles(`${ROOT}${folder}`))
    .map((path) => path.slice(ROOT.length)).filter((path) => path.endsWith(".ts"));
  const starting = paths.filter((path) => projectFile(path).includes("await Host" + ".start("));
  assert(starting.length >= 2, "the ways to start one in a process are looked at");
  assertEquals(starting.filter((path) => !/await Host\.start\(\{[^;]*\bdht: false/.test(projectFile(path))), []);
});
