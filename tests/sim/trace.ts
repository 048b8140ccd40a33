import { concat, toHex, utf8Encode } from "../../lib/base/bytes.ts";
import { sha256 } from "../../lib/crypto/hash.ts";

const PARTS_PER_HASH = 256;

/** A running hash over everything that happens: two runs of one seed are the same exactly where their hashes are. */
export class Trace {
  #hash: Uint8Array = new Uint8Array(32);
  #parts: Uint8Array[] = [];
  readonly #print: ((line: string) => void) | null;

  /** @param print takes each line, for a replay that is watched; null for none. */
  constructor(print: ((line: string) => void) | null = null) {
    this.#print = print;
  }

  /** Takes in a line, and bytes beside it. */
  add(line: () => string, ...bytes: readonly Uint8Array[]): void {
    const text = line();
    // Bytes are only borrowed.
    this.#parts.push(utf8Encode(`${text}\n`), ...bytes.map((part) => part.slice()));
    if (this.#parts.length >= PARTS_PER_HASH) this.#flush();
    this.#print?.(text);
  }

  /** The hash so far, in hexadecimal. */
  get hash(): string {
    this.#flush();
    return toHex(this.#hash);
  }

  #flush(): void {
    this.#hash = sha256(this.#hash, concat(this.#parts));
    this.#parts = [];
  }
}

/** For a run that is one of many, of which nobody reads what went on. */
export class NoTrace extends Trace {
  override add(): void {}
}
