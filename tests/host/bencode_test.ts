import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { utf8Encode } from "../../lib/base/bytes.ts";
import { type Bencoded, decodeBencoded, encodeBencoded } from "../../lib/host/bencode.ts";
import { bencoded } from "./bencoded.ts";

function decoded(text: string): Bencoded | null {
  return decodeBencoded(utf8Encode(text));
}

Deno.test("the bytes of a value", () => {
  const value = { b: [1, -20, 0, "text", ""], a: { inner: "x" } };
  assertEquals(bencoded(value), utf8Encode("d1:ad5:inner1:xe1:bli1ei-20ei0e4:text0:ee"));
});

Deno.test("what is none is not taken, and no text runs without end", () => {
  const wrong = [
    "",
    "x",
    "i",
    "ie",
    "i1",
    "i01e",
    "i-0e",
    "i1.5e",
    "i+1e",
    `i${"9".repeat(16)}e`,
    "l",
    "d",
    "d1:ae",
    "di1ei1ee",
  ];
  const texts = ["1:", "2:a", "-1:a", "l-3:e", "l-3:", "01:a", "99999999999:a", "1:ab", "1:a1:b", "l".repeat(1000)];
  for (const text of [...wrong, ...texts]) assertEquals([text, decoded(text)], [text, null]);
  assertEquals(decoded("lllllllleeeeeeee") === null, false);
  assertEquals(decoded("lllllllllleeeeeeeeee"), null);
});

Deno.test("every value comes back from its bytes, and no bytes throw", () => {
  const { value } = fc.letrec<{ value: Bencoded }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.integer({ min: -(10 ** 15) + 1, max: 10 ** 15 - 1 }),
      fc.uint8Array({ maxLength: 30 }),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.array(fc.tuple(fc.string({ unit: "binary-ascii", maxLength: 5 }), tie("value")), { maxLength: 4 }).map((
        entries,
      ) => new Map([...new Map(entries)].sort(([a], [b]) => (a < b ? -1 : 1)))),
    ),
  }));
  fc.assert(fc.property(value, (made) => assertEquals(decodeBencoded(encodeBencoded(made)), made)));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void decodeBencoded(bytes)));
});
