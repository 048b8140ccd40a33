import { assert, assertEquals, assertMatch } from "@std/assert";
import { Home, Machine, TIMEOUT, until } from "./kith.ts";
import { assertRefused } from "./refusal.ts";
import { NO_SMALL_DISK, SmallDisk } from "./small_disk.ts";

const NAME = NO_SMALL_DISK;
const ignore = NO_SMALL_DISK !== "";
const LARGE = { stdin: new Uint8Array(200_000).fill(0x61) };

Deno.test({
  name: `a disk that is read-only is refused, and nothing on it is lost${NAME}`,
  ignore,
  fn: async (test) => {
    await using disk = await SmallDisk.mount("4m");
    await using machine = new Machine(disk.wrapper);
    const home = new Home(machine, `${disk.folder}/home`);
    const peer = await home.up();
    await home.ok("set", "kept", "value");
    assertEquals(await peer.stop(), 0);
    await disk.remount("ro");
    const says = /The home .*home can't be written to \(Read-only file system .*\); name another with --home\./;
    for (const words of [["up", "--listen", "127.0.0.1:0"], ["set", "k", "v"]]) {
      await assertRefused(test, home, words, { row: "read-only disk", error: "home_read_only", says });
    }
    await assertRefused(test, new Home(machine, `${disk.folder}/new`), ["up", "--listen", "127.0.0.1:0"], {
      row: "read-only disk (no home yet)",
      error: "home_read_only",
      says: /The home .*new can't be written to/,
    });
    await disk.remount("rw");
    await home.up();
    assertEquals(await home.ok("get", "kept"), "value");
  },
});

Deno.test({
  name: `on a full disk a write is refused, what was acknowledged stays, and the peer goes on${NAME}`,
  ignore,
  fn: async (test) => {
    await using disk = await SmallDisk.mount("1m");
    await using machine = new Machine(disk.wrapper);
    const home = new Home(machine, `${disk.folder}/home`);
    const peer = await home.up();
    const acknowledged: string[] = [];
    const write = async (key: string) => (await home.run(["set", key, "-"], LARGE)).code;
    for (let i = 0; await write(`large/${i}`) === 0; i++) {
      acknowledged.push(`large/${i}`);
      assert(i < 10, "the disk is full before long");
    }
    const { digest } = await home.object("status");
    await assertRefused(test, home, ["set", "more", "-"], {
      row: "full disk",
      error: "store_full",
      says: /The disk is full: .*store\.sqlite could not be written; free some space and try again\./,
      shown: "kith set more - (200,000 bytes)",
    }, LARGE);
    await assertRefused(test, home, ["import"], {
      row: "full disk (import)",
      error: "import_stopped",
      says: /The import stopped at line 1: The disk is full: .*; free some space and try again; 0 lines before it were/,
      shown: "kith import (300,000 bytes)",
    }, { stdin: JSON.stringify({ key: "imported", base64: new Uint8Array(200_000).toBase64() }) + "\n" });
    const status = await home.object("status");
    assertEquals([status.digest, status.entries], [digest, acknowledged.length]);
    assert(status.events["turn_failed:store_full"] >= 4, JSON.stringify(status.events));
    await disk.remount("size=4m");
    assertEquals(await write("more"), 0, "with some space it goes on as it is");
    assertEquals(await peer.stop(), 0);
    await home.up();
    assertEquals(await home.ok("ls"), [...acknowledged, "more"].sort().map((key) => `${key}\n`).join(""));
    for (const key of acknowledged) assertEquals((await home.run(["get", key])).bytes, LARGE.stdin);
  },
});

Deno.test({
  name: `what does not fit on a full disk is received once there is room${NAME}`,
  ignore,
  fn: async () => {
    await using disk = await SmallDisk.mount("1m");
    await using full = new Machine(disk.wrapper);
    await using machine = new Machine();
    const a = machine.home("a");
    const b = new Home(full, `${disk.folder}/home`);
    const peerA = await a.up();
    const { words } = await a.object("invite");
    const peerB = await b.up(["join", "--at", peerA.address], { env: { KITH_TICKET: words } });
    for (let i = 0; i < 10; i++) assertEquals((await a.run(["set", `large/${i}`, "-"], LARGE)).code, 0);
    await until("the disk is full", async () => {
      return (await b.object("status")).events["turn_failed:store_full"] > 0 ? true : null;
    });
    const held = (await b.objects("ls")).length;
    assert(held < 10, `${held} of 10 fit`);
    assertEquals((await a.object("status")).entries, 10);
    await disk.remount("size=16m");
    await b.ok("wait", "--synced", "--timeout", TIMEOUT);
    assertEquals((await b.object("status")).digest, (await a.object("status")).digest);
    assertEquals([await peerB.stop(), await peerA.stop()], [0, 0]);
    const said = await peerB.err;
    assertMatch(
      said,
      /^kith: The disk is full: .*store\.sqlite could not be written; free some space and try again\.$/m,
    );
    assertEquals(said.split("The disk is full").length, 2, "it is told once, not at every try");
  },
});

Deno.test({
  name: `on a full disk an older store is not migrated, and nothing of it is lost${NAME}`,
  ignore,
  fn: async (test) => {
    await using disk = await SmallDisk.mount("160k");
    await using machine = new Machine(disk.wrapper);
    const home = new Home(machine, `${disk.folder}/home`);
    const fixture = new URL("../fixtures/0.1.0", import.meta.url).pathname;
    const [command = "", ...args] = [...disk.wrapper, "cp", "-r", fixture, home.path];
    assertEquals((await new Deno.Command(command, { args }).output()).success, true);
    await assertRefused(test, home, ["get", "plain"], {
      row: "full disk (older store)",
      error: "store_full",
      says: /The disk is full: .*store\.sqlite\.v1 could not be written; free some space and try again\./,
    });
    await disk.remount("size=4m");
    assertEquals(await home.ok("get", "plain"), "text of 0.1.0");
  },
});
