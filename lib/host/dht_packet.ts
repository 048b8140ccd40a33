import { assert } from "../base/assert.ts";
import { concat, utf8Encode } from "../base/bytes.ts";
import { ipBytes, isPublic } from "../base/ip_address.ts";
import { MAX_DHT_ANSWER_NODES, MAX_DHT_ANSWER_PEERS, MAX_DHT_PACKET_BYTES } from "../base/limits.ts";
import { type Bencoded, decodeBencoded, encodeBencoded } from "./bencode.ts";

const NODE_ID_BYTES = 20;
/** BEP 5: an IPv4 address and a port, behind the id in a node. */
const ADDRESS_BYTES = 6;
const NODE_BYTES = NODE_ID_BYTES + ADDRESS_BYTES;
const TRANSACTION_BYTES = 2;
const MAX_TOKEN_BYTES = 128;
/** Nodes of the DHT are at any port above the system's services. */
const LEAST_PORT = 1024;
/** What an error is passed on as: nobody reads more of it. */
const REFUSED: readonly Bencoded[] = [201, utf8Encode("refused")];

/** What came from a node of the DHT, cleaned, or why it is not read. */
export type CleanedAnswer = { readonly answer: Uint8Array } | { readonly reason: string };

/**
 * An answer of a node of the DHT (BEP 5), with nothing in it but what is read, in the form in which it has to be: what
 * follows takes it apart without looking. Nodes that may not be written to are left out.
 *
 * @param allowsPrivate whether nodes may be on private networks and this machine.
 */
export function cleanedAnswer(bytes: Uint8Array, allowsPrivate: boolean): CleanedAnswer {
  if (bytes.length > MAX_DHT_PACKET_BYTES) return { reason: "it is too large" };
  const message = decodeBencoded(bytes);
  const type = textOf(field(message, "y"));
  // This peer is no node of the DHT for others (BEP 43): it would have to keep and to tell what anybody wants.
  if (type === "q") return { reason: "it asks, and this peer only asks itself" };
  const t = field(message, "t");
  if (!isBytes(t, TRANSACTION_BYTES)) return { reason: "it is malformed" };
  const y = utf8Encode(type);
  if (type === "e") return { answer: encodeBencoded(new Map<string, Bencoded>([["t", t], ["y", y], ["e", REFUSED]])) };
  const answer = field(message, "r");
  const id = field(answer, "id");
  if (type !== "r" || !isBytes(id, NODE_ID_BYTES)) return { reason: "it is malformed" };
  const token = field(answer, "token");
  const nodes = field(answer, "nodes");
  const values = field(answer, "values");
  const peers = Array.isArray(values) ? values.filter((value) => isBytes(value, ADDRESS_BYTES)) : [];
  const r = new Map<string, Bencoded>([["id", id]]);
  if (isBytes(token) && token.length <= MAX_TOKEN_BYTES) r.set("token", token);
  if (isBytes(nodes)) r.set("nodes", nodesOf(nodes, allowsPrivate));
  if (peers.length > 0) r.set("values", peers.slice(0, MAX_DHT_ANSWER_PEERS));
  return { answer: encodeBencoded(new Map<string, Bencoded>([["t", t], ["y", y], ["r", r]])) };
}

/** A question as it is sent, marked as of a peer that answers none (BEP 43). @param bytes made here. */
export function readOnlyQuestion(bytes: Uint8Array): Uint8Array {
  const question = decodeBencoded(bytes);
  assert(question instanceof Map, "a question is a dictionary");
  return encodeBencoded(new Map<string, Bencoded>([...question, ["ro", 1]]));
}

/** The address `host:port` in compact form (BEP 5). */
export function compactAddress(bytes: Uint8Array): string {
  const [a, b, c, d, high = 0, low = 0] = bytes;
  return `${a}.${b}.${c}.${d}:${high * 256 + low}`;
}

/** Whether a node of the DHT may be written to. @param host an IP address. */
export function isDhtNode(host: string, port: number, allowsPrivate: boolean): boolean {
  const ip = ipBytes(host);
  return ip !== null && ip.length === 4 && port >= LEAST_PORT && port <= 65_535 && (allowsPrivate || isPublic(ip));
}

function nodesOf(nodes: Uint8Array, allowsPrivate: boolean): Uint8Array {
  const kept: Uint8Array[] = [];
  for (let at = 0; at + NODE_BYTES <= nodes.length && kept.length < MAX_DHT_ANSWER_NODES; at += NODE_BYTES) {
    const node = nodes.subarray(at, at + NODE_BYTES);
    const [host = "", port = ""] = compactAddress(node.subarray(NODE_ID_BYTES)).split(":");
    if (isDhtNode(host, Number(port), allowsPrivate)) kept.push(node);
  }
  return concat(kept);
}

function field(value: Bencoded | null | undefined, name: string): Bencoded | undefined {
  return value instanceof Map ? value.get(name) : undefined;
}

function isBytes(value: unknown, sizeBytes?: number): value is Uint8Array {
  return value instanceof Uint8Array && (sizeBytes === undefined || value.length === sizeBytes);
}

function textOf(value: Bencoded | undefined): string {
  return isBytes(value) && value.length === 1 ? String.fromCharCode(value[0] as number) : "";
}
