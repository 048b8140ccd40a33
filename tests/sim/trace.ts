import { toHex, utf8Encode } from "../../lib/base/bytes.ts";
import { sha256 } from "../../lib/crypto/hash.ts";

/** A running hash over everything that happens: two runs of one seed are the same exactly where their hashes are. */
export class Trace {
  #hash: Uint8Array = new Uint8Array(32);
  readonly #print: ((line: string) => void) | null;

  /** @param print takes each line, for a replay that is watched; null for none. */
  constructor(print: ((line: string) => void) | null = null) {
    this.#print = print;
  }

  /** Takes in a line, and bytes beside it. */
  add(line: string, ...bytes: readonly Uint8Array[]): void {
    this.#hash = sha256(this.#hash, utf8Encode(line), ...bytes);
    this.#print?.(line);
  }

  /** The hash so far, in hexadecimal. */
  get hash(): string {
    return toHex(this.#hash);
  }
}
