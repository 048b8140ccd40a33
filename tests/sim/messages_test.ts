import { assertEquals } from "@std/assert";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("a message reaches who subscribes at every member, once", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  const readers = [a, b, c].map((peer) => peer.machine!.subscribe("news"));
  const payload = new TextEncoder().encode("hello");
  const reply = lab.ask(a, { type: "post", posts: [{ topic: "news", payload }], to: null });
  assertEquals(reply.reached, 2);
  lab.wait(1000);
  for (const reader of readers) {
    assertEquals(reader.take().posts.map(({ topic, payload, peer }) => [topic, text(payload), peer]), [[
      "news",
      "hello",
      a.id,
    ]]);
  }
});
