import { assertEquals } from "@std/assert";
import { type Carried, carriedIn, carryOut } from "../../lib/api/carry.ts";
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
  {
    await using peer = await startHost(home, { carrying: true });
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
  assertEquals(carriedIn(home), null, "it may be taken back yet");
  second.joined();
  await using peer = await startHost(home);
  await peer.object("POST", "/v1/space");
  const waiting = carriedIn(home) as Carried;
  assertEquals((await peer.lines("POST", "/v1/import", await waiting.read())).at(-1)?.imported, 1);
  waiting.arrived();
  assertEquals(await (await peer.call("GET", "/v1/entry?key=k")).text(), "v");
  const names = [...Deno.readDirSync(home)].map(({ name }) => name);
  assertEquals(names.filter((name) => name.startsWith("carried")), []);
  assertEquals(Deno.statSync(waiting.asidePath).isFile, true, "the former store is kept");
});
