import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  closeCodeOf,
  closeReasonOf,
  type ErrorCode,
  type ErrorEntry,
  ERRORS,
  KithError,
  ProtocolError,
  sentenceOf,
} from "../../lib/base/errors.ts";

const ENTRIES = Object.entries(ERRORS) as [ErrorCode, ErrorEntry][];

Deno.test("close codes are unique, and lead back to their reason", () => {
  const closes = ENTRIES.filter(([, entry]) => entry.close !== undefined);
  assertEquals(new Set(closes.map(([, entry]) => entry.close)).size, closes.length);
  for (const [code, entry] of closes) {
    const close = entry.close as number;
    assert(Number.isInteger(close) && close >= 1 && close <= 255, `${code}: ${close}`);
    assertEquals(closeReasonOf(close), code);
    assertEquals(closeCodeOf(closeReasonOf(close) as "goodbye"), close);
  }
  assertEquals(closeReasonOf(0), undefined);
  assertEquals(closeReasonOf(200), undefined);
});

Deno.test("codes are snake_case, and sentences are whole sentences", () => {
  for (const [code, { sentence }] of ENTRIES) {
    assertMatch(code, /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
    // A sentence that is nothing but a value leaves its form to whoever fills it in.
    if (!/^\{\w+\}$/.test(sentence)) assertMatch(sentence, /^([A-Z{']|kith ).*[.?]$/s, code);
  }
});

Deno.test("every placeholder of every sentence is filled in, and none other is made", () => {
  for (const [code, { sentence }] of ENTRIES) {
    const names = Array.from(sentence.matchAll(/\{([^}]*)\}/g), (match) => match[1] as string);
    for (const name of names) assertMatch(name, /^[a-z]\w*$/, `${code}: {${name}}`);
    const values = Object.fromEntries(names.map((name) => [name, `<${name} {detail} $& $1>`]));
    const filled = sentenceOf(code, values);
    for (const name of names) assertStringIncludes(filled, `<${name} {detail} $& $1>`, code);
    assertEquals(filled.replaceAll(/<(\w+) \{detail\} \$& \$1>/g, "{$1}"), sentence);
  }
});

Deno.test("a value that is not given stays as its name", () => {
  assertEquals(sentenceOf("self"), "{address} is this peer itself.");
  assertEquals(sentenceOf("self", { address: "otter:1" }), "otter:1 is this peer itself.");
});

Deno.test("errors carry their code, their sentence and their cause", () => {
  const cause = new Error("first");
  const error = new KithError("silent", { address: "otter:1", seconds: 30 }, cause);
  assertEquals(error.message, "Nothing was heard from otter:1 for 30 s.");
  assertEquals([error.name, error.code, error.cause], ["KithError", "silent", cause]);
  const breach = new ProtocolError("malformed", "no varint");
  assertEquals(breach.message, "The other peer sent bytes that are not kith's protocol: no varint.");
  assertEquals([breach.name, breach.code, breach.detail], ["ProtocolError", "malformed", "no varint"]);
});
