import { assertEquals } from "@std/assert";
import { startHost, tempFolder } from "../host/temp_host.ts";

Deno.test("a damaged record is refused wherever it is read, and the peer goes on", async () => {
  await using folder = await tempFolder();
  const home = `${folder.path}/a`;
  const marker = "a value that is easy to find on the disk";
  {
    await using peer = await startHost(home);
    await peer.object("POST", "/v1/space");
    await peer.call("PUT", "/v1/entry?key=bad", marker, { "content-type": "text/plain" });
    await peer.call("PUT", "/v1/entry?key=good", "good", { "content-type": "text/plain" });
  }
  const path = `${home}/store.sqlite`;
  const bytes = Deno.readFileSync(path);
  const wanted = new TextEncoder().encode(marker);
  const at = bytes.findIndex((_, start) => wanted.every((byte, i) => bytes[start + i] === byte));
  bytes[at] = (bytes[at] as number) ^ 1;
  Deno.writeFileSync(path, bytes);

  await using peer = await startHost(home);
  const refused = await peer.object("GET", "/v1/entry?key=bad");
  assertEquals([refused.error, refused.exit], ["record_damaged", 1]);
  assertEquals((await peer.lines("GET", "/v1/entries")).at(-1)?.error, "record_damaged");
  assertEquals((await peer.lines("GET", "/v1/watch?initial=1")).at(-1)?.error, "record_damaged");
  assertEquals((await peer.object("POST", "/v1/wait", { key: "bad" })).error, "record_damaged");
  assertEquals(await (await peer.call("GET", "/v1/entry?key=good")).text(), "good");
  await peer.call("PUT", "/v1/entry?key=good", "better", { "content-type": "text/plain" });
  assertEquals(await (await peer.call("GET", "/v1/entry?key=good")).text(), "better");
});
