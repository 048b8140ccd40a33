import { assertEquals } from "@std/assert";
import { Machine } from "./kith.ts";

async function ask(address: string, text: string): Promise<string> {
  const [hostname = "", port = ""] = address.split(":");
  using conn = await Deno.connect({ hostname, port: Number(port) });
  await conn.write(new TextEncoder().encode(text));
  const buffer = new Uint8Array(1024);
  return new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0));
}

Deno.test("a script of a few lines takes part, and 'kith text' is the other side", async () => {
  await using machine = new Machine();
  const a = machine.home("a");
  const b = machine.home("b");
  const peerA = await a.up(["--text", "127.0.0.1:0"]);
  assertEquals(await ask(peerA.ready.text, "update_data,one,two"), "update_ack");
  assertEquals(await a.ok("ls"), "text/one\ntext/two\n");
  const peerB = await b.up();
  await b.ok("set", "text/three", "three");
  assertEquals(await b.object("text", peerA.ready.text), { v: 1, pulled: 2, pushed: 1, skipped: 0 });
  assertEquals(await ask(peerA.ready.text, "get_data\n"), "one,two,three\n");
  assertEquals([await peerA.stop("SIGTERM"), await peerB.stop("SIGTERM")], [0, 0]);
});
