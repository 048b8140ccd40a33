import { assert, assertEquals, assertMatch } from "@std/assert";
import { concat, utf8Encode } from "../../lib/base/bytes.ts";
import { type ErrorCode, ERRORS } from "../../lib/base/errors.ts";
import { type Home, Machine } from "./kith.ts";
import { addRow } from "./refusal.ts";

/** Sorted by key, as an export is. */
function goodLines(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    return JSON.stringify({ v: 1, key: `k/${String(i + 1).padStart(6, "0")}`, type: "text/plain", text: `v ${i + 1}` });
  });
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => line + "\n").join("");
}

interface BadLine {
  readonly row: string;
  readonly line: Uint8Array;
  readonly error: ErrorCode;
  readonly says: RegExp;
}

/** Imports a good file with one line replaced: every line before that is kept, none from it on, byte for byte. */
async function assertStopsAt(test: Deno.TestContext, home: Home, at: number, bad: BadLine): Promise<void> {
  const { row, line, error, says } = bad;
  const good = goodLines(at + 100);
  const kept = textOf(good.slice(0, at - 1));
  const stdin = concat([utf8Encode(kept), line, utf8Encode("\n" + textOf(good.slice(at)))]);
  const plain = await home.run(["import"], { stdin });
  assertEquals([plain.code, plain.out], [ERRORS[error].exit, ""], plain.err);
  assertMatch(plain.err, new RegExp(`^kith: Line ${at} [^\\n]+; ${at - 1} lines before it were kept[^\\n]*\\.\\n$`));
  assertMatch(plain.err, says);
  assertEquals((await home.object("status")).entries, at - 1);
  assert(await home.ok("export") === kept, "what is kept is what was before it");
  const json = await home.run(["import", "--json"], { stdin });
  const object = JSON.parse(json.out);
  assertEquals([json.code, object.v, object.error, object.line, object.kept], [plain.code, 1, error, at, at - 1]);
  assertMatch(object.message, says);
  const command = `kith import (${at + 100} lines)`;
  addRow({ row, command, exit: String(plain.code), sentence: plain.err.trimEnd(), test: test.name });
}

const CUT_OFF: BadLine = {
  row: "import with a bad line 50,000",
  line: utf8Encode('{"key":"k","text":'),
  error: "bad_line",
  says: /can't be imported: The line is not valid JSON: .+ so correct it and import the same file again\./,
};

Deno.test("an import stops at a bad line 50,000, names it, and keeps every line before it", async (test) => {
  await using machine = new Machine();
  const home = machine.home("home");
  const peer = await home.up();
  await assertStopsAt(test, home, 50_000, CUT_OFF);
  const corrected = await home.run(["import", "--json"], { stdin: textOf(goodLines(50_100)) });
  assertEquals(JSON.parse(corrected.out), { v: 1, imported: 101, unchanged: 49_999 });
  assertEquals(await peer.stop(), 0);
});

Deno.test("an import stops at a line that is bad in any other way, with no peer running as well", async (test) => {
  await using machine = new Machine();
  const home = machine.home("home");
  await (await home.up()).stop();
  const cases: BadLine[] = [
    CUT_OFF,
    {
      row: "import of invalid UTF-8",
      line: concat([utf8Encode('{"key":"k","text":"'), Uint8Array.of(0xff), utf8Encode('"}')]),
      error: "bad_line",
      says: /The line is not valid UTF-8/,
    },
    {
      row: "import of a number JSON would change",
      line: utf8Encode('{"key":"k","json":{"id":12345678901234567890}}'),
      error: "bad_line",
      says: /The number 12345678901234567890 would become 12345678901234567000 in JSON/,
    },
    {
      row: "import of an oversized key",
      line: utf8Encode(JSON.stringify({ key: "k".repeat(513), text: "" })),
      error: "bad_line",
      says: /The key 'k+…' has 513 bytes; at most 512 are allowed/,
    },
    {
      row: "import of an oversized value",
      line: utf8Encode(JSON.stringify({ key: "large", text: "v".repeat(256 * 1024 + 1) })),
      error: "bad_line",
      says: /The value of 'large' has 262145 bytes; at most 262144 are allowed/,
    },
    {
      row: "import of a line of more than 2 MiB",
      line: new Uint8Array(2 * 1024 * 1024 + 1).fill(0x61),
      error: "line_too_long",
      says: /Line 2002 is longer than 2097152 bytes/,
    },
  ];
  for (const bad of cases) {
    await assertStopsAt(test, home, 2002, { ...bad, row: bad === CUT_OFF ? "import with no peer running" : bad.row });
  }
});
