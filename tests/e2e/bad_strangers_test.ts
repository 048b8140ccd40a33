import { assertEquals } from "@std/assert";
import { concat, utf8Encode } from "../../lib/base/bytes.ts";
import { MAX_STRANGER_FRAME_BYTES } from "../../lib/base/limits.ts";
import { Writer } from "../../lib/base/writer.ts";
import { Identity } from "../../lib/crypto/identity.ts";
import { encodeHello } from "../../lib/wire/hello.ts";
import { encodeMessage, MESSAGE_KINDS } from "../../lib/wire/message.ts";
import { Machine } from "./kith.ts";
import { dial, framed, random, RawLink, readAll, writeAll } from "./raw_link.ts";
import { type Attack, Target } from "./target.ts";

async function withTarget(test: (target: Target) => Promise<void>): Promise<void> {
  await using machine = new Machine();
  const target = await Target.start(machine.home("home"));
  await test(target);
  await target.home.ok("set", "next", "1");
  assertEquals(await target.home.ok("ls"), "kept\nnext\n");
  assertEquals(await target.peer.stop(), 0);
}

/** Sends bytes to the port, and reads until the peer closes. @returns what it said. */
async function say(address: string, bytes: Uint8Array): Promise<Uint8Array> {
  using conn = await dial(address);
  await writeAll(conn, bytes);
  return await readAll(conn);
}

/** Connects, sends bytes, and goes away. */
async function sayAndGo(address: string, bytes: Uint8Array): Promise<void> {
  using conn = await dial(address);
  await writeAll(conn, bytes);
}

Deno.test("who is no kith on the peer port is turned away, and told nothing but that this is kith", async (test) => {
  await withTarget(async (target) => {
    const http = { row: "HTTP client", did: "GET /v1/status HTTP/1.1", reason: "not_kith", detail: /^$/ } as const;
    await target.closes(test, http, async () => {
      // Not fetch, which may reset the connection before its request was read.
      const request = utf8Encode("GET /v1/status HTTP/1.1\r\nHost: peer\r\n\r\n");
      assertEquals(await say(target.address, request), encodeHello());
    });
    const garbage = { row: "garbage", did: "64 KiB of random bytes", reason: "not_kith", detail: /^$/ } as const;
    await target.closes(test, garbage, async () => {
      assertEquals(await say(target.address, random.bytes(65_536)), encodeHello());
    });
    const scan = { row: "port scanner", did: "connect and close", reason: "truncated", detail: /^$/ } as const;
    await target.closes(test, scan, () => sayAndGo(target.address, new Uint8Array()));

    const dawdle = {
      row: "port scanner",
      did: "connect and stay silent",
      reason: "handshake_timeout",
      detail: /^$/,
    } as const;
    const silent = await dial(target.address);
    const silentSinceMs = performance.now();
    const stranger = await RawLink.open(target.address, Identity.generate(random));
    await target.closes(test, dawdle, async () => {
      assertEquals(await readAll(silent), encodeHello());
      silent.close();
    });
    assertEquals(performance.now() - silentSinceMs > 9_000, true);
    using quiet = stranger;
    assertEquals((await quiet.closed())?.reason, "handshake_timeout", "a stranger that shows nothing");
    await target.assertGoesOn();
  });
});

Deno.test("a peer of another wire version is turned away, and can see which this one speaks", async (test) => {
  await withTarget(async (target) => {
    const newer = {
      row: "another wire version (newer)",
      did: "hello of wire version 2",
      reason: "version_too_new",
    } as const;
    await target.closes(test, { ...newer, detail: /^wire version 2, not 1$/ }, async () => {
      assertEquals(await say(target.address, encodeHello(2)), encodeHello());
    });
    const older = {
      row: "another wire version (older)",
      did: "hello of wire version 0",
      reason: "version_too_old",
    } as const;
    await target.closes(test, { ...older, detail: /^wire version 0, not 1$/ }, async () => {
      assertEquals(await say(target.address, encodeHello(0)), encodeHello());
    });
  });
});

Deno.test("a handshake that goes wrong anywhere ends there", async (test) => {
  await withTarget(async (target) => {
    const cases: [string, string, Attack["reason"], RegExp, Uint8Array][] = [
      [
        "garbage",
        "a handshake message of 9 bytes",
        "bad_handshake",
        /a message of 9 bytes, not 32/,
        framed(new Uint8Array(9)),
      ],
      [
        "oversized",
        "a handshake message of 65,535 bytes",
        "bad_handshake",
        /a message of 65535 bytes/,
        framed(new Uint8Array(65_535)),
      ],
      ["garbage", "an all-zero Diffie-Hellman key", "bad_handshake", /./, framed(new Uint8Array(32))],
      [
        "garbage",
        "a random last handshake message",
        "bad_handshake",
        /./,
        concat([framed(random.bytes(32)), framed(random.bytes(160))]),
      ],
    ];
    for (const [row, did, reason, detail, bytes] of cases) {
      await target.closes(test, { row, did, reason, detail }, async () => {
        await say(target.address, concat([encodeHello(), bytes]));
      });
    }
    const half = {
      row: "truncated",
      did: "half of a handshake message, then close",
      reason: "truncated",
      detail: /^$/,
    } as const;
    await target.closes(
      test,
      half,
      () => sayAndGo(target.address, concat([encodeHello(), framed(random.bytes(32)).subarray(0, 17)])),
    );
  });
});

Deno.test("a stranger is told that it is none of the space's, whatever it says", async (test) => {
  await withTarget(async (target) => {
    const prove = encodeMessage({ type: "prove", mac: random.bytes(32) });
    const knock = encodeMessage({ type: "knock", tag: random.bytes(32) });
    const ids = encodeMessage({ type: "want", ids: [random.bytes(32)] });
    const cases: [string, string, Attack["reason"], RegExp, (link: RawLink) => Uint8Array][] = [
      [
        "stranger",
        "a proof of another space",
        "not_a_member",
        /^no proof of a shared space$/,
        (link) => frame(link, prove),
      ],
      [
        "stranger",
        "a knock with an unknown ticket",
        "refused_ticket",
        /^it is unknown here, used up, expired or closed$/,
        (link) => frame(link, knock),
      ],
      [
        "stranger",
        "asks for a transaction before any proof",
        "bad_state",
        /^want while proving$/,
        (link) => frame(link, ids),
      ],
      [
        "garbage frame",
        "a proof of 5 bytes",
        "malformed",
        /./,
        (link) => frame(link, { kind: MESSAGE_KINDS.prove, body: random.bytes(5) }),
      ],
      [
        "oversized frame",
        "a frame of 80 KiB and a byte",
        "too_large",
        /^a frame of 81921 bytes, allowed are 81920$/,
        (link) => {
          return link.record(
            0,
            new Writer().varint(MESSAGE_KINDS.redeem).varint(MAX_STRANGER_FRAME_BYTES + 1).finish(),
          );
        },
      ],
      [
        "oversized frame",
        "a frame that claims 2^53 − 1 bytes",
        "too_large",
        /^a frame of 9007199254740991 bytes/,
        (link) => {
          return link.record(0, new Writer().varint(MESSAGE_KINDS.redeem).varint(Number.MAX_SAFE_INTEGER).finish());
        },
      ],
      ["bit-flipped frame", "a record with one bit changed", "malformed", /^a record does not decrypt$/, (link) => {
        const bytes = frame(link, prove);
        bytes[20] = (bytes[20] as number) ^ 1;
        return bytes;
      }],
      [
        "truncated frame",
        "a record shorter than its tag",
        "malformed",
        /^a record of 4 bytes$/,
        () => framed(random.bytes(4)),
      ],
      [
        "garbage frame",
        "text behind the handshake",
        "malformed",
        /^a record does not decrypt$/,
        () => framed(utf8Encode("GET / HTTP/1.1\r\n\r\n")),
      ],
    ];
    for (const [row, did, reason, detail, bytes] of cases) {
      await target.closes(test, { row, did, reason, detail }, async () => {
        using link = await RawLink.open(target.address, Identity.generate(random));
        await link.write(bytes(link));
        assertEquals((await link.closed())?.reason, reason, "the stranger is told the same, encrypted");
      });
    }
  });
});

function frame(link: RawLink, { kind, body }: { readonly kind: number; readonly body: Uint8Array }): Uint8Array {
  return link.record(0, concat([new Writer().varint(kind).varint(body.length).finish(), body]));
}
