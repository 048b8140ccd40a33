import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { valueFields, valueOf } from "../../lib/api/value_fields.ts";
import { KithError } from "../../lib/base/errors.ts";

const encoder = new TextEncoder();
const medias = ["application/json", "text/plain", "application/geo+json", "image/png", "text/html;charset=utf-8"];

Deno.test("any value comes back byte for byte, also through JSON", () => {
  const text = fc.oneof(
    fc.json(),
    fc.string({ unit: "binary" }),
    fc.constantFrom("", " 1", "1.0", '{"a": 1}', "\ufeff1"),
  );
  const bytes = fc.oneof(
    fc.uint8Array(),
    text.filter((text) => text.isWellFormed()).map((text) => encoder.encode(text)),
  );
  fc.assert(fc.property(fc.constantFrom(...medias), bytes, (media, value) => {
    assertEquals(valueOf(JSON.parse(JSON.stringify(valueFields(media, value)))), {
      media,
      value: new Uint8Array(value),
    });
  }));
});

Deno.test("JSON is given as JSON, text as text, all else as base64", () => {
  const formOf = (media: string, text: string) => Object.keys(valueFields(media, encoder.encode(text))).at(1);
  assertEquals(formOf("application/json", '{"a":1}'), "json");
  assertEquals(formOf("application/json", '{"a": 1}'), "text", "spelled otherwise, it would come back otherwise");
  assertEquals(formOf("application/json", "{"), "text");
  assertEquals(formOf("text/plain", "1"), "text");
  assertEquals(formOf("image/svg+xml", "<svg/>"), "base64");
  assertEquals(Object.keys(valueFields("text/plain", Uint8Array.of(255))).at(1), "base64");
});

Deno.test("types have defaults, and what is no value is refused", () => {
  assertEquals(valueOf({ json: null }).media, "application/json");
  assertEquals(valueOf({ text: "" }).media, "text/plain");
  assertEquals(valueOf({ base64: "" }).media, "application/octet-stream");
  const wrong = [{}, { text: "a", json: 1 }, { text: 1 }, { base64: "!" }, { base64: 1 }, { text: "a", type: 1 }];
  for (const fields of wrong) assertEquals(assertThrows(() => valueOf(fields), KithError).code, "bad_request");
  assertEquals(assertThrows(() => valueOf({ text: "\ud800" }), KithError).code, "invalid_utf8");
});
