import { assertEquals, assertRejects } from "@std/assert";
import { importLines } from "../../lib/api/import.ts";
import { ERRORS, KithError } from "../../lib/base/errors.ts";
import type { HostApi } from "../../lib/host/host_api.ts";
import { startHost, tempFolder, type TempHost } from "../host/temp_host.ts";

async function start(path: string): Promise<TempHost> {
  const peer = await startHost(path);
  await peer.object("POST", "/v1/space");
  return peer;
}

const lineOf = (key: string, value: unknown) => JSON.stringify({ v: 1, key, json: value });

Deno.test("what is exported can be imported elsewhere, and is the same", async () => {
  await using folder = await tempFolder();
  await using a = await start(`${folder.path}/a`);
  await using b = await start(`${folder.path}/b`);
  const values: [string, string, BodyInit][] = [
    ["json", "application/json", '{"b":1,"a":[1.5,null]}'],
    ["text", "text/plain", "zwei\nZeilen\u0000"],
    ["bytes", "image/png", Uint8Array.of(0, 1, 255)],
    ["broken-text", "text/plain", Uint8Array.of(0xc3)],
    ["ключ/ü 😀", "text/plain", ""],
  ];
  for (const [key, media, body] of values) {
    const put = await a.call("PUT", `/v1/entry?key=${encodeURIComponent(key)}`, body, { "content-type": media });
    assertEquals(put.status, 200, key);
  }
  const text = await (await a.call("GET", "/v1/export")).text();
  assertEquals(JSON.parse(text.split("\n")[0] as string), {
    ...{ v: 1, key: "broken-text", type: "text/plain", base64: "ww==" },
  });
  assertEquals(await b.lines("POST", "/v1/import", text), [{ v: 1, done: true, imported: 5, unchanged: 0 }]);
  assertEquals(await (await b.call("GET", "/v1/export")).text(), text);
  assertEquals(await b.lines("POST", "/v1/import", text), [{ v: 1, done: true, imported: 0, unchanged: 5 }]);
  assertEquals((await b.lines("GET", "/v1/export?prefix=t")).map(({ key }) => key), ["text"]);
});

Deno.test("many lines share transactions, and the progress is told", async () => {
  await using folder = await tempFolder();
  await using peer = await start(`${folder.path}/a`);
  const lines = Array.from({ length: 2500 }, (_, i) => lineOf(`k${i}`, i));
  const answers = await peer.lines("POST", "/v1/import", lines.join("\n"));
  assertEquals(answers.map(({ imported }) => imported), [2000, 2500]);
  assertEquals((await peer.object("GET", "/v1/status")).entries, 2500);
  assertEquals((await peer.lines("GET", "/v1/entries?limit=3&after=k10")).map(({ key }) => key), [
    "k100",
    "k1000",
    "k1001",
  ]);
});

Deno.test("a disk that fills up stops an import, and is no line's fault", async () => {
  let batches = 0;
  const request: HostApi["request"] = (asked) => {
    if (asked.type !== "write" || ++batches > 2) throw new Error("no further request is made");
    if (batches === 2) return Promise.resolve({ ok: false, code: "store_full", values: { path: "store.sqlite" } });
    return Promise.resolve({ ok: true, versions: asked.writes.map(() => "version") });
  };
  const lines = Array.from({ length: 2500 }, (_, i) => lineOf(`k${i}`, i));
  const body = new Blob([lines.join("\n")]).stream();
  const told: Record<string, unknown>[] = [];
  const error = await assertRejects(async () => {
    for await (const fields of importLines({ request } as HostApi, body, new AbortController().signal)) {
      told.push(fields);
    }
  }, KithError);
  const { line, kept, cause } = error.values;
  assertEquals([told, error.code, line, kept, cause], [
    [{ imported: 2000, unchanged: 0 }],
    ...["import_stopped", 2001, 2000, "store_full"],
  ]);
  assertEquals(ERRORS.import_stopped.exit, 1);
});

Deno.test("a bad line is named, and every line before it is kept", async () => {
  await using folder = await tempFolder();
  const bad: [string, string | Uint8Array, string][] = [
    ["not JSON", "{", "bad_json"],
    ["no object", "7", "bad_request"],
    ["null", "null", "bad_request"],
    ["no key", '{"json":1}', "bad_request"],
    ["no value", '{"key":"x"}', "bad_request"],
    ["an empty key", lineOf("", 1), "key_invalid"],
    ["a long key", lineOf("x".repeat(513), 1), "key_too_long"],
    ["a lone surrogate", '{"key":"\\ud800","json":1}', "key_invalid"],
    ["a number that would change", '{"key":"x","json":12345678901234567890}', "number_changes"],
    ["a type that is none", '{"key":"x","type":"a b","text":""}', "media_invalid"],
    ["a large value", JSON.stringify({ key: "x", text: "y".repeat(262_145) }), "value_too_large"],
    ["bytes that are not UTF-8", Uint8Array.of(0x22, 0xff, 0x22), "invalid_utf8"],
  ];
  await using peer = await start(`${folder.path}/a`);
  for (const [index, [what, line, cause]] of bad.entries()) {
    const before = Array.from({ length: 1003 }, (_, i) => lineOf(`${index}/${i}`, i)).join("\n") + "\n\n";
    const body = new Blob([before, line as BlobPart, "\n", lineOf(`${index}/after`, 1)]);
    const answers = await peer.lines("POST", "/v1/import", body);
    const last = answers.at(-1) ?? {};
    assertEquals([last.error, last.line, last.kept, last.cause, last.exit], ["bad_line", 1005, 1003, cause, 6], what);
    assertEquals((await peer.lines("GET", `/v1/entries?prefix=${index}/`)).length, 1003, what);
  }
});

Deno.test("a line without end is refused before it fills the memory", async () => {
  await using folder = await tempFolder();
  await using peer = await start(`${folder.path}/a`);
  let pulled = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(64 * 1024).fill(120));
    },
  });
  const [answer] = await peer.lines("POST", "/v1/import", endless);
  assertEquals([answer?.error, answer?.line, answer?.kept], ["line_too_long", 1, 0]);
  assertEquals(pulled < 40, true);
});

Deno.test("an import without a space, or a body that is empty, says so", async () => {
  await using folder = await tempFolder();
  await using peer = await startHost(`${folder.path}/a`);
  const refused = await peer.call("POST", "/v1/import", lineOf("k", 1));
  const why = await refused.json();
  assertEquals([why.error, why.exit], ["no_space", 1]);
  assertEquals(await peer.lines("POST", "/v1/import"), [{ v: 1, done: true, imported: 0, unchanged: 0 }]);
});
