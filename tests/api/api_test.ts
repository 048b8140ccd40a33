import { assertEquals } from "@std/assert";
import { startHost, tempFolder } from "../host/temp_host.ts";

Deno.test("a value goes in and comes out as it was, with what is known of it", async () => {
  await using folder = await tempFolder();
  await using peer = await startHost(`${folder.path}/a`);
  await peer.object("POST", "/v1/space");
  const bytes = Uint8Array.of(0, 255, 10, 13);
  const put = await peer.call("PUT", "/v1/entry?key=a/b", bytes, { "content-type": "image/png" });
  const { v, version } = await put.json();
  assertEquals([put.status, v, typeof version], [200, 1, "string"]);
  const got = await peer.call("GET", "/v1/entry?key=a/b");
  assertEquals(new Uint8Array(await got.arrayBuffer()), bytes);
  assertEquals(got.headers.get("content-type"), "image/png");
  assertEquals(got.headers.get("x-kith-version"), version);
  assertEquals(got.headers.get("x-kith-conflicts"), "0");
  assertEquals((await peer.object("GET", "/v1/status")).entries, 1);
  assertEquals(typeof (await peer.object("DELETE", "/v1/entry?key=a/b")).version, "string");
  assertEquals((await peer.object("DELETE", "/v1/entry?key=a/b")).version, null);
  const gone = await peer.call("GET", "/v1/entry?key=a/b");
  assertEquals([gone.status, (await gone.json()).error], [404, "not_found"]);
});

Deno.test("what a home holds is there after a restart, under the same identity", async () => {
  await using folder = await tempFolder();
  const home = `${folder.path}/a`;
  let before: Record<string, unknown>;
  {
    await using peer = await startHost(home);
    await peer.object("POST", "/v1/space");
    await peer.call("PUT", "/v1/entry?key=k", "v");
    before = await peer.object("GET", "/v1/status");
  }
  await using peer = await startHost(home, { offline: true });
  const after = await peer.object("GET", "/v1/status");
  assertEquals([after.peer, after.space, after.digest], [before.peer, before.space, before.digest]);
  assertEquals(await (await peer.call("GET", "/v1/entry?key=k")).text(), "v");
});

Deno.test("a key whose bytes are not UTF-8 is refused, not replaced", async () => {
  await using folder = await tempFolder();
  await using peer = await startHost(`${folder.path}/a`);
  await peer.object("POST", "/v1/space");
  const refused = await peer.call("PUT", "/v1/entry?key=k%FF", "v");
  assertEquals([refused.status, (await refused.json()).error], [400, "invalid_utf8"]);
  assertEquals((await peer.call("PUT", "/v1/entry?key=k%EF%BF%BD", "v")).status, 200);
});
