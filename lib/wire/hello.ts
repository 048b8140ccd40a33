import { concat, equal, utf8Encode } from "../base/bytes.ts";

/** The version of everything behind the first four bytes. */
export const WIRE_VERSION = 1;

/** Size of the hello. */
export const HELLO_BYTES = 4;

const MAGIC = utf8Encode("kth");

/**
 * What each side sends in clear before the handshake: three magic bytes and its wire version. Both hellos are in the
 * prologue of the handshake, so that nobody in between can change them (lib/wire/PROTOCOL.md, "Hello").
 *
 * @param version Range: 0 to 255. Default: `WIRE_VERSION`.
 */
export function encodeHello(version: number = WIRE_VERSION): Uint8Array {
  return concat([MAGIC, Uint8Array.of(version)]);
}

/** The wire version in a hello of `HELLO_BYTES` bytes; null where the other side is not kith. */
export function decodeHello(bytes: Uint8Array): number | null {
  if (bytes.length !== HELLO_BYTES || !equal(bytes.subarray(0, MAGIC.length), MAGIC)) return null;
  return bytes[MAGIC.length] as number;
}
