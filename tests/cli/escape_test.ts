import { assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { escapeJson, toJsonLine } from "../../lib/base/steering.ts";
import { escapeLines, escapeText } from "../../lib/cli/escape.ts";
import { STEERING } from "./steering.ts";

const hostile = fc.string({
  unit: fc.oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    fc.constantFrom(
      "\x1b",
      "\x9b",
      "\u202e",
      "\u2066",
      "\r",
      "\n",
      "\x07",
      "\u2028",
      "\ud800",
      "\u200b",
      "\u{e0041}",
      "a",
      "é",
      "家",
    ),
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
  assertEquals(toJsonLine({ key: "a\u202eb\x7f\u{e0041}" }), '{"key":"a\\u202eb\\u007f\\udb40\\udc41"}');
});

Deno.test("what takes no column is shown where it could hide within a name, and stays where a script or an emoji needs it", () => {
  for (
    const hidden of ["\u200b", "\u2060", "\u00ad", "\u034f", "\u180e", "\u3164", "\ufeff", "\u200c", "\u200d", "\ufe0f"]
  ) {
    const escaped = escapeText(`ali${hidden}ce`);
    assertMatch(escaped, /^ali\\(x[0-9a-f]{2}|u\{[0-9a-f]{4}\})ce$/);
    assertEquals(JSON.parse(toJsonLine(`ali${hidden}ce`)), `ali${hidden}ce`);
    assertEquals(toJsonLine(hidden).length, '"\\u0000"'.length);
  }
  for (const text of ["می\u200cخواهم", "क्\u200dष", "👩\u200d🔬", "❤\ufe0f", "1\ufe0f\u20e3", "葛\u{e0100}城"]) {
    assertEquals(escapeText(text), text);
  }
  assertEquals(escapeText("می\u200c"), "می\\u{200c}");
});
