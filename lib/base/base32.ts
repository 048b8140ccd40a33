const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** RFC 4648 base32 in lower case, without padding. */
export function toBase32(bytes: Uint8Array): string {
  let out = "";
  let held = 0;
  let heldBits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    heldBits += 8;
    while (heldBits >= 5) {
      heldBits -= 5;
      out += ALPHABET[(held >>> heldBits) & 31];
    }
    held &= (1 << heldBits) - 1;
  }
  if (heldBits > 0) out += ALPHABET[(held << (5 - heldBits)) & 31];
  return out;
}

/**
 * The bytes of an unpadded base32 text, in either case.
 *
 * @throws {RangeError} on another character, an impossible length, or bits set behind the last byte.
 */
export function fromBase32(text: string): Uint8Array {
  const out = new Uint8Array(Math.floor((text.length * 5) / 8));
  let held = 0;
  let heldBits = 0;
  let size = 0;
  for (const character of text.toLowerCase()) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) throw new RangeError(`not a base32 character: ${character}`);
    held = (held << 5) | value;
    heldBits += 5;
    if (heldBits >= 8) {
      heldBits -= 8;
      out[size++] = (held >>> heldBits) & 255;
      held &= (1 << heldBits) - 1;
    }
  }
  if (heldBits >= 5 || held !== 0) throw new RangeError("not a base32 text: bits are left over");
  return out;
}
