const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The parts, one behind the other, in one new array. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of parts) size += part.length;
  const out = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** Whether both hold the same bytes. Not constant-time: see `crypto` for secrets. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Lexicographic order of unsigned bytes: negative, zero or positive. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Lower-case hexadecimal. Also the form in which ids serve as Map keys. */
export function toHex(bytes: Uint8Array): string {
  return bytes.toHex();
}

/** The bytes of a hexadecimal text. @throws {RangeError} on an odd length or another character. */
export function fromHex(text: string): Uint8Array {
  try {
    return Uint8Array.fromHex(text);
  } catch {
    throw new RangeError(`not hexadecimal: ${text}`);
  }
}

/** UTF-8 of a well-formed string. @throws {RangeError} on a lone surrogate, which UTF-8 cannot carry. */
export function utf8Encode(text: string): Uint8Array {
  if (!text.isWellFormed()) throw new RangeError("a lone surrogate has no UTF-8 form");
  return encoder.encode(text);
}

/** The string of UTF-8 bytes; a byte order mark is kept. @throws {TypeError} on invalid UTF-8. */
export function utf8Decode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
