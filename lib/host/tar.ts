import { concat, utf8Decode, utf8Encode } from "../base/bytes.ts";

/**
 * The few things that a backup needs of the tar format (POSIX.1-2017, pax, "ustar Interchange Format"): plain files
 * with short names, one behind the other.
 */

/** Size of a header, and what contents are filled up to, in bytes. */
export const TAR_BLOCK_BYTES = 512;
/** A file within a tar: 11 octal digits. */
export const MAX_TAR_FILE_BYTES = 8 ** 11 - 1;
const MAX_NAME_CHARACTERS = 99;
const CHECKSUM_AT = 148;
const CHECKSUM_BYTES = 8;

/** A file of a tar. */
export interface TarEntry {
  readonly name: string;
  readonly sizeBytes: number;
}

/** The header of a file. @param modifiedMs ms since 1970. @throws {RangeError} where the format has no room for it. */
export function tarHeader({ name, sizeBytes }: TarEntry, modifiedMs: number): Uint8Array {
  if (sizeBytes > MAX_TAR_FILE_BYTES) throw new RangeError(`${name} is larger than ${MAX_TAR_FILE_BYTES} bytes`);
  if (name.length > MAX_NAME_CHARACTERS) throw new RangeError(`the name ${name} is too long`);
  const octal = (value: number, digits: number) => Math.floor(value).toString(8).padStart(digits, "0") + "\0";
  const fields = [
    [0, name],
    [100, octal(0o600, 7)],
    [108, octal(0, 7)],
    [116, octal(0, 7)],
    [124, octal(sizeBytes, 11)],
    [136, octal(modifiedMs / 1000, 11)],
    [CHECKSUM_AT, " ".repeat(CHECKSUM_BYTES)],
    [156, "0"],
    [257, "ustar\x0000"],
  ] as const;
  const header = new Uint8Array(TAR_BLOCK_BYTES);
  for (const [at, text] of fields) header.set(utf8Encode(text), at);
  header.set(utf8Encode(octal(sumOf(header), 6) + " "), CHECKSUM_AT);
  return header;
}

/**
 * What a header says; null for the block of zeroes that ends a tar.
 *
 * @throws {RangeError} where it is none; @throws {TypeError} where its texts are not UTF-8.
 */
export function readTarHeader(header: Uint8Array): TarEntry | null {
  if (header.every((byte) => byte === 0)) return null;
  const text = (at: number, size: number) => {
    const field = header.subarray(at, at + size);
    const end = field.indexOf(0);
    return utf8Decode(end < 0 ? field : field.subarray(0, end)).trim();
  };
  const blank = concat([
    header.subarray(0, CHECKSUM_AT),
    utf8Encode(" ".repeat(CHECKSUM_BYTES)),
    header.subarray(CHECKSUM_AT + CHECKSUM_BYTES),
  ]);
  const octal = (at: number, size: number) => /^[0-7]+$/.test(text(at, size)) ? parseInt(text(at, size), 8) : NaN;
  const sizeBytes = octal(124, 12);
  const isRight = text(257, 6) === "ustar" && octal(CHECKSUM_AT, CHECKSUM_BYTES) === sumOf(blank) &&
    text(156, 1) === "0" && sizeBytes <= MAX_TAR_FILE_BYTES;
  if (!isRight) throw new RangeError("it is no tar of plain files, or damaged");
  return { name: text(0, 100), sizeBytes };
}

/** Zeroes that fill a content of so many bytes up to whole blocks. */
export function tarPadding(sizeBytes: number): Uint8Array {
  return new Uint8Array((TAR_BLOCK_BYTES - sizeBytes % TAR_BLOCK_BYTES) % TAR_BLOCK_BYTES);
}

function sumOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum + byte, 0);
}
