/** Counts the bytes of arrays that are made by their size, which is where a length that lies would do harm. */
export class Allocations {
  readonly #original = globalThis.Uint8Array;
  readonly #counting: typeof Uint8Array;
  #bytes = 0;

  constructor() {
    this.#counting = new Proxy(this.#original, {
      construct: (target, values, maker) => {
        if (typeof values[0] === "number") this.#bytes += values[0];
        return Reflect.construct(target, values, maker === this.#counting ? target : maker);
      },
    });
  }

  /** Bytes since it was last asked. */
  take(): number {
    const bytes = this.#bytes;
    this.#bytes = 0;
    return bytes;
  }

  /** Counts until it is disposed of. */
  count(): Disposable {
    globalThis.Uint8Array = this.#counting;
    return { [Symbol.dispose]: () => void (globalThis.Uint8Array = this.#original) };
  }
}
