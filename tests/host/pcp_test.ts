import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { fromHex, toHex } from "../../lib/base/bytes.ts";
import { type AskUdp, MappingRefused, type MappingRequest } from "../../lib/host/mapping.ts";
import { decodePcpMapped, encodeNatPmpMap, encodePcpMap, mapByPcp } from "../../lib/host/pcp.ts";

const NONCE = "000102030405060708090a0b";
const REQUEST: MappingRequest = {
  localAddress: "192.168.1.20",
  port: 5484,
  outsidePort: 5485,
  lifetimeS: 7200,
  nonce: fromHex(NONCE),
};

const SIGNAL = new AbortController().signal;

/** A mapping of that port to 198.51.100.7:6000 for an hour, as PCP says it. */
const PCP_MAPPED = `02810000${"00000e10"}00000001${"00".repeat(12)}${NONCE}06000000156c1770${
  "00".repeat(10)
}ffffc6336407`;

/** A router that gives these answers, one to each packet, and keeps what it was sent. */
function routerThatSays(...answers: readonly string[]): { ask: AskUdp; sent: string[] } {
  const sent: string[] = [];
  const ask: AskUdp = (_host, _port, packet, take) => {
    const answer = answers[sent.push(toHex(packet)) - 1];
    // As over a socket, what it throws is a rejection.
    return new Promise((resolve) => resolve(answer === undefined ? null : take(fromHex(answer))));
  };
  return { ask, sent };
}

Deno.test("a request of PCP is encoded as specified", () => {
  assertEquals(
    toHex(encodePcpMap(REQUEST, 7200, 5485)),
    `02010000${"00001c20"}${"00".repeat(10)}ffffc0a80114${NONCE}06000000156c156d${"00".repeat(10)}ffff00000000`,
  );
});

Deno.test("a request of NAT-PMP is encoded as specified", () => {
  assertEquals(toHex(encodeNatPmpMap(5484, 7200, 5485)), "00020000156c156d00001c20");
});

Deno.test("a router of PCP maps, and is asked to end that by the same nonce", async () => {
  const { ask, sent } = routerThatSays(PCP_MAPPED, PCP_MAPPED);
  const mapping = await mapByPcp("192.168.1.1", REQUEST, ask, SIGNAL);
  assertEquals([mapping?.by, mapping?.host, mapping?.port, mapping?.lifetimeS], ["PCP", "198.51.100.7", 6000, 3600]);
  await mapping?.remove(SIGNAL);
  assertEquals(sent[1], toHex(encodePcpMap(REQUEST, 0, 0)));
});

Deno.test("a router that knows only NAT-PMP is asked by that", async () => {
  const address = "0080000000000001c6336407";
  const mapped = "0082000000000001156c177000000e10";
  const { ask, sent } = routerThatSays("0081000100000001", address, mapped, mapped);
  const mapping = await mapByPcp("192.168.1.1", REQUEST, ask, SIGNAL);
  const { by, host, port, lifetimeS } = mapping ?? {};
  assertEquals([by, host, port, lifetimeS], ["NAT-PMP", "198.51.100.7", 6000, 3600]);
  await mapping?.remove(SIGNAL);
  assertEquals(sent.slice(1), ["0000", "00020000156c156d00001c20", "00020000156c000000000000"]);
});

Deno.test("a router that refuses says why, by either protocol", async () => {
  const byPcp = routerThatSays(`02810008${PCP_MAPPED.slice(8)}`);
  await assertRejects(() => mapByPcp("192.168.1.1", REQUEST, byPcp.ask, SIGNAL), MappingRefused, "it has no room");
  const byNatPmp = routerThatSays("0081000100000001", "0080000200000001c6336407");
  await assertRejects(
    () => mapByPcp("192.168.1.1", REQUEST, byNatPmp.ask, SIGNAL),
    MappingRefused,
    "it is not allowed to",
  );
});

Deno.test("nobody who answers is no mapping", async () => {
  assertEquals(await mapByPcp("192.168.1.1", REQUEST, routerThatSays().ask, SIGNAL), null);
});

Deno.test("what is no answer to the request is passed over, and never out of bounds", () => {
  const answer = fromHex(PCP_MAPPED);
  for (const [at, what] of [[0, "version"], [1, "opcode"], [24, "nonce"], [36, "protocol"], [41, "port"]] as const) {
    const other = answer.slice();
    other[at] = (other[at] as number) ^ 1;
    assertEquals(decodePcpMapped(other, REQUEST), null, what);
  }
  for (let length = 0; length < answer.length; length++) {
    assertEquals(decodePcpMapped(answer.subarray(0, length), REQUEST), null, `${length} bytes`);
  }
  const unknown = answer.slice();
  unknown[3] = 200;
  assertThrows(() => decodePcpMapped(unknown, REQUEST), MappingRefused, "it says 200");
});
