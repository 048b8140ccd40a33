import { assertEquals } from "@std/assert";
import { kithCommand } from "../../scripts/kith_process.ts";
import { Home, Machine } from "./kith.ts";
import { assertRefused, statusAt } from "./refusal.ts";

/** A running peer with one value; afterwards it must have that one and nothing else, and still take another. */
async function withPeer(test: (home: Home) => Promise<void>): Promise<void> {
  await using machine = new Machine();
  const home = machine.home("home");
  await home.up();
  await home.ok("set", "kept", "value");
  const { digest } = await statusAt(home);
  await test(home);
  assertEquals((await statusAt(home)).digest, digest, "nothing was changed");
  assertEquals(await home.ok("get", "kept"), "value");
  await home.ok("set", "next", "1");
  assertEquals(await home.ok("ls"), "kept\nnext\n");
}

Deno.test("a key over its limit is refused, and the longest is not", async (test) => {
  await withPeer(async (home) => {
    await assertRefused(test, home, ["set", "k".repeat(513), "v"], {
      row: "oversized key",
      error: "key_too_long",
      says: /The key 'k+…' has 513 bytes; at most 512 are allowed\./,
    });
    await assertRefused(test, home, ["set", "ü".repeat(257), "v"], {
      row: "oversized key (in bytes, not letters)",
      error: "key_too_long",
      says: /has 514 bytes/,
    });
    await home.ok("set", "ü".repeat(256), "v");
    await home.ok("del", "ü".repeat(256));
  });
});

Deno.test("a value over its limit is refused, and the largest is not", async (test) => {
  await withPeer(async (home) => {
    const tooLarge = { stdin: new Uint8Array(256 * 1024 + 1).fill(0x61) };
    await assertRefused(test, home, ["set", "large", "-"], {
      row: "oversized value",
      error: "value_too_large",
      says: /The value of 'large' has more than 262144 bytes; at most 262144 are allowed\./,
      shown: "kith set large - (262,145 bytes)",
    }, tooLarge);
    const largest = { stdin: new Uint8Array(256 * 1024).fill(0x61) };
    assertEquals((await home.run(["set", "large", "-"], largest)).code, 0);
    assertEquals((await home.run(["get", "large"])).bytes, largest.stdin);
    await home.ok("del", "large");
  });
});

Deno.test("text that is not UTF-8 is refused wherever it is given", async (test) => {
  await withPeer(async (home) => {
    const bytes = Uint8Array.of(0x61, 0xff, 0x62);
    await assertRefused(test, home, ["set", "k", "-"], {
      row: "invalid UTF-8 (value from stdin)",
      error: "invalid_utf8",
      says: /The value is not valid UTF-8/,
      shown: "kith set k - (the bytes 61 ff 62)",
    }, { stdin: bytes });
    await assertRefused(test, home, ["set", "k", "-", "--type", "json"], {
      row: "invalid UTF-8 (JSON value)",
      error: "invalid_utf8",
      says: /The value is not valid UTF-8/,
      shown: "kith set k - --type json (the bytes 22 ff 22)",
    }, { stdin: Uint8Array.of(0x22, 0xff, 0x22) });
    // What the runtime makes of an argument that is not UTF-8.
    await assertRefused(test, home, ["set", "k\ufffd", "v"], {
      row: "invalid UTF-8 (key)",
      error: "invalid_utf8",
      says: /The argument 'k\ufffd' is not valid UTF-8/,
      shown: "kith set $'k\\xff' v",
    });
    await assertRefused(test, home, ["set", "k", "v\ufffd"], {
      row: "invalid UTF-8 (value as an argument)",
      error: "invalid_utf8",
      says: /The argument 'v\ufffd' is not valid UTF-8/,
      shown: "kith set k $'v\\xff'",
    });
  });
});

Deno.test("bytes on the command line that are not UTF-8 do not become another key", {
  ignore: Deno.build.os === "windows",
}, async () => {
  await withPeer(async (home) => {
    const shell = new Machine(["sh", "-c", 'exec "$@" "$(printf \'k\\377\')" v', "sh"]);
    try {
      const { code, err } = await new Home(shell, home.path).run(["set"]);
      // The runtime of an executable gives up on such an argument by itself, before there is a kith to say so.
      if (err.includes("panicked")) assertEquals([code, kithCommand().length], [101, 1]);
      else assertEquals([code, err.includes("The argument 'k\ufffd' is not valid UTF-8")], [2, true], err);
    } finally {
      await shell[Symbol.asyncDispose]();
    }
  });
});

Deno.test("a number that JSON would change is refused, and one that is only spelled otherwise is not", async (test) => {
  await withPeer(async (home) => {
    for (
      const [json, says] of [
        ["[12345678901234567890]", /12345678901234567890 would become 12345678901234567000 in JSON/],
        ['{"a":1e400}', /1e400 would become null in JSON/],
        ["0.1234567890123456789", /0\.1234567890123456789 would become 0\.12345678901234568 in JSON/],
        ["-0", /-0 would become 0 in JSON/],
      ] as const
    ) {
      await assertRefused(test, home, ["set", "n", json, "--type", "json"], {
        row: "number JSON would change",
        error: "number_changes",
        says,
      });
    }
    await home.ok("set", "n", "[1.0, 1e3, 12.50e-1]", "--type", "json");
    assertEquals(await home.ok("get", "n"), "[1,1000,1.25]");
    await home.ok("del", "n");
  });
});
