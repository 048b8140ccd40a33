import { concat, utf8Encode } from "../base/bytes.ts";

/** What bencoding (BEP 3) can say. Texts are bytes; keys of dictionaries are taken as Latin-1. */
export type Bencoded = number | Uint8Array | readonly Bencoded[] | ReadonlyMap<string, Bencoded>;

/** How deep lists and dictionaries may lie in each other: an answer of the DHT has two. */
const MAX_DEPTH = 8;
/** Digits of a number: it stays exact. */
const MAX_DIGITS = 15;

/**
 * Reads a value in bencoding that takes all of the bytes. The libraries for it run without end on a text of negative
 * length, and anybody may send one.
 *
 * @returns null where it is none.
 */
export function decodeBencoded(bytes: Uint8Array): Bencoded | null {
  const reader = new BencodeReader(bytes);
  const value = reader.value(0);
  return reader.isAtEnd ? value : null;
}

/** A value in bencoding. Keys are sorted, as they have to be. */
export function encodeBencoded(value: Bencoded): Uint8Array {
  const parts: Uint8Array[] = [];
  write(value, parts);
  return concat(parts);
}

class BencodeReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The next value; null where there is none, or one that lies too deep. */
  value(depth: number): Bencoded | null {
    if (depth > MAX_DEPTH) return null;
    switch (this.#peek()) {
      case "i": {
        this.#at++;
        return this.#number("e");
      }
      case "l":
        return this.#list(depth);
      case "d":
        return this.#dictionary(depth);
      default:
        return this.#text();
    }
  }

  #peek(): string {
    return this.#at < this.#bytes.length ? String.fromCharCode(this.#bytes[this.#at] as number) : "";
  }

  #list(depth: number): Bencoded[] | null {
    this.#at++;
    const list: Bencoded[] = [];
    while (this.#peek() !== "e") {
      const item = this.value(depth + 1);
      if (item === null) return null;
      list.push(item);
    }
    this.#at++;
    return list;
  }

  #dictionary(depth: number): Map<string, Bencoded> | null {
    this.#at++;
    const entries = new Map<string, Bencoded>();
    while (this.#peek() !== "e") {
      const key = this.#text();
      const value = key === null ? null : this.value(depth + 1);
      if (key === null || value === null) return null;
      entries.set(String.fromCharCode(...key), value);
    }
    this.#at++;
    return entries;
  }

  #text(): Uint8Array | null {
    const length = this.#number(":");
    if (length === null || length < 0 || length > this.#bytes.length - this.#at) return null;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A whole number in decimal, up to a mark, which is read over. */
  #number(mark: string): number | null {
    const endAt = this.#bytes.indexOf(mark.charCodeAt(0), this.#at);
    if (endAt < 0 || endAt - this.#at > MAX_DIGITS + 1) return null;
    const text = String.fromCharCode(...this.#bytes.subarray(this.#at, endAt));
    this.#at = endAt + 1;
    return /^(0|-?[1-9]\d{0,14})$/.test(text) ? Number(text) : null;
  }
}

function write(value: Bencoded, parts: Uint8Array[]): void {
  if (typeof value === "number") {
    parts.push(utf8Encode(`i${value}e`));
  } else if (value instanceof Uint8Array) {
    parts.push(utf8Encode(`${value.length}:`), value);
  } else if (value instanceof Map) {
    parts.push(utf8Encode("d"));
    for (const [key, entry] of [...value].sort(([a], [b]) => (a < b ? -1 : 1))) {
      write(Uint8Array.from([...key], (character: string) => character.charCodeAt(0)), parts);
      write(entry, parts);
    }
    parts.push(utf8Encode("e"));
  } else {
    parts.push(utf8Encode("l"));
    for (const item of value as readonly Bencoded[]) write(item, parts);
    parts.push(utf8Encode("e"));
  }
}
