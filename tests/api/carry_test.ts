import { assertEquals } from "@std/assert";
import { carryOut } from "../../lib/api/carry.ts";
import { startHost, tempFolder } from "../host/temp_host.ts";

Deno.test("data is carried from one space into another, or put back as it was", async () => {
  await using folder = await tempFolder();
  const home = `${folder.path}/a`;
  let before: Record<string, unknown>;
  {
    await using peer = await startHost(home);
    await peer.object("POST", "/v1/space");
    await peer.call("PUT", "/v1/entry?key=k", "v", { "content-type": "text/plain" });
    before = await peer.object("GET", "/v1/status");
  }
  const first = await carryOut("0.0.0", home);
  assertEquals(first.entries, 1);
  {
    await using peer = await startHost(home);
    const status = await peer.object("GET", "/v1/status");
    assertEquals([status.peer, status.space, status.entries], [before.peer, null, 0], "the identity stays");
    await peer.object("POST", "/v1/space");
  }
  first.putBack();
  {
    await using peer = await startHost(home);
    const status = await peer.object("GET", "/v1/status");
    assertEquals([status.space, status.digest], [before.space, before.digest]);
  }
  const second = await carryOut("0.0.0", home);
  await using peer = await startHost(home);
  await peer.object("POST", "/v1/space");
  assertEquals((await peer.lines("POST", "/v1/import", await second.read())).at(-1)?.imported, 1);
  second.arrived();
  assertEquals(await (await peer.call("GET", "/v1/entry?key=k")).text(), "v");
  const names = [...Deno.readDirSync(home)].map(({ name }) => name);
  assertEquals(names.includes("carried.ndjson"), false);
  assertEquals(Deno.statSync(second.asidePath).isFile, true, "the former store is kept");
});
