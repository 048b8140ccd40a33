import { type AskUdp, type Mapped, type Mapping, MappingRefused, type MappingRequest } from "./mapping.ts";

/** RFC 6886 and RFC 6887: where a router listens. */
export const PCP_PORT = 5351;

const PCP_VERSION = 2;
const NAT_PMP_VERSION = 0;
const IS_RESPONSE = 0x80;
/** PCP: opcode, and the number of TCP. */
const MAP = 1;
const TCP = 6;
/** NAT-PMP: opcodes. */
const OUTSIDE_ADDRESS = 0;
const MAP_TCP = 2;
const PCP_BYTES = 60;
/** NAT-PMP: bytes of an answer about the outside address, and about a mapping. */
const ADDRESS_BYTES = 12;
const MAPPED_BYTES = 16;
/** An IPv4 address in the form of an IPv6 one: RFC 4291, 2.5.5.2. */
const IPV4_PREFIX = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);

/** RFC 6887, 7.4; RFC 6886, 3.5. */
const PCP_REFUSALS = [
  "",
  "it speaks another version",
  "it is not allowed to",
  "it found the request malformed",
  "it does not know how to",
  "it does not know an option",
  "it found an option malformed",
  "it has a network failure",
  "it has no room",
  "it knows no such protocol",
  "too many ports are mapped",
  "the outside port is taken",
  "it is behind another router with another address",
  "too many peers",
];
const NAT_PMP_REFUSALS = [
  "",
  "it speaks another version",
  "it is not allowed to",
  "it has a network failure",
  "it has no room",
  "it does not know how to",
];

/**
 * Asks a router for a mapping by PCP (RFC 6887), or where it knows only that by NAT-PMP (RFC 6886).
 *
 * @returns null where nobody answers.
 * @throws {MappingRefused} where it does not want to, or what it says makes no sense.
 */
export async function mapByPcp(
  router: string,
  request: MappingRequest,
  ask: AskUdp,
  signal: AbortSignal,
): Promise<Mapping | null> {
  const map = (lifetimeS: number, outsidePort: number, signal: AbortSignal) => {
    const take = (answer: Uint8Array) => {
      return answer[0] === NAT_PMP_VERSION ? "older" as const : decodePcpMapped(answer, request);
    };
    return ask(router, PCP_PORT, encodePcpMap(request, lifetimeS, outsidePort), take, signal);
  };
  const mapped = await map(request.lifetimeS, request.outsidePort, signal);
  if (mapped === null) return null;
  if (mapped === "older") return await mapByNatPmp(router, request, ask, signal);
  return { by: "PCP", ...mapped, remove: async (signal) => void await map(0, 0, signal) };
}

async function mapByNatPmp(
  router: string,
  request: MappingRequest,
  ask: AskUdp,
  signal: AbortSignal,
): Promise<Mapping | null> {
  const question = Uint8Array.of(NAT_PMP_VERSION, OUTSIDE_ADDRESS);
  const host = await ask(router, PCP_PORT, question, decodeNatPmpAddress, signal);
  if (host === null) return null;
  const map = (lifetimeS: number, outsidePort: number, signal: AbortSignal) => {
    const bytes = encodeNatPmpMap(request.port, lifetimeS, outsidePort);
    return ask(router, PCP_PORT, bytes, (answer) => decodeNatPmpMapped(answer, request.port), signal);
  };
  const mapped = await map(request.lifetimeS, request.outsidePort, signal);
  if (mapped === null) return null;
  return { by: "NAT-PMP", host, ...mapped, remove: async (signal) => void await map(0, 0, signal) };
}

/** A request of PCP to map a TCP port; a lifetime of 0 removes the mapping. RFC 6887, 7.1 and 11.1. */
export function encodePcpMap(request: MappingRequest, lifetimeS: number, outsidePort: number): Uint8Array {
  const bytes = new Uint8Array(PCP_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set([PCP_VERSION, MAP]);
  view.setUint32(4, lifetimeS);
  bytes.set(IPV4_PREFIX, 8);
  bytes.set(request.localAddress.split(".").map(Number), 20);
  bytes.set(request.nonce, 24);
  bytes[36] = TCP;
  view.setUint16(40, request.port);
  view.setUint16(42, outsidePort);
  // Which outside address is the router's choice.
  bytes.set(IPV4_PREFIX, 44);
  return bytes;
}

/**
 * The answer to that.
 *
 * @returns null for what is no answer to it.
 * @throws {MappingRefused} where it says no.
 */
export function decodePcpMapped(answer: Uint8Array, request: MappingRequest): Mapped | null {
  if (answer[0] !== PCP_VERSION || answer[1] !== (MAP | IS_RESPONSE)) return null;
  const result = answer[3] as number;
  if (answer.length >= 4 && result !== 0) throw new MappingRefused(PCP_REFUSALS[result] || `it says ${result}`);
  if (answer.length < PCP_BYTES) return null;
  const view = viewOf(answer);
  const isOurs = answer[36] === TCP && view.getUint16(40) === request.port &&
    request.nonce.every((byte, i) => answer[24 + i] === byte);
  if (!isOurs || !IPV4_PREFIX.every((byte, i) => answer[44 + i] === byte)) return null;
  return { host: answer.subarray(56, 60).join("."), port: view.getUint16(42), lifetimeS: view.getUint32(4) };
}

/** A request of NAT-PMP to map a TCP port; a lifetime and an outside port of 0 remove the mapping. RFC 6886, 3.3. */
export function encodeNatPmpMap(port: number, lifetimeS: number, outsidePort: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  bytes.set([NAT_PMP_VERSION, MAP_TCP]);
  view.setUint16(4, port);
  view.setUint16(6, outsidePort);
  view.setUint32(8, lifetimeS);
  return bytes;
}

/** The answer to that, as `decodePcpMapped`. */
export function decodeNatPmpMapped(answer: Uint8Array, port: number): Omit<Mapped, "host"> | null {
  checkNatPmp(answer, MAP_TCP);
  if (answer.length < MAPPED_BYTES || answer[1] !== (MAP_TCP | IS_RESPONSE)) return null;
  const view = viewOf(answer);
  if (view.getUint16(8) !== port) return null;
  return { port: view.getUint16(10), lifetimeS: view.getUint32(12) };
}

function decodeNatPmpAddress(answer: Uint8Array): string | null {
  checkNatPmp(answer, OUTSIDE_ADDRESS);
  if (answer.length < ADDRESS_BYTES || answer[1] !== (OUTSIDE_ADDRESS | IS_RESPONSE)) return null;
  return answer.subarray(8, 12).join(".");
}

/** @throws {MappingRefused} where it says no to a request of this opcode. */
function checkNatPmp(answer: Uint8Array, opcode: number): void {
  if (answer[0] !== NAT_PMP_VERSION || answer[1] !== (opcode | IS_RESPONSE) || answer.length < 4) return;
  const result = viewOf(answer).getUint16(2);
  if (result !== 0) throw new MappingRefused(NAT_PMP_REFUSALS[result] ?? `it says ${result}`);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
