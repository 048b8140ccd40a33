import { concat } from "../../lib/base/bytes.ts";
import { MAX_VARINT, Writer } from "../../lib/base/writer.ts";
import type { Prng } from "../sim/prng.ts";

/** Numbers at which codecs change what they do. */
const EDGES: readonly number[] = [
  ...[0, 1, 2, 15, 16, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 511, 512, 513, 1023, 1024, 1025, 4095, 4096],
  ...[2 ** 14 - 1, 2 ** 14, 2 ** 16 - 1, 2 ** 16, 2 ** 18, 2 ** 18 + 1, 2 ** 20, 2 ** 21, 2 ** 28, 2 ** 31, 2 ** 32],
  ...[2 ** 35, 2 ** 48, MAX_VARINT - 1, MAX_VARINT],
];
/** Sizes of what lists are made of: ids, writers, signatures, and heads of frontiers. */
const ITEM_BYTES: readonly number[] = [1, 2, 6, 8, 12, 16, 22, 32, 33, 48, 64, 82];
const BYTES: readonly number[] = [0, 1, 2, 3, 0x0a, 0x20, 0x22, 0x2c, 0x7f, 0x80, 0x81, 0xc0, 0xed, 0xff];

/** A varint. */
export function varintBytes(value: number): Uint8Array {
  return new Writer(8).varint(value).finish().slice();
}

/** Inputs made from others, by what the formats are made of: bits, varints, lengths, lists, and words of the format. */
export class Mutator {
  readonly #prng: Prng;
  readonly #dictionary: readonly Uint8Array[];
  readonly #maxBytes: number;

  /** @param maxBytes the longest input that is made. */
  constructor(prng: Prng, dictionary: readonly Uint8Array[], maxBytes: number) {
    this.#prng = prng;
    this.#dictionary = dictionary;
    this.#maxBytes = maxBytes;
  }

  /** A changed copy. @param other another input, of which parts may come in. */
  mutate(input: Uint8Array, other: Uint8Array): Uint8Array {
    let out = input;
    for (let left = 1 + (this.#prng.chance(0.5) ? 0 : this.#prng.below(6)); left > 0; left--) {
      out = this.#once(out, other);
    }
    return out.length > this.#maxBytes ? out.slice(0, this.#maxBytes) : out;
  }

  #once(input: Uint8Array, other: Uint8Array): Uint8Array {
    const at = this.#prng.below(input.length + 1);
    switch (this.#prng.below(14)) {
      case 0:
        return this.#changed(input, (byte) => byte ^ (1 << this.#prng.below(8)));
      case 1:
        return this.#changed(input, () => this.#one(BYTES));
      case 2:
        return this.#changed(input, (byte) => byte + this.#prng.below(9) - 4);
      case 3:
        return replaced(input, at, 0, this.#prng.bytes(1 + this.#prng.below(4)));
      case 4:
        return replaced(input, at, this.#size(input.length - at), new Uint8Array());
      case 5:
        return this.#repeated(input, at);
      case 6:
        return replaced(input, at, input.length - at, other.subarray(this.#prng.below(other.length + 1)));
      case 7:
        return replaced(input, at, this.#prng.below(3), varintBytes(this.#one(EDGES)));
      case 8:
        return this.#resized(input, at);
      case 9:
        return this.#counted(input, at);
      case 10: {
        const word = this.#dictionary.length === 0 ? other : this.#one(this.#dictionary);
        return replaced(input, at, this.#prng.chance(0.5) ? word.length : 0, word);
      }
      case 11:
        return replaced(input, at, 0, this.#piece(other));
      default:
        return this.#changed(input, () => this.#prng.below(256));
    }
  }

  #changed(input: Uint8Array, change: (byte: number) => number): Uint8Array {
    if (input.length === 0) return Uint8Array.of(this.#one(BYTES));
    const out = input.slice();
    const at = this.#prng.below(out.length);
    out[at] = change(out[at] as number);
    return out;
  }

  /** A piece of it, once or many times more. */
  #repeated(input: Uint8Array, at: number): Uint8Array {
    const piece = input.subarray(at, at + this.#one(ITEM_BYTES));
    const times = this.#prng.chance(0.9) ? 1 : 1 + this.#prng.below(300);
    return replaced(input, at, 0, concat(new Array(times).fill(piece)));
  }

  /** Bytes with their length before them get another length, and as many bytes. */
  #resized(input: Uint8Array, at: number): Uint8Array {
    const length = input[at];
    if (length === undefined || length >= 0x80 || at + 1 + length > input.length) return input;
    const size = this.#prng.chance(0.7) ? this.#prng.below(Math.max(1, 2 * length)) : this.#one(EDGES.slice(0, 32));
    const body = new Uint8Array(Math.min(size, this.#maxBytes)).fill(input[at + length] ?? 0);
    body.set(input.subarray(at + 1, at + 1 + Math.min(length, body.length)));
    return replaced(input, at, 1 + length, concat([varintBytes(body.length), body]));
  }

  /** A count gets one more or less, and the list behind it one item. */
  #counted(input: Uint8Array, at: number): Uint8Array {
    const count = input[at];
    if (count === undefined || count >= 0x7f) return input;
    const size = this.#one(ITEM_BYTES);
    const item = input.subarray(at + 1, at + 1 + size);
    if (this.#prng.chance(0.5) && count > 0) return replaced(input, at, 1 + size, Uint8Array.of(count - 1));
    const next = item.slice();
    if (next.length > 0) next[next.length - 1] = (next[next.length - 1] as number) + 1;
    return replaced(input, at, 1 + item.length, concat([Uint8Array.of(count + 1), item, next]));
  }

  #piece(bytes: Uint8Array): Uint8Array {
    const at = this.#prng.below(bytes.length + 1);
    return bytes.subarray(at, at + this.#size(bytes.length - at));
  }

  #size(left: number): number {
    return left === 0 ? 0 : this.#prng.chance(0.5) ? 1 + this.#prng.below(left) : Math.min(left, this.#one(ITEM_BYTES));
  }

  #one<T>(list: readonly T[]): T {
    return list[this.#prng.below(list.length)] as T;
  }
}

function replaced(input: Uint8Array, at: number, size: number, by: Uint8Array): Uint8Array {
  return concat([input.subarray(0, at), by, input.subarray(Math.min(input.length, at + size))]);
}
