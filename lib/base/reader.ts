import { ProtocolError } from "./errors.ts";
import { MAX_VARINT } from "./writer.ts";

/**
 * Reads what `Writer` writes, from bytes that nobody vouches for. Every length is checked against its limit and
 * against what is there before anything is allocated. Arrays it returns are views of the input.
 */
export class Reader {
  #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bytes not yet read. */
  get remainingBytes(): number {
    return this.#bytes.length - this.#offset;
  }

  /** Where the next byte is read from, counted from the start of the input. */
  get offset(): number {
    return this.#offset;
  }

  /** One byte. @throws {ProtocolError} `malformed` at the end of the input, as all readers here. */
  u8(): number {
    const byte = this.#bytes[this.#offset];
    if (byte === undefined) throw new ProtocolError("malformed", "1 bytes expected, 0 left");
    this.#offset++;
    return byte;
  }

  /** Two bytes. */
  u16(): number {
    return this.#fixed(2);
  }

  /** Four bytes. */
  u32(): number {
    return this.#fixed(4);
  }

  /** Six bytes. */
  u48(): number {
    return this.#fixed(6);
  }

  /** A minimal varint. @throws {ProtocolError} `malformed` where it is longer than needed, or above `max`. */
  varint(max: number = MAX_VARINT): number {
    let value = 0;
    for (let i = 0; i < 8; i++) {
      const byte = this.u8();
      if (i === 0 && byte === 0x80) throw new ProtocolError("malformed", "varint is not minimal");
      value = value * 128 + (byte & 0x7f);
      if (value > max) throw new ProtocolError("malformed", `varint is above its limit of ${max}`);
      if (byte < 0x80) return value;
    }
    throw new ProtocolError("malformed", "varint is longer than 8 bytes");
  }

  /** Exactly `size` bytes. */
  raw(size: number): Uint8Array {
    if (size > this.remainingBytes) {
      throw new ProtocolError("malformed", `${size} bytes expected, ${this.remainingBytes} left`);
    }
    const view = this.#bytes.subarray(this.#offset, this.#offset + size);
    this.#offset += size;
    return view;
  }

  /** A varint length of at most `maxBytes`, then so many bytes. */
  blob(maxBytes: number): Uint8Array {
    return this.raw(this.varint(maxBytes));
  }

  /** Asserts that everything was read. */
  end(): void {
    if (this.remainingBytes > 0) throw new ProtocolError("malformed", `${this.remainingBytes} bytes too many`);
  }

  #fixed(size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + this.u8();
    return value;
  }
}
