/** Reads an answer of lines, one object at a time. */
export class LineReader {
  readonly #chunks: ReadableStreamDefaultReader<string>;
  #lines: string[] = [];
  #rest = "";

  constructor(response: Response) {
    this.#chunks = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next object; null at the end. */
  async next(): Promise<Record<string, unknown> | null> {
    while (this.#lines.length === 0) {
      const { done, value } = await this.#chunks.read();
      if (done) return null;
      const lines = (this.#rest + value).split("\n");
      this.#rest = lines.pop() as string;
      this.#lines = lines.reverse();
    }
    return JSON.parse(this.#lines.pop() as string);
  }

  /** Reads no more. */
  cancel(): Promise<void> {
    return this.#chunks.cancel();
  }
}
