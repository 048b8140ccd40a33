import { assert, assertEquals } from "@std/assert";
import { kithCommand } from "../../scripts/kith_process.ts";
import { walkFiles } from "../../scripts/walk.ts";
import { projectFile, ROOT } from "./sandbox.ts";

Deno.test("no peer that is started for a test or a measurement asks the public DHT, or a router", () => {
  kithCommand();
  for (const name of ["KITH_NO_DHT", "KITH_NO_PORT_MAP"]) assertEquals(Deno.env.get(name), "1", "processes inherit it");
  const paths = ["tests", "scripts"].flatMap((folder) => walkFiles(`${ROOT}${folder}`))
    .map((path) => path.slice(ROOT.length)).filter((path) => path.endsWith(".ts"));
  const starting = paths.filter((path) => projectFile(path).includes("await Host" + ".start("));
  assert(starting.length >= 2, "the ways to start one in a process are looked at");
  for (const off of ["dht: false", "portMap: false"]) {
    const without = starting.filter((path) =>
      !new RegExp(`await Host\\.start\\(\\{[^;]*\\b${off}`).test(projectFile(path))
    );
    assertEquals(without, [], off);
  }
});
