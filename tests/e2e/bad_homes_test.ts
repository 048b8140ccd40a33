import { DatabaseSync } from "node:sqlite";
import { assertEquals } from "@std/assert";
import { homePaths } from "../../lib/host/home.ts";
import { type Home, Machine } from "./kith.ts";
import { assertRefused, statusAt } from "./refusal.ts";

/** A home with one value, whose peer was stopped; afterwards a peer runs in it and has that value. */
async function withHome(test: (home: Home) => Promise<void>): Promise<void> {
  await using machine = new Machine();
  const home = machine.home("home");
  const peer = await home.up();
  await home.ok("set", "kept", "value");
  const { digest } = await statusAt(home);
  assertEquals(await peer.stop(), 0);
  await test(home);
  await home.up();
  assertEquals(await home.ok("get", "kept"), "value");
  assertEquals((await statusAt(home)).digest, digest);
}

const UP = ["up", "--listen", "127.0.0.1:0"];

Deno.test("a port in use is refused where it was asked for", async (test) => {
  await withHome(async (home) => {
    const busy = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try {
      await assertRefused(test, home, ["up", "--listen", `127.0.0.1:${busy.addr.port}`], {
        row: "port in use",
        error: "port_in_use",
        says: /127\.0\.0\.1:\d+ is in use by another program; name another address with --listen\./,
      });
    } finally {
      busy.close();
    }
  });
});

Deno.test("a home that a running peer owns is refused, and that peer goes on", async (test) => {
  await withHome(async (home) => {
    const owner = await home.up();
    const { pid } = await assertRefused(test, home, UP, {
      row: "home already owned",
      error: "home_owned",
      says: /Another kith \(process \d+\) uses .*home; stop it with 'kith down', or name another home with --home\./,
    });
    assertEquals(pid, String(owner.process.pid));
    assertEquals(await home.ok("get", "kept"), "value");
    assertEquals(await owner.stop(), 0);
  });
});

Deno.test("a store of a newer version is refused, and left as it is", async (test) => {
  await withHome(async (home) => {
    const { store } = homePaths(home.path);
    const known = setVersion(store, 99);
    const before = await Deno.readFile(store);
    for (const words of [UP, ["get", "kept"]]) {
      await assertRefused(test, home, words, {
        row: "store of a newer version",
        error: "store_too_new",
        says: new RegExp(`is of a newer kith \\(data version 99, this one knows ${known}\\); update this kith\\.`),
      });
    }
    assertEquals(await Deno.readFile(store), before);
    setVersion(store, known);
  });
});

Deno.test("a file in the place of the store that is none is refused, and left as it is", async (test) => {
  await withHome(async (home) => {
    const { store } = homePaths(home.path);
    await Deno.rename(store, `${store}.aside`);
    await Deno.writeTextFile(store, "not a database".repeat(1000));
    await assertRefused(test, home, UP, {
      row: "store that is none",
      error: "store_not_kith",
      says: /store\.sqlite is not a kith store \(.+\); choose another --home\./,
    });
    assertEquals(await Deno.readTextFile(store), "not a database".repeat(1000));
    await Deno.rename(`${store}.aside`, store);
  });
});

Deno.test("a damaged or missing key is refused, and never replaced by another", async (test) => {
  await withHome(async (home) => {
    const { identity } = homePaths(home.path);
    const key = await Deno.readFile(identity);
    const flipped = key.slice();
    flipped[40] = (flipped[40] as number) ^ 1;
    for (
      const [row, bytes, detail] of [
        ["damaged key file (one bit)", flipped, "its checksum does not match"],
        ["damaged key file (cut off)", key.subarray(0, 50), "its checksum does not match"],
        ["damaged key file (empty)", new Uint8Array(), "it is no identity file"],
      ] as const
    ) {
      await Deno.writeFile(identity, bytes);
      await assertRefused(test, home, UP, {
        row,
        error: "key_damaged",
        says: new RegExp(
          `identity\\.key is damaged \\(${detail}\\); put a copy of that file back, or begin a new home`,
        ),
      });
      assertEquals(await Deno.readFile(identity), bytes);
    }
    await Deno.remove(identity);
    await assertRefused(test, home, UP, {
      row: "missing key file",
      error: "key_missing",
      says: /has data but no identity \(.*identity\.key\); put a copy of that file back/,
    });
    await Deno.writeFile(identity, key);
  });
});

/** Sets the data version of a store. @returns the one before. */
function setVersion(path: string, version: number): number {
  using database = new DatabaseSync(path);
  const before = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
  database.exec(`PRAGMA user_version = ${version}; PRAGMA wal_checkpoint(TRUNCATE)`);
  return before;
}
