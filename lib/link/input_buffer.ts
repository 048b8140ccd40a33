const NONE = new Uint8Array(0);

/** Cuts pieces of known size out of bytes that come in chunks of any size. Only a piece that is split is copied. */
export class InputBuffer {
  #held: Uint8Array = NONE;
  #heldSize = 0;
  #chunk: Uint8Array = NONE;
  #offset = 0;

  /** Goes on with the next chunk; the one before must have been used up, that is, `take` must have given null. */
  feed(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#offset = 0;
  }

  /**
   * The next `size` bytes, valid until the next call, or null when they are not all there yet: what is there is then
   * kept, and the same size is asked for again once there is more.
   */
  take(size: number): Uint8Array | null {
    const wanted = size - this.#heldSize;
    const part = this.#chunk.subarray(this.#offset, this.#offset + wanted);
    this.#offset += part.length;
    if (part.length === size) return part;
    this.#room(size);
    this.#held.set(part, this.#heldSize);
    this.#heldSize += part.length;
    if (part.length < wanted) {
      this.#chunk = NONE;
      this.#offset = 0;
      return null;
    }
    this.#heldSize = 0;
    return this.#held.subarray(0, size);
  }

  #room(size: number): void {
    if (size <= this.#held.length) return;
    // As large as the piece: links that carry only small records keep only small buffers.
    const grown = new Uint8Array(size);
    grown.set(this.#held.subarray(0, this.#heldSize));
    this.#held = grown;
  }
}
