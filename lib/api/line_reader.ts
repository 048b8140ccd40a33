import { concat } from "../base/bytes.ts";

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** A line of a stream: its bytes without the line's end, or null where it is longer than allowed. */
export interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly bytes: Uint8Array | null;
}

/** The lines of a stream of bytes, in groups as they arrive; after one that is too long, nothing more is read. */
export async function* readLines(
  stream: ReadableStream<Uint8Array>,
  maxLineBytes: number,
): AsyncGenerator<readonly Line[]> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let number = 0;
  for await (const chunk of stream) {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      const rest = chunk.subarray(start, end);
      const isWhole = heldBytes + rest.length <= maxLineBytes;
      lines.push({
        number: ++number,
        bytes: isWhole ? withoutReturn(held.length > 0 ? concat([...held, rest]) : rest) : null,
      });
      held = [];
      heldBytes = 0;
      start = end + 1;
      if (!isWhole) {
        yield lines;
        return;
      }
    }
    if (start < chunk.length) {
      held.push(chunk.subarray(start));
      heldBytes += chunk.length - start;
    }
    if (heldBytes > maxLineBytes) lines.push({ number: ++number, bytes: null });
    if (lines.length > 0) yield lines;
    if (heldBytes > maxLineBytes) return;
  }
  if (heldBytes > 0) yield [{ number: ++number, bytes: withoutReturn(concat(held)) }];
}

function withoutReturn(line: Uint8Array): Uint8Array {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
}
