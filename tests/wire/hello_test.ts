import { assertEquals } from "@std/assert";
import { decodeHello, encodeHello, HELLO_BYTES, WIRE_VERSION } from "../../lib/wire/hello.ts";
import { bytesOf } from "./bytes_of.ts";

Deno.test("the hello is encoded as specified", () => {
  assertEquals(encodeHello(), bytesOf("6b7468 01"));
  assertEquals(encodeHello().length, HELLO_BYTES);
  assertEquals(encodeHello(255), bytesOf("6b7468 ff"));
});

Deno.test("the hello tells the version of the other side, or that it is not kith", () => {
  assertEquals(decodeHello(encodeHello()), WIRE_VERSION);
  assertEquals(decodeHello(bytesOf("6b7468 07")), 7);
  assertEquals(decodeHello(bytesOf("6b7469 01")), null);
  assertEquals(decodeHello(bytesOf("485454 50")), null);
  assertEquals(decodeHello(bytesOf("6b7468")), null);
  assertEquals(decodeHello(bytesOf("6b7468 01 00")), null);
});
