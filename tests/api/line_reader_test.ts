import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { readLines } from "../../lib/api/line_reader.ts";

const encoder = new TextEncoder();

async function linesOf(chunks: readonly Uint8Array[], maxLineBytes: number): Promise<(string | null)[]> {
  const lines: (string | null)[] = [];
  const stream = ReadableStream.from(chunks) as ReadableStream<Uint8Array>;
  for await (const group of readLines(stream, maxLineBytes)) {
    for (const { number, bytes } of group) {
      lines.push(bytes === null ? null : new TextDecoder().decode(bytes));
      assertEquals(number, lines.length);
    }
  }
  return lines;
}

Deno.test("lines are the same however the stream is cut", async () => {
  const text = fc.array(fc.constantFrom("a", "bc", "\n", "\r\n", "é", ""), { maxLength: 40 }).map((parts) =>
    parts.join("")
  );
  await fc.assert(fc.asyncProperty(text, fc.array(fc.nat(60)), async (text, cuts) => {
    const bytes = encoder.encode(text);
    const ends = [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
    const chunks = ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
    const expected = text.split("\n").map((line) => line.replace(/\r$/, ""));
    if (text === "" || text.endsWith("\n")) expected.pop();
    assertEquals(await linesOf(chunks, 1000), expected);
  }));
});

Deno.test("a line that is too long is told of, and nothing is read behind it", async () => {
  const chunks = ["ab\ncdefg", "hij", "klm\nno\n"].map((text) => encoder.encode(text));
  assertEquals(await linesOf(chunks, 5), ["ab", null]);
  assertEquals(await linesOf([encoder.encode("abcdef\nx\n")], 5), [null]);
  assertEquals(await linesOf([encoder.encode("abcde\nx\n")], 5), ["abcde", "x"]);
});
