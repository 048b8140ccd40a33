import { assert } from "./assert.ts";

/** The largest integer on the wire: 2^53 − 1. */
export const MAX_VARINT = Number.MAX_SAFE_INTEGER;

/** Builds big-endian bytes in a growing buffer. The forms are those of lib/wire/PROTOCOL.md, "Notation". */
export class Writer {
  #buffer: Uint8Array;
  #size = 0;

  /** @param capacityBytes first size of the buffer; it doubles as needed. Default: 256. */
  constructor(capacityBytes = 256) {
    this.#buffer = new Uint8Array(capacityBytes);
  }

  /** Forgets what was written, so that the buffer is used again: what `finish` gave is overwritten. */
  clear(): this {
    this.#size = 0;
    return this;
  }

  /** Bytes written so far. */
  get sizeBytes(): number {
    return this.#size;
  }

  /** One byte. Range: 0 to 255. */
  u8(value: number): this {
    assert(Number.isInteger(value) && value >= 0 && value <= 0xff, "u8 in range");
    this.#room(1);
    this.#buffer[this.#size++] = value;
    return this;
  }

  /** Two bytes. Range: 0 to 65,535. */
  u16(value: number): this {
    return this.#fixed(value, 2);
  }

  /** Four bytes. */
  u32(value: number): this {
    return this.#fixed(value, 4);
  }

  /** Six bytes: milliseconds of a stamp. Range: 0 to 2^48 − 1. */
  u48(value: number): this {
    return this.#fixed(value, 6);
  }

  /** Base-128, most significant group first, in as few bytes as possible. Range: 0 to 2^53 − 1. */
  varint(value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, "varint in range");
    if (value < 128) return this.u8(value);
    let groups = 1;
    // Division, not shifts: shifts work on 32 bits only.
    for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) groups++;
    this.#room(groups);
    let rest = value;
    for (let i = groups - 1; i >= 0; i--) {
      this.#buffer[this.#size + i] = (rest % 128) | (i === groups - 1 ? 0 : 0x80);
      rest = Math.floor(rest / 128);
    }
    this.#size += groups;
    return this;
  }

  /** The bytes as they are, with no length before them. */
  raw(bytes: Uint8Array): this {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#size);
    this.#size += bytes.length;
    return this;
  }

  /** The characters of an ASCII text, one byte each. Whoever calls this has checked that it is one. */
  ascii(text: string): this {
    this.#room(text.length);
    for (let i = 0; i < text.length; i++) this.#buffer[this.#size + i] = text.charCodeAt(i);
    this.#size += text.length;
    return this;
  }

  /** A varint length, then the bytes. */
  blob(bytes: Uint8Array): this {
    return this.varint(bytes.length).raw(bytes);
  }

  /** The bytes written, as a view that is valid as long as nothing more is written. */
  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#size);
  }

  #fixed(value: number, size: number): this {
    assert(Number.isInteger(value) && value >= 0 && value < 2 ** (8 * size), "fixed-width integer in range");
    this.#room(size);
    let rest = value;
    for (let i = size - 1; i >= 0; i--) {
      this.#buffer[this.#size + i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    this.#size += size;
    return this;
  }

  #room(size: number): void {
    const needed = this.#size + size;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#size));
    this.#buffer = grown;
  }
}
