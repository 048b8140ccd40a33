import { assert, assertEquals } from "@std/assert";
import type { Now } from "../../lib/base/clock.ts";
import { MAX_DIALS_TO_PEER } from "../../lib/base/limits.ts";
import { Dialler } from "../../lib/mesh/dialler.ts";
import { Prng } from "../sim/prng.ts";

const A = "10.0.0.1:1";
const B = "10.0.0.2:2";
const C = "10.0.0.3:3";

function at(monotonicMs: number): Now {
  return { monotonicMs, wallMs: 0 };
}

function dialler(): Dialler {
  return new Dialler(new Prng(3));
}

Deno.test("a peer is dialled at once, and at its next address where the first does not answer for 250 ms", () => {
  const d = dialler();
  assertEquals([d.deadline(), d.due(at(0))], [Infinity, []]);
  d.aim("p", [A, B], at(5));
  assertEquals(d.deadline(), 5);
  assertEquals(d.due(at(5)), [A]);
  assertEquals([d.deadline(), d.due(at(254))], [255, []]);
  assertEquals(d.due(at(255)), [B]);
  assertEquals([d.deadline(), d.due(at(1e9))], [Infinity, []]);
});

Deno.test("at most four addresses of a peer are dialled at a time, and the next one when one failed", () => {
  const d = dialler();
  const addresses = [1, 2, 3, 4, 5, 6].map((host) => `10.0.0.${host}:1`);
  d.aim("p", addresses, at(0));
  const dialled: string[] = [];
  for (let nowMs = 0; nowMs <= 5000; nowMs += 250) dialled.push(...d.due(at(nowMs)));
  assertEquals(dialled, addresses.slice(0, MAX_DIALS_TO_PEER));
  d.hurry("p", at(5001));
  assertEquals(d.due(at(5001)), []);
  d.failed(addresses[1] as string, at(5002));
  assertEquals(d.due(at(5002)), [addresses[1]], "the round was begun anew");
  d.failed(addresses[0] as string, at(5003));
  assertEquals(d.due(at(5003)), [addresses[4]]);
});

Deno.test("who answers at one address is not dialled at another, unless that led to no link", () => {
  const d = dialler();
  d.aim("p", [A, B, C], at(0));
  assertEquals([...d.due(at(0)), ...d.due(at(250))], [A, B]);
  d.answered(B, "p", at(260));
  assertEquals([d.deadline(), d.due(at(1e9))], [Infinity, []]);
  d.failed(A, at(300));
  d.answered(A, "p", at(301));
  assertEquals(d.deadline(), Infinity, "another answer changes nothing");
  d.failed(B, at(310));
  assertEquals(d.due(at(310)), [C]);
});

Deno.test("back-off doubles with every failed round up to 15 s, each wait between half and the whole of it", () => {
  const d = dialler();
  d.aim("p", [A], at(0));
  let nowMs = 0;
  for (let failures = 1; failures <= 12; failures++) {
    assertEquals(d.due(at(nowMs)), [A]);
    d.failed(A, at(nowMs));
    const longest = Math.min(250 * 2 ** failures, 15_000);
    const waitMs = d.deadline() - nowMs;
    assert(waitMs >= longest / 2 && waitMs <= longest, `${waitMs} ms after ${failures} failures`);
    assertEquals(d.due(at(nowMs + waitMs - 1)), []);
    nowMs += waitMs;
  }
});

Deno.test("a peer that was found nearby is dialled every 2 s at least, for ten minutes", () => {
  const d = dialler();
  d.aim("p", [A], at(0), true);
  let nowMs = 0;
  for (let failures = 1; nowMs < 600_000; failures++) {
    assertEquals(d.due(at(nowMs)), [A]);
    d.failed(A, at(nowMs));
    assert(d.deadline() - nowMs <= Math.min(250 * 2 ** failures, 2000));
    nowMs = d.deadline();
  }
  d.due(at(nowMs));
  d.failed(A, at(nowMs));
  assert(d.deadline() - nowMs >= 7500);
  d.linked("p", at(700_000));
  d.unlinked("p", at(800_000));
  for (let i = 0; i < 9; i++) {
    nowMs = d.deadline();
    d.due(at(nowMs));
    d.failed(A, at(nowMs));
  }
  assert(d.deadline() - nowMs <= 2000);
});

Deno.test("who was just heard of is dialled at once, also while a dial to another address is under way", () => {
  const d = dialler();
  d.aim("p", [A], at(0));
  d.due(at(0));
  d.aim("p", [B, A], at(10), true);
  d.hurry("p", at(10));
  assertEquals(d.due(at(10)), [B]);
  d.failed(A, at(11));
  d.hurry("p", at(12));
  assertEquals(d.due(at(12)), [A], "not the one that is under way");
  d.linked("p", at(20));
  d.hurry("p", at(21));
  assertEquals(d.due(at(21)), []);
  d.hurry("q", at(21));
});

Deno.test("after an address that failed the next one follows at once, and a whole round of them is one failure", () => {
  const d = dialler();
  d.aim("p", [A, B], at(0));
  let nowMs = 0;
  for (let round = 1; round <= 3; round++) {
    assertEquals(d.due(at(nowMs)), [A]);
    d.failed(A, at(nowMs));
    assertEquals(d.due(at(nowMs)), [B]);
    d.failed(B, at(nowMs));
    const longest = 250 * 2 ** round;
    const waitMs = d.deadline() - nowMs;
    assert(waitMs >= longest / 2 && waitMs <= longest, `${waitMs} ms after ${round} rounds`);
    nowMs += waitMs;
  }
});

Deno.test("a round is over when the last of its dials is", () => {
  const d = dialler();
  d.aim("p", [A, B], at(0));
  assertEquals([...d.due(at(0)), ...d.due(at(250))], [A, B]);
  d.failed(B, at(300));
  assertEquals(d.deadline(), Infinity);
  d.failed(A, at(10_000));
  assert(d.deadline() >= 10_250 && d.deadline() <= 10_500);
});

Deno.test("a linked peer is not dialled; once a steady link is gone it is dialled soon", () => {
  const d = dialler();
  d.aim("p", [A], at(0));
  for (let i = 0; i < 8; i++) {
    const due = Math.max(d.deadline(), 0);
    d.due(at(due));
    d.failed(A, at(due));
  }
  d.linked("p", at(100_000));
  assertEquals([d.deadline(), d.due(at(1e9))], [Infinity, []]);
  d.unlinked("p", at(105_000));
  assert(d.deadline() - 105_000 <= 250);
});

Deno.test("links that do not last count as failures", () => {
  const d = dialler();
  d.aim("p", [A], at(0));
  let nowMs = 0;
  for (let i = 1; i <= 8; i++) {
    assertEquals(d.due(at(nowMs)), [A]);
    d.linked("p", at(nowMs));
    d.unlinked("p", at(nowMs + 10));
    assert(d.deadline() - nowMs - 10 >= Math.min(250 * 2 ** i, 15_000) / 2);
    nowMs = d.deadline();
  }
});

Deno.test("a dial that is still under way when a link opens from the other side is forgotten", () => {
  const d = dialler();
  d.aim("p", [A], at(0));
  d.due(at(0));
  d.linked("p", at(1));
  d.failed(A, at(2));
  assertEquals(d.deadline(), Infinity);
  d.unlinked("p", at(10_000));
  assertEquals(d.due(at(d.deadline())), [A]);
});

Deno.test("an address that another peer answered is given up for the next one", () => {
  const d = dialler();
  d.aim("p", [A, B], at(0));
  d.aim("q", [A], at(0));
  assertEquals(d.due(at(0)), [A]);
  d.answered(A, "q", at(10));
  d.linked("q", at(10));
  assertEquals(d.due(at(d.deadline())), [B]);
});

Deno.test("two peers behind one address are not dialled twice at a time", () => {
  const d = dialler();
  d.aim("p", [A], at(0));
  d.aim("q", [A, B], at(0));
  assertEquals(d.due(at(0)), [A]);
  d.failed(A, at(10));
  assertEquals(d.due(at(10)), [B]);
  assertEquals(d.due(at(d.deadline())), [A]);
});

Deno.test("other addresses of a linked peer are kept, and not dialled", () => {
  const d = dialler();
  d.aim("p", [A], at(0));
  d.linked("p", at(0));
  d.aim("p", [B, A], at(1));
  assertEquals([d.deadline(), d.due(at(1e9))], [Infinity, []]);
  d.unlinked("p", at(10_000));
  assertEquals(d.due(at(d.deadline())), [B]);
});

Deno.test("new addresses are tried at once, the same ones are not", () => {
  const d = dialler();
  d.aim("p", [A], at(0));
  d.due(at(0));
  d.failed(A, at(0));
  const waits = d.deadline();
  d.aim("p", [A], at(1));
  assertEquals(d.deadline(), waits);
  d.aim("p", [B], at(1));
  assertEquals(d.due(at(1)), [B]);
});

Deno.test("after a change of network everybody is dialled anew", () => {
  const d = dialler();
  for (const [peer, address] of [["p", A], ["q", B]] as const) d.aim(peer, [address], at(0));
  d.due(at(0));
  for (let i = 0; i < 6; i++) {
    d.failed(A, at(1000));
    d.due(at(60_000 * (i + 1)));
  }
  d.failed(A, at(400_000));
  d.linked("q", at(400_000));
  d.networkChanged(at(400_001));
  assertEquals(d.due(at(400_001)), [A]);
});

Deno.test("who is forgotten, or has no address any more, is not dialled", () => {
  const d = dialler();
  d.aim("p", [A], at(0));
  d.aim("q", [B], at(0));
  d.keepOnly((peer) => peer !== "p");
  d.aim("q", [], at(0));
  assertEquals([d.deadline(), d.due(at(1e9))], [Infinity, []]);
  for (const act of [() => d.linked("p", at(0)), () => d.unlinked("p", at(0)), () => d.failed(A, at(0))]) act();
  assertEquals(d.deadline(), Infinity);
});

/** Links that break a second after they came about. @returns when the last one did. */
function breakSoon(d: Dialler, times: number, fromMs: number): number {
  for (let i = 0; i < times; i++) {
    d.linked("p", at(fromMs + i * 1000));
    d.unlinked("p", at(fromMs + i * 1000 + 999), true);
  }
  return fromMs + times * 1000;
}

Deno.test("who is linked by another way, and whose links soon broke, is dialled ever more seldom", () => {
  const d = dialler();
  d.aim("p", [A], at(0));
  let nowMs = breakSoon(d, 2, 0);
  d.detoured("p", at(nowMs));
  assert(d.deadline() < nowMs + 15_000, "two may be by chance");
  for (const limitMs of [60_000, 120_000, 240_000]) {
    nowMs = breakSoon(d, 1, nowMs);
    d.detoured("p", at(nowMs));
    const dueMs = d.deadline();
    assert(dueMs >= nowMs + limitMs / 2 && dueMs <= nowMs + limitMs, `${dueMs - nowMs} ms`);
    d.detoured("p", at(dueMs - 1));
    d.hurry("p", at(dueMs - 1));
    assertEquals(
      [d.deadline(), d.due(at(dueMs - 1))],
      [dueMs, []],
      "neither a better detour nor news puts it off, or hurries it",
    );
    assertEquals(d.due(at(dueMs)), [A]);
    d.failed(A, at(dueMs));
    nowMs = dueMs;
  }
  nowMs = breakSoon(d, 20, nowMs);
  d.detoured("p", at(nowMs));
  assert(d.deadline() <= nowMs + 60 * 60 * 1000);
});

Deno.test("that is over where the other way ends, the network changes, or the peer is elsewhere", () => {
  const after = (change: (d: Dialler) => void) => {
    const d = dialler();
    d.aim("p", [A, B], at(0));
    breakSoon(d, 9, 0);
    d.detoured("p", at(9000));
    change(d);
    return d.deadline() < 9000 + 15_000;
  };
  assert(!after(() => {}));
  assert(after((d) => d.detourEnded("p")));
  assert(after((d) => d.networkChanged(at(9000))));
  assert(after((d) => d.aim("p", [A, C], at(9000))));
  assert(!after((d) => d.aim("p", [B, A], at(9000))), "it is at the same addresses");
});

Deno.test("that is over once it is linked by its own way: where this breaks, it may be linked by nothing", () => {
  const d = dialler();
  d.aim("p", [A], at(0));
  d.detoured("p", at(breakSoon(d, 9, 0)));
  assert(d.deadline() > 9000 + 15_000);
  breakSoon(d, 1, 9000);
  assert(d.deadline() < 9999 + 15_000);
  d.detoured("p", at(10_000));
  assert(d.deadline() > 10_000 + 15_000, "that its links soon break is not forgotten");
});

Deno.test("a link that lasted, and one that was meant to end, is no brief one", () => {
  const d = dialler();
  d.aim("p", [A], at(0));
  breakSoon(d, 5, 0);
  d.linked("p", at(5000));
  d.unlinked("p", at(5000 + 5 * 60_000), true);
  breakSoon(d, 2, 400_000);
  d.linked("p", at(410_000));
  d.unlinked("p", at(411_000));
  d.detoured("p", at(411_000));
  assert(d.deadline() < 411_000 + 15_000);
});

Deno.test("a link of which it is told again and again lasts since the first time", () => {
  const d = dialler();
  d.aim("p", [A], at(0));
  breakSoon(d, 5, 0);
  for (const againMs of [0, 1, 5 * 60_000 - 1]) d.linked("p", at(5000 + againMs));
  d.unlinked("p", at(5000 + 5 * 60_000), true);
  d.detoured("p", at(400_000));
  assert(d.deadline() < 400_000);
  d.linked("p", at(400_000));
  d.unlinked("p", at(400_010));
  assert(d.deadline() >= 400_010 + 250, "another one begins anew");
});

Deno.test("whether a peer could be reached at none of its addresses can be asked", () => {
  const d = dialler();
  assert(d.hasFailed("p"), "nobody knows where it is");
  d.aim("p", [A, B], at(0));
  assert(!d.hasFailed("p"));
  d.due(at(0));
  d.failed(A, at(1));
  assert(!d.hasFailed("p"), "there is another address");
  d.due(at(d.deadline()));
  d.failed(B, at(1000));
  assert(d.hasFailed("p"));
});
