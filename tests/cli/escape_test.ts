import { assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { escapeJson, escapeLines, escapeText, toJsonLine } from "../../lib/cli/escape.ts";

/** What could steer a terminal, or turn the order in which its line is read. */
const STEERING = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

const hostile = fc.string({
  unit: fc.oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    fc.constantFrom("\x1b", "\x9b", "\u202e", "\u2066", "\r", "\n", "\x07", "\u2028", "\ud800", "a", "é", "家"),
  ),
});

Deno.test("nothing that steers a terminal is left in an escaped text", () => {
  fc.assert(fc.property(hostile, (text) => {
    assertEquals(STEERING.test(escapeText(text)), false);
    assertEquals(STEERING.test(escapeLines(text).replaceAll(/[\n\t]/g, "")), false);
    assertEquals(STEERING.test(toJsonLine(text)), false);
  }));
});

Deno.test("escaped JSON means the same", () => {
  fc.assert(fc.property(fc.dictionary(hostile, hostile), (object) => {
    assertEquals(JSON.parse(toJsonLine(object)), object);
    assertEquals(escapeJson(toJsonLine(object)), toJsonLine(object));
  }));
});

Deno.test("escapes are readable, and ordinary text stays as it is", () => {
  assertEquals(escapeText("a\x1b[31mred\x1b[0m"), "a\\x1b[31mred\\x1b[0m");
  assertEquals(escapeText("ls\r\n\u202etxt.exe"), "ls\\r\\n\\u{202e}txt.exe");
  assertEquals(escapeText("\x9b2J"), "\\x9b2J");
  assertEquals(escapeText("Grüße, 家, 👩‍👩‍👧, नमस्ते, שלום"), "Grüße, 家, 👩‍👩‍👧, नमस्ते, שלום");
  assertEquals(escapeLines("a\tb\nc\x1b"), "a\tb\nc\\x1b");
  assertMatch(escapeText("\ud800"), /^\ufffd$/);
  assertEquals(toJsonLine({ key: "a\u202eb" }), '{"key":"a\\u202eb"}');
});
