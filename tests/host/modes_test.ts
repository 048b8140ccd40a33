import { assert, assertEquals } from "@std/assert";
import { carriedIn, carryOut } from "../../lib/api/carry.ts";
import { MAX_LOG_BYTES } from "../../lib/base/limits.ts";
import { processConsole } from "../../lib/host/console.ts";
import { serveControl } from "../../lib/host/control.ts";
import { homePaths, prepareHome } from "../../lib/host/home.ts";
import { openLog } from "../../lib/host/log.ts";
import { restoreBackup } from "../../lib/host/restore.ts";
import { startHost, tempFolder } from "./temp_host.ts";

const random = { bytes: (size: number) => crypto.getRandomValues(new Uint8Array(size)) };

/** Whatever in a folder is not private to its owner: 0700 for folders, 0600 for all else. */
function openToOthers(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder)).flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    const mode = (Deno.lstatSync(path).mode ?? 0) & 0o777;
    const wrong = mode === (isDirectory ? 0o700 : 0o600) ? [] : [`${path} ${mode.toString(8)}`];
    return isDirectory ? [...wrong, ...openToOthers(path)] : wrong;
  });
}

for (const umask of [0o000, 0o077]) {
  Deno.test({
    name: `all that a peer writes is private to its owner, whatever the umask: ${umask.toString(8).padStart(3, "0")}`,
    ignore: Deno.build.os === "windows",
    async fn() {
      await using folder = await tempFolder();
      const umaskBefore = Deno.umask(umask);
      try {
        const home = `${folder.path}/not/there/yet`;
        const backup = `${folder.path}/backup.tar`;
        {
          await using peer = await startHost(home);
          await peer.object("POST", "/v1/space");
          await peer.call("PUT", "/v1/entry?key=k", "v");
          peer.host.saveConfig({ name: "otter" });
          processConsole().writeTextFile(`${home}/history`, "ls\n");
          await peer.object("POST", "/v1/backup", { path: backup });
          // A home whose socket would have too long a path has it in the runtime folder.
          await using deep = await startHost(`${folder.path}/${"long/".repeat(20)}home`);
          await deep.object("POST", "/v1/space");
          assertEquals(openToOthers(folder.path), []);
          const names = Array.from(Deno.readDirSync(home), ({ name }) => name);
          for (const name of ["identity.key", "store.sqlite-wal", "control.sock", "kith.log", "lock", "config.json"]) {
            assert(names.includes(name), `${name} in ${names}`);
          }
          const left = Array.from(Deno.readDirSync(`${folder.path}/run`), ({ name }) => name.replace(/^\w+/, ""));
          assertEquals([left.sort(), deep.host.running], [[".json", ".json", ".sock"], true]);
        }
        await restoreBackup(backup, `${folder.path}/restored`, random);
        // Before anything else opens it, which would make it private.
        assertEquals(openToOthers(folder.path), []);
        const carrying = await carryOut("0.0.0", `${folder.path}/restored`);
        const paths = homePaths(`${folder.path}/tcp`);
        prepareHome(paths.home);
        const control = serveControl(paths, () => Promise.resolve(new Response()), random, "tcp");
        const log = openLog(paths.log);
        const detail = "x".repeat(MAX_LOG_BYTES / 2);
        for (let i = 0; i < 3; i++) log.write({ name: "big", level: "info", fields: { detail } });
        log.close();
        assertEquals(openToOthers(folder.path), []);
        assert(Deno.statSync(`${paths.log}.1`).isFile && Deno.statSync(`${paths.home}/control.json`).isFile);
        carrying.joined();
        assert(Deno.statSync(carriedIn(`${folder.path}/restored`)?.asidePath as string).isFile);
        await control.stop();
      } finally {
        Deno.umask(umaskBefore);
      }
    },
  });
}

Deno.test({
  name: "a home that was copied without its modes is made private again, its files too",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using folder = await tempFolder();
    const home = `${folder.path}/home`;
    await (await startHost(home)).host.stop();
    Deno.chmodSync(home, 0o755);
    for (const { name } of Deno.readDirSync(home)) Deno.chmodSync(`${home}/${name}`, 0o644);
    Deno.symlinkSync("/etc/hostname", `${home}/link`);
    await using _peer = await startHost(home, { offline: true });
    assertEquals(openToOthers(folder.path).filter((path) => !path.includes("/link ")), []);
    assertEquals((Deno.statSync(home).mode ?? 0) & 0o777, 0o700);
  },
});
