import { ProtocolError } from "../base/errors.ts";
import { MAX_VARINT } from "../base/writer.ts";

/**
 * A frame travels in the encrypted stream of its lane as varint kind ‖ varint length ‖ body. Kind and length stand in
 * one record; the body may span many (lib/wire/PROTOCOL.md, "Frames").
 */
export interface Frame {
  readonly kind: number;
  readonly body: Uint8Array;
}

/** Frame kinds of the link itself; 4 to 15 are kept for it. */
export const LINK_KINDS = { ping: 0, pong: 1, close: 2, rekey: 3 } as const;

/** The first frame kind that is not the link's. */
export const FIRST_OTHER_KIND = 16;

/** Room in which the kind and length of any frame fit, in bytes. */
export const MAX_FRAME_HEADER_BYTES = 16;

/** The order in which frames go out; each priority is a lane, a stream of frames of its own, with this number. */
export const LANES = { control: 0, live: 1, bulk: 2 } as const;

/** How urgent a frame is. */
export type Priority = keyof typeof LANES;

/** Writes a minimal varint at an offset. @returns the offset behind it. */
export function putVarint(target: Uint8Array, offset: number, value: number): number {
  let groups = 1;
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) groups++;
  let rest = value;
  for (let i = groups - 1; i >= 0; i--) {
    target[offset + i] = (rest % 128) | (i === groups - 1 ? 0 : 0x80);
    rest = Math.floor(rest / 128);
  }
  return offset + groups;
}

const NONE = new Uint8Array(0);

/** Takes frames out of the decrypted stream of one lane, which comes record by record. */
export class FrameReader {
  #record: Uint8Array = NONE;
  #offset = 0;
  #kind = 0;
  #body: Uint8Array | null = null;
  #bodySize = 0;

  /** Whether the record at hand is used up. */
  get isDrained(): boolean {
    return this.#offset === this.#record.length;
  }

  /** Goes on with the next record's bytes, which must stay as they are: bodies are views of them. */
  feed(record: Uint8Array): void {
    this.#record = record;
    this.#offset = 0;
  }

  /**
   * The next frame, or null when the record is used up.
   *
   * @param maxBytes limit of a body, checked before anything is allocated.
   * @throws {ProtocolError} `too_large` beyond it, `malformed` for a header that is none.
   */
  next(maxBytes: number): Frame | null {
    const left = this.#record.length - this.#offset;
    if (this.#body !== null) {
      const part = this.#record.subarray(this.#offset, this.#offset + this.#body.length - this.#bodySize);
      this.#body.set(part, this.#bodySize);
      this.#bodySize += part.length;
      this.#offset += part.length;
      if (this.#bodySize < this.#body.length) return null;
      const frame = { kind: this.#kind, body: this.#body };
      this.#body = null;
      return frame;
    }
    if (left === 0) {
      // A record is not kept in memory for the sake of its end.
      this.feed(NONE);
      return null;
    }
    const kind = this.#varint();
    const size = this.#varint();
    if (size > maxBytes) throw new ProtocolError("too_large", `a frame of ${size} bytes, allowed are ${maxBytes}`);
    const part = this.#record.subarray(this.#offset, this.#offset + size);
    this.#offset += part.length;
    if (part.length === size) return { kind, body: part };
    this.#kind = kind;
    this.#body = new Uint8Array(size);
    this.#body.set(part);
    this.#bodySize = part.length;
    return null;
  }

  #varint(): number {
    let value = 0;
    for (let i = 0; i < 8; i++) {
      if (this.isDrained) throw new ProtocolError("malformed", "the header of a frame is cut off");
      const byte = this.#record[this.#offset++] as number;
      if (i === 0 && byte === 0x80) throw new ProtocolError("malformed", "varint is not minimal");
      value = value * 128 + (byte & 0x7f);
      if (value > MAX_VARINT) break;
      if (byte < 0x80) return value;
    }
    throw new ProtocolError("malformed", "varint is above its limit");
  }
}
