/** The lines of a UTF-8 stream without their line feeds, in groups as they come; a last one may lack it. Empty ones are left out. */
export async function* lineGroups(stream: ReadableStream<Uint8Array>): AsyncGenerator<string[]> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  // A long line comes in many chunks: joining them once keeps the time linear.
  let begun: string[] = [];
  for await (const chunk of stream) {
    const [first = "", ...rest] = decoder.decode(chunk, { stream: true }).split("\n");
    begun.push(first);
    if (rest.length === 0) continue;
    const group = [begun.join(""), ...rest];
    begun = [group.pop() as string];
    yield group.filter((line) => line !== "");
  }
  const line = begun.join("") + decoder.decode();
  if (line !== "") yield [line];
}

/** The same, one by one. */
export async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  for await (const group of lineGroups(stream)) yield* group;
}

/**
 * All bytes of a stream.
 *
 * @param maxBytes how many may come.
 * @returns null when more came.
 */
export async function readAll(stream: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of stream) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) return null;
    chunks.push(chunk);
  }
  const all = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}
