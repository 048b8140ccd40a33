import { assertEquals } from "@std/assert";
import { homePaths } from "../../lib/host/home.ts";
import { restoreBackup } from "../../lib/host/restore.ts";
import { decideStaged, dropStaged, settleStaged, stagedPaths } from "../../lib/host/staged_home.ts";
import { countingRandom } from "../store/histories.ts";
import { startHost, tempFolder } from "./temp_host.ts";

const random = countingRandom();

/** What the files of a folder hold, by name. */
function filesOf(folder: string): Record<string, string> {
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
  return Object.fromEntries(names.map((name) => [name, Deno.readTextFileSync(`${folder}/${name}`)]));
}

/** A home with a store in use, its log and its counter, and another store that was staged with its counter. */
function stagedStore(home: string) {
  Deno.mkdirSync(home);
  const paths = homePaths(home);
  const staged = stagedPaths(paths);
  const files = [
    [paths.identity, "key"],
    [paths.store, "old"],
    [`${paths.store}-wal`, "old log"],
    [paths.counter, "old count"],
    [staged.store, "new"],
    [staged.counter, "new count"],
  ] as const;
  for (const [path, text] of files) Deno.writeTextFileSync(path, text);
  const date = new Date(Deno.statSync(staged.store).mtime as Date).toISOString().replaceAll(/[:.]/g, "-");
  return { paths, staged, aside: `store-${date}.sqlite` };
}

Deno.test("a staged store comes to nothing unless it was decided upon", async () => {
  await using folder = await tempFolder();
  const { paths, staged } = stagedStore(`${folder.path}/home`);
  for (const path of [staged.identity, staged.config, `${staged.store}-wal`, `${staged.store}-shm`]) {
    Deno.writeTextFileSync(path, "new");
  }
  assertEquals(settleStaged(paths), null);
  const left = { "identity.key": "key", "store.sqlite": "old", "store.sqlite-commits": "old count" };
  assertEquals(filesOf(paths.home), { ...left, "store.sqlite-wal": "old log" });
});

Deno.test("what was decided upon is put in place, wherever a crash left it off, and the store before it is kept whole", async () => {
  await using folder = await tempFolder();
  const steps = (paths: ReturnType<typeof homePaths>, aside: string): (readonly [from: string, to: string])[] => [
    [`${paths.store}-wal`, `${paths.home}/${aside}-wal`],
    [paths.counter, `${paths.home}/${aside}-commits`],
    [paths.store, `${paths.home}/${aside}`],
    [stagedPaths(paths).counter, paths.counter],
  ];
  for (let done = 0; done <= 4; done++) {
    const { paths, aside } = stagedStore(`${folder.path}/${done}`);
    decideStaged(paths);
    for (const [from, to] of steps(paths, aside).slice(0, done)) Deno.renameSync(from, to);
    dropStaged(paths);
    const told = settleStaged(paths);
    assertEquals([told?.name, told?.fields?.damaged_store], ["store_rebuilt", `${paths.home}/${aside}`]);
    assertEquals(filesOf(paths.home), {
      "identity.key": "key",
      "store.sqlite": "new",
      "store.sqlite-commits": "new count",
      [aside]: "old",
      [`${aside}-wal`]: "old log",
      [`${aside}-commits`]: "old count",
    }, `after ${done} steps`);
    assertEquals(settleStaged(paths), null);
  }
});

Deno.test("a home that was half restored is empty still, or is restored when it is used next, but no mix of both", async () => {
  await using folder = await tempFolder();
  const file = `${folder.path}/backup.tar`;
  let peer: string;
  {
    await using host = await startHost(`${folder.path}/source`);
    await host.object("POST", "/v1/space");
    await host.call("PUT", "/v1/entry?key=kept", "1");
    await host.call("PUT", "/v1/config", { name: "kept" });
    await host.object("POST", "/v1/backup", { path: file });
    peer = host.host.peer.status().peer;
  }
  const order = ["identity", "config", "counter"] as const;
  for (const decided of [false, true]) {
    for (let placed = 0; placed <= (decided ? order.length : 0); placed++) {
      const home = `${folder.path}/${decided}${placed}`;
      await restoreBackup(file, home, random);
      const [paths, staged] = [homePaths(home), stagedPaths(homePaths(home))];
      for (const name of order.slice(placed)) Deno.renameSync(paths[name], staged[name]);
      Deno.renameSync(paths.store, staged.store);
      if (decided) decideStaged(paths);
      {
        await using host = await startHost(home);
        const { name, space, entries } = host.host.peer.status();
        assertEquals(host.host.notices, []);
        assertEquals(host.host.peer.status().peer === peer, decided, `${placed} in place`);
        if (decided) assertEquals([name, entries], ["kept", 1]);
        else assertEquals([space, entries], [null, 0]);
      }
      assertEquals(Object.keys(filesOf(home)).filter((name) => /\.(next|draft)/.test(name)), []);
    }
  }
});
