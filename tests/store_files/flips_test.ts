import { assert, assertEquals } from "@std/assert";
import { startHost, tempFolder } from "../host/temp_host.ts";
import { until } from "../host/until.ts";
import { Prng } from "../sim/prng.ts";
import { copyFiles, isNoted, lookInto, type Outcome } from "./flips.ts";

/** In each large file; small ones get fewer. */
const FLIPS = 40;

/** A home with some of everything. @param killed where it is copied to as it is while its peer still runs. */
async function filled(home: string, killed: string): Promise<void> {
  await using host = await startHost(home, { offline: true });
  await host.call("POST", "/v1/space");
  await host.call("POST", "/v1/invites", {});
  const lines = Array.from({ length: 300 }, (_, i) => JSON.stringify({ v: 1, key: `key/${i}`, text: `value ${i}` }));
  await host.lines("POST", "/v1/import", lines.join("\n"));
  for (let i = 0; i < 40; i++) await host.call("PUT", `/v1/entry?key=key/${i % 25}`, `again ${i}`);
  for (let i = 0; i < 10; i++) await host.call("DELETE", `/v1/entry?key=key/${i + 30}`);
  await host.call("PUT", "/v1/entry?key=long", "x".repeat(20_000));
  host.host.peer.status();
  await host.call("PUT", "/v1/entry?key=last", "1");
  // What is not noted yet may be lost unnoticed.
  await until("the last commit is noted", () => {
    copyFiles(home, killed);
    const opened = `${killed}-opened`;
    copyFiles(killed, opened);
    return isNoted(opened);
  });
}

for (const kind of ["a store whose log is in its file", "a store whose log is not"]) {
  Deno.test(`a flipped bit anywhere in the files of a home is found by verify, when it is opened or read, or is harmless: ${kind}`, async () => {
    await using folder = await tempFolder();
    const [home, killed, flipped] = [`${folder.path}/home`, `${folder.path}/killed`, `${folder.path}/flipped`];
    await filled(home, killed);
    const source = kind === "a store whose log is not" ? killed : home;
    const names = [...Deno.readDirSync(source)].filter(({ name }) =>
      /^(store\.sqlite(-wal|-commits)?|identity\.key)$/.test(name)
    );
    assertEquals(names.some(({ name }) => name.endsWith("-wal")), source === killed);
    copyFiles(source, flipped);
    const expected = lookInto(flipped, null);
    assertEquals(expected.outcome, "harmless");
    const prng = new Prng(5);
    const counts = new Map<string, number>();
    for (const { name } of names) {
      const size = Deno.statSync(`${source}/${name}`).size;
      const flips = size < 4096 ? Math.ceil(FLIPS / 3) : FLIPS;
      for (let n = 0; n < flips; n++) {
        copyFiles(source, flipped);
        const [at, bit] = [prng.below(size), prng.below(8)];
        const bytes = Deno.readFileSync(`${flipped}/${name}`);
        bytes[at] = (bytes[at] as number) ^ (1 << bit);
        Deno.writeFileSync(`${flipped}/${name}`, bytes);
        const { outcome } = lookInto(flipped, expected.state);
        assert(outcome !== "missed", `${name}: bit ${bit} of byte ${at}`);
        const what = `${name} ${outcome}` satisfies `${string} ${Outcome}`;
        counts.set(what, (counts.get(what) ?? 0) + 1);
      }
    }
    const found = [...counts].filter(([what]) => !what.endsWith("harmless")).reduce((sum, [, count]) => sum + count, 0);
    assert(found > FLIPS / 2, JSON.stringify(Object.fromEntries(counts)));
  });
}
