import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { concat, equal, toHex, utf8Encode } from "../../lib/base/bytes.ts";
import { HANDSHAKE_TIMEOUT_MS, MAX_HANDSHAKE_MS } from "../../lib/base/limits.ts";
import { Identity } from "../../lib/crypto/identity.ts";
import { Handshake } from "../../lib/link/handshake.ts";
import type { Link } from "../../lib/link/link.ts";
import type { LinkEvent } from "../../lib/link/link_types.ts";
import { encodeHello, HELLO_BYTES, WIRE_VERSION } from "../../lib/wire/hello.ts";
import { at, DIALLER, drain, give, LISTENER, prefixed, seeded, settle, side } from "./pair.ts";

function reasonOf(events: readonly LinkEvent[]): string | undefined {
  const last = events.at(-1);
  return last?.type === "closed" ? last.reason : undefined;
}

/** The handshake's bytes: hello and message 1, hello and message 2, message 3. */
function flights(): [Uint8Array, Uint8Array, Uint8Array] {
  const dialler = side("out");
  const listener = side("in");
  const first = drain(dialler);
  give(listener, first);
  const second = drain(listener);
  give(dialler, second);
  return [first, second, drain(dialler)];
}

Deno.test("link: both sides open, know each other and agree on a name of the link", () => {
  const dialler = side("out");
  const listener = side("in");
  assertEquals([dialler.state, dialler.remotePeerId, dialler.handshakeHash], ["hello", null, null]);
  const events = settle(dialler, listener);
  const hash = dialler.handshakeHash as Uint8Array;
  assertEquals(events.dialler, [{ type: "open", peer: LISTENER.peerId, handshakeHash: hash }]);
  assertEquals(events.listener, [{ type: "open", peer: DIALLER.peerId, handshakeHash: hash }]);
  assertEquals([dialler.state, listener.state], ["open", "open"]);
  assertEquals(dialler.remotePeerId, LISTENER.peerId);
  assertEquals(dialler.sentBytes, listener.receivedBytes);
  const other = side("out", { random: seeded("another") });
  settle(other, side("in"));
  assertNotEquals(toHex(other.handshakeHash as Uint8Array), toHex(hash));
});

Deno.test("link: neither identity is readable on the wire", () => {
  const bytes = concat(flights());
  for (const identity of [DIALLER, LISTENER]) {
    for (const key of [identity.peerId, identity.noiseStatic.publicKey]) {
      assert(!toHex(bytes).includes(toHex(key)));
    }
  }
});

Deno.test("link: what is not kith gets the four bytes and nothing else", () => {
  const listener = side("in");
  const events = give(listener, utf8Encode("GET / HTTP/1.1\r\nHost: there\r\n\r\n"));
  assertEquals(events, [{ type: "closed", reason: "not_kith", detail: "", byRemote: false }]);
  assertEquals(listener.state, "closed");
  assertEquals(drain(listener), encodeHello());
  assertEquals(give(listener, encodeHello()), []);
});

Deno.test("link: each byte of the magic counts", () => {
  for (let i = 0; i < 3; i++) {
    const hello = encodeHello();
    hello[i] = (hello[i] as number) ^ 0x20;
    assertEquals(reasonOf(give(side("out"), hello)), "not_kith");
  }
});

Deno.test("link: other wire versions are told apart", () => {
  for (const direction of ["out", "in"] as const) {
    const newer = give(side(direction), encodeHello(WIRE_VERSION + 1));
    assertEquals(newer, [{
      type: "closed",
      reason: "version_too_new",
      detail: `wire version ${WIRE_VERSION + 1}, not ${WIRE_VERSION}`,
      byRemote: false,
    }]);
    assertEquals(reasonOf(give(side(direction), encodeHello(0))), "version_too_old");
  }
});

Deno.test("link: a dialler that reaches itself says so, at both ends", () => {
  const dialler = side("out", { identity: LISTENER });
  const listener = side("in");
  const events = settle(dialler, listener);
  assertEquals(reasonOf(events.dialler), "self");
  assertEquals(reasonOf(events.listener), "self");
  assertEquals(events.dialler.length, 1);
});

Deno.test("link: reflected handshakes are refused", () => {
  const dialler = side("out");
  assertEquals(reasonOf(give(dialler, drain(dialler))), "bad_handshake");
  const listener = side("in");
  give(listener, drain(side("out")));
  const answer = drain(listener);
  assertEquals(reasonOf(give(listener, answer.subarray(HELLO_BYTES))), "bad_handshake");
});

Deno.test("link: replayed handshake messages are refused", () => {
  const [first, second, third] = flights();
  const dialler = side("out", { random: seeded("later") });
  drain(dialler);
  assertEquals(reasonOf(give(dialler, second)), "bad_handshake");
  const listener = side("in", { random: seeded("later") });
  // Message 1 says nothing but a fresh key: whoever replays it cannot go on.
  assertEquals(give(listener, first), []);
  assertEquals(reasonOf(give(listener, third)), "bad_handshake");
  const twice = side("in");
  give(twice, first);
  assertEquals(reasonOf(give(twice, first.subarray(HELLO_BYTES))), "bad_handshake");
});

Deno.test("link: a listener in between cannot pass itself off as the one it talks to", () => {
  // It has its own Noise key and repeats a signature that another identity made over another Noise key.
  const impostor = Identity.generate(seeded("impostor"));
  const liar = Object.create(impostor, {
    peerId: { value: DIALLER.peerId },
    noiseStatic: { value: impostor.noiseStatic },
    sign: { value: () => DIALLER.sign("kith identity 1", DIALLER.noiseStatic.publicKey) },
  }) as Identity;
  const handshake = new Handshake("out", liar, seeded("liar"));
  const listener = side("in");
  give(listener, concat([encodeHello(), prefixed(handshake.begin())]));
  const message = handshake.take(drain(listener).subarray(HELLO_BYTES + 2)) as Uint8Array;
  assertEquals(give(listener, prefixed(message)), [{
    type: "closed",
    reason: "bad_handshake",
    detail: "the identity's signature does not verify",
    byRemote: false,
  }]);
});

Deno.test("link: handshake messages of another size are refused before they are there", () => {
  for (const size of [0, 1, 31, 33, 192, 65535]) {
    const events = give(side("in"), concat([encodeHello(), Uint8Array.of(size >> 8, size & 0xff)]));
    assertEquals(reasonOf(events), "bad_handshake");
  }
});

Deno.test("link: ephemeral keys of small order are refused", () => {
  const listener = side("in");
  assertEquals(reasonOf(give(listener, concat([encodeHello(), prefixed(new Uint8Array(32))]))), "bad_handshake");
});

function assertTimesOut(link: Link): void {
  assertEquals(link.deadline, HANDSHAKE_TIMEOUT_MS);
  assertEquals(link.tick(at(HANDSHAKE_TIMEOUT_MS - 1)), []);
  assertEquals(reasonOf(link.tick(at(HANDSHAKE_TIMEOUT_MS))), "handshake_timeout");
  assertEquals(link.deadline, Infinity);
}

Deno.test("link: a handshake that is not finished and authorized in time is closed", () => {
  const [first] = flights();
  assertTimesOut(side("in"));
  const halfWay = side("in");
  give(halfWay, first);
  assertTimesOut(halfWay);
  const dialler = side("out");
  settle(dialler, side("in"));
  assertTimesOut(dialler);
});

Deno.test("link: each step of a handshake has time anew, and all of them have a bound", () => {
  const STEP_MS = HANDSHAKE_TIMEOUT_MS - 1;
  const [first, , third] = flights();
  const listener = side("in");
  give(listener, first, STEP_MS);
  drain(listener);
  assertEquals(listener.deadline, STEP_MS + HANDSHAKE_TIMEOUT_MS);
  give(listener, third, 2 * STEP_MS);
  assertEquals([listener.state, listener.deadline], ["open", MAX_HANDSHAKE_MS - 2]);
  for (let i = 0; i < 100; i++) listener.progressed(at(2 * STEP_MS + i));
  assertEquals(listener.deadline, MAX_HANDSHAKE_MS);
  assertEquals(listener.tick(at(MAX_HANDSHAKE_MS - 1)), []);
  assertEquals(reasonOf(listener.tick(at(MAX_HANDSHAKE_MS))), "handshake_timeout");
});

Deno.test("link: a close before the link is open says nothing on the wire", () => {
  const dialler = side("out");
  const hello = drain(dialler);
  assert(equal(hello.subarray(0, HELLO_BYTES), encodeHello()));
  dialler.close("goodbye");
  assertEquals([dialler.state, dialler.wantsToSend, dialler.pull(1024, at(0))], ["closed", false, null]);
  assertEquals(dialler.disconnected(at(0)), []);
});
