import { assertEquals } from "@std/assert";
import type { PeerEvent } from "../../lib/base/event.ts";
import { Copies } from "../../lib/peer/copies.ts";

const HASH = new Uint8Array(32).fill(1);

function copies(): { copies: Copies; events: unknown[]; back: string[] } {
  const back: string[] = [];
  const events: unknown[] = [];
  const emit = ({ name, fields }: PeerEvent) => void events.push([name, fields?.address]);
  return { copies: new Copies(emit, (address) => back.push(address)), events, back };
}

const at = (monotonicMs: number) => ({ monotonicMs, wallMs: 0 });

Deno.test("a peer that dials its own address finds both ends of that link in itself", () => {
  const { copies: own, events, back } = copies();
  own.met("out", HASH, "a:1", at(0));
  assertEquals(own.deadline(), 3000);
  own.met("in", HASH, "b:2", at(10));
  assertEquals(own.deadline(), Infinity);
  own.tick(at(10_000));
  assertEquals([events, own.addresses, back], [[], [], ["a:1"]]);
});

Deno.test("another process with the same identity is found by who listens at once, and by who dials after a while", () => {
  const listener = copies();
  listener.copies.met("in", HASH, "a:1", at(0));
  assertEquals(listener.events, [["home_copied", "a:1"]]);
  const dialler = copies();
  for (const ms of [0, 5000]) {
    dialler.copies.met("out", HASH, "b:2", at(ms));
    dialler.copies.tick(at(ms + 2999));
    dialler.copies.tick(at(ms + 3000));
  }
  assertEquals(dialler.events, [["home_copied", "b:2"]]);
  assertEquals([dialler.copies.addresses, dialler.back, listener.back], [["b:2"], [], []]);
});

Deno.test("addresses of copies are bounded, and so are links that wait for their other end", () => {
  const { copies: own, events } = copies();
  for (let i = 0; i < 100; i++) {
    own.met("in", HASH, `a:${i}`, at(0));
    own.met("out", new Uint8Array([i]), `b:${i}`, at(0));
  }
  own.tick(at(10_000));
  assertEquals([events.length, own.addresses.length], [16, 16]);
});
