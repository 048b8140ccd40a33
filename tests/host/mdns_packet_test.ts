import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import packet from "dns-packet";
import { fromHex, toHex, utf8Encode } from "../../lib/base/bytes.ts";
import { MAX_LAN_ADDRESSES, MAX_LAN_PACKET_BYTES } from "../../lib/base/limits.ts";
import { decodeLanPacket, encodeLanMessage, isAboutKith } from "../../lib/host/mdns_packet.ts";
import type { LanMessage, LanRecord } from "../../lib/mesh/lan_message.ts";

const INSTANCE = "a4dqobyha4dqocrakzp7g4zskwuxqvym";
const TICKET = "2cummuwyjtcbzetxrx5jxqh6";
const RECORD: LanRecord = {
  instance: INSTANCE,
  peerTag: "243diygfl7m4ubjb",
  day: 20_000,
  port: 5484,
  addresses: ["10.0.0.1", "fe80::1"],
};

/** A name as it stands in a packet, in hexadecimal. */
function name(...labels: readonly string[]): string {
  return [...labels, ""].map((label) => toHex(Uint8Array.of(label.length)) + toHex(utf8Encode(label))).join("");
}

const SERVICE = name("_kith", "_tcp", "local");
const OF_INSTANCE = name(INSTANCE, "_kith", "_tcp", "local");
const HOST = name(INSTANCE, "local");
/** The size of data before it. */
const sized = (hex: string) => (hex.length / 2).toString(16).padStart(4, "0") + hex;
const texts = ["txtvers=1", "d=20000", "p=243diygfl7m4ubjb"]
  .map((text) => toHex(Uint8Array.of(text.length)) + toHex(utf8Encode(text))).join("");

Deno.test("the bytes of a question", () => {
  const ask: LanMessage = { type: "ask", everybody: true, tickets: [TICKET], known: [INSTANCE] };
  assertEquals(
    toHex(encodeLanMessage(ask)),
    "000000000002000100000000" + SERVICE + "000c0001" +
      name(`_${TICKET}`, "_sub", "_kith", "_tcp", "local") + "000c0001" +
      SERVICE + "000c000100001194" + sized(OF_INSTANCE),
  );
});

Deno.test("the bytes of an answer", () => {
  const tell: LanMessage = { type: "tell", record: RECORD, ticket: null, stays: true };
  assertEquals(
    toHex(encodeLanMessage(tell)),
    "000084000000000100000004" +
      SERVICE + "000c000100001194" + sized(OF_INSTANCE) +
      OF_INSTANCE + "0021800100000078" + sized("00000000156c" + HOST) +
      OF_INSTANCE + "0010800100001194" + sized(texts) +
      HOST + "0001800100000078" + sized("0a000001") +
      HOST + "001c800100000078" + sized("fe80" + "00".repeat(13) + "01"),
  );
});

const letters = (count: number) =>
  fc.string({ unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz234567"), minLength: count, maxLength: count });
const records: fc.Arbitrary<LanRecord> = fc.record({
  instance: letters(32),
  peerTag: letters(16),
  day: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  port: fc.nat(65_535),
  addresses: fc.array(fc.ipV4(), { minLength: 1, maxLength: MAX_LAN_ADDRESSES }),
});
const messages: fc.Arbitrary<LanMessage> = fc.oneof(
  fc.record({
    type: fc.constant("ask" as const),
    everybody: fc.constant(true),
    tickets: fc.array(letters(24), { maxLength: 10 }),
    known: fc.array(letters(32), { maxLength: 9 }),
  }),
  fc.record({
    type: fc.constant("tell" as const),
    record: records,
    ticket: fc.option(letters(24)),
    stays: fc.boolean(),
  }),
);

Deno.test("what is sent is read as it was meant, is about kith, and fits a packet", () => {
  fc.assert(fc.property(messages, (message) => {
    const bytes = encodeLanMessage(message);
    assert(isAboutKith(bytes) && bytes.length <= MAX_LAN_PACKET_BYTES, `${bytes.length} bytes`);
    assertEquals(decodeLanPacket(bytes), [message]);
  }));
});

Deno.test("another responder may abbreviate names, write them large and put them in another order", () => {
  const bytes = fromHex(
    "000084000000000400000000" +
      // 12: the address first, whose name is that of the host.
      name(INSTANCE.toUpperCase(), "LOCAL") + "0001000100000078" + sized("0a000001") +
      name("_kith", "_tcp", "local") + "000c000100001194" + sized("20" + toHex(utf8Encode(INSTANCE)) + "c042") +
      OF_INSTANCE + "0021000100000078" + sized("00000000156cc00c") +
      OF_INSTANCE + "0010000100001194" + sized(texts),
  );
  const record = { ...RECORD, addresses: ["10.0.0.1"] };
  assertEquals(decodeLanPacket(bytes), [{ type: "tell", record, ticket: null, stays: true }]);
});

Deno.test("what is not whole, or not kith's, says nothing", () => {
  const encode = (changed: object) => {
    const tell = packet.decode(packet.encode(packet.decode(encodeLanMessage({
      ...{ type: "tell", record: RECORD, ticket: null, stays: true },
    }))));
    return packet.encode({ ...tell, ...changed });
  };
  const whole = packet.decode(encode({}));
  assertEquals(decodeLanPacket(encode({}))?.length, 1);
  for (const missing of ["SRV", "TXT", "A"]) {
    const additionals = whole.additionals.filter(({ type }: { type: string }) => type !== missing && type !== "AAAA");
    assertEquals(decodeLanPacket(encode({ additionals })), [], `without ${missing}`);
  }
  const ptr = whole.answers[0];
  for (const change of [{ name: "_http._tcp.local" }, { data: "x._kith._tcp.local" }, { data: "_kith._tcp.local" }]) {
    assertEquals(decodeLanPacket(encode({ answers: [{ ...ptr, ...change }] })), [], JSON.stringify(change));
  }
  const text = (...data: string[]) => [{ ...whole.additionals[1], data }, ...whole.additionals.filter(noText)];
  for (const [day, peer] of [["", "p=243diygfl7m4ubjb"], ["d=4294967296", "p=243diygfl7m4ubjb"], ["d=1", "p=x"]]) {
    assertEquals(decodeLanPacket(encode({ additionals: text(day as string, peer as string) })), []);
  }
  assertEquals(decodeLanPacket(encode({ opcode: "UPDATE", flags: 0x2800 })), []);
});

function noText({ type }: { type: string }): boolean {
  return type !== "TXT";
}

Deno.test("what is no packet is refused, and what is about something else is not about kith", () => {
  const bytes = encodeLanMessage({ type: "tell", record: RECORD, ticket: null, stays: true });
  for (const size of [0, 5, 11, 40, 100, 300]) assertEquals(decodeLanPacket(bytes.subarray(0, size)), null);
  assert(!isAboutKith(packet.encode({ type: "query", questions: [{ type: "PTR", name: "_http._tcp.local" }] })));
  assert(!isAboutKith(new Uint8Array()));
});
