import { concat, utf8Encode } from "../../../lib/base/bytes.ts";
import { type Bencoded, decodeBencoded } from "../../../lib/host/bencode.ts";
import { cleanedAnswer, compactAddress, isDhtNode } from "../../../lib/host/dht_packet.ts";
import { bencoded } from "../../host/bencoded.ts";
import { holds, type Target } from "../target.ts";

const ID = new Uint8Array(20).fill(1);
const T = Uint8Array.of(0, 1);
const PEER = Uint8Array.of(8, 8, 8, 8, 0x1a, 0xe1);
const NODES = concat([ID, PEER, ID, Uint8Array.of(10, 0, 0, 1, 0x1a, 0xe1)]);
const SEEDS: readonly unknown[] = [
  { t: T, y: "r", r: { id: ID, token: "t", nodes: NODES } },
  { t: T, y: "r", r: { id: ID, token: "t", values: [PEER] } },
  { t: T, y: "e", e: [203, "no"] },
  { t: T, y: "q", q: "ping", a: { id: ID } },
];

function fieldOf(value: Bencoded | null | undefined, name: string): Bencoded | undefined {
  return value instanceof Map ? value.get(name) : undefined;
}

function sizeOf(value: Bencoded | undefined): number {
  return value instanceof Uint8Array ? value.length : 0;
}

/** What comes from nodes of the DHT, who may be anybody. */
export const TARGETS: readonly Target[] = [{
  name: "dht_packet",
  seeds: SEEDS.map(bencoded),
  dictionary: ["1:t2:", "1:y1:r", "1:rd", "2:id20:", "5:nodes", "5:token", "6:valuesl6:", "e", "d", "l", "i1e"].map(
    utf8Encode,
  ),
  maxBytes: 1500,
  run(input) {
    const cleaned = cleanedAnswer(input, false);
    if (!("answer" in cleaned)) return cleaned.reason;
    const answer = decodeBencoded(cleaned.answer);
    holds(answer !== null, "what was cleaned is malformed");
    holds(sizeOf(fieldOf(answer, "t")) === 2, "a transaction id that the library does not expect");
    const r = fieldOf(answer, "r");
    if (r === undefined) return null;
    holds(sizeOf(fieldOf(r, "id")) === 20, "an id of another length");
    const nodes = fieldOf(r, "nodes") ?? new Uint8Array();
    holds(nodes instanceof Uint8Array && nodes.length % 26 === 0, "a part of a node");
    for (let at = 20; at < nodes.length; at += 26) {
      const [host = "", port = ""] = compactAddress(nodes.subarray(at, at + 6)).split(":");
      holds(isDhtNode(host, Number(port), false), `${host}:${port} would be written to`);
    }
    const values = (fieldOf(r, "values") ?? []) as readonly Uint8Array[];
    holds(values.every((value) => sizeOf(value) === 6), "an address of another length");
    return values.map(compactAddress);
  },
}];
