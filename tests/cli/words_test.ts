import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { KithError } from "../../lib/base/errors.ts";
import { quoteWord, splitLine, wordsOf } from "../../lib/cli/words.ts";

Deno.test("a line is split as a shell would", () => {
  assertEquals(wordsOf("set  key 'two words'"), ["set", "key", "two words"]);
  assertEquals(wordsOf(`set k "say \\"hi\\"" it\\'s`), ["set", "k", 'say "hi"', "it's"]);
  assertEquals(wordsOf(`set k '{"a": "b\\n"}'`), ["set", "k", '{"a": "b\\n"}']);
  assertEquals(wordsOf(`set k ''`), ["set", "k", ""]);
  assertEquals(wordsOf("  "), []);
  assertThrows(() => wordsOf("set k 'open"), KithError, "is not closed");
});

Deno.test("the last word is known as typed, for completion", () => {
  assertEquals(splitLine("get la"), { words: ["get", "la"], lastTyped: "la", openQuote: "" });
  assertEquals(splitLine("get "), { words: ["get", ""], lastTyped: "", openQuote: "" });
  assertEquals(splitLine("get la\\ m"), { words: ["get", "la m"], lastTyped: "la\\ m", openQuote: "" });
});

Deno.test("a quoted word is read back as one", () => {
  fc.assert(fc.property(fc.array(fc.string({ minLength: 1 })), (words) => {
    assertEquals(wordsOf(words.map(quoteWord).join(" ")), words);
  }));
});
