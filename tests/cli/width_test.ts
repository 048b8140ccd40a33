import { assertEquals } from "@std/assert";
import { unicodeWidth } from "../../lib/cli/width.ts";

Deno.test("a text's width counts terminal columns, not code units", () => {
  const widths: readonly (readonly [string, number])[] = [
    ["", 0],
    ["otter-7f2k", 10],
    ["é", 1],
    ["e\u0301", 1],
    ["漢字", 4],
    ["한국어", 6],
    ["ひらカタ", 8],
    ["ｱｲｳ", 3],
    ["Ａ！", 4],
    ["🦦", 2],
    ["👩‍👩‍👧", 2],
    ["🇨🇭", 2],
    ["❤\ufe0f", 2],
    ["❤", 1],
    ["1", 1],
    ["\u200b\u0007", 0],
    ["…—", 2],
  ];
  for (const [text, columns] of widths) assertEquals(unicodeWidth(text), columns, JSON.stringify(text));
});
