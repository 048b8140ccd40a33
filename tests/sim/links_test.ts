import { assert, assertEquals } from "@std/assert";
import type { PeerEvent } from "../../lib/base/event.ts";
import { DIAL_TIMEOUT_MS } from "../../lib/base/limits.ts";
import { Lab } from "./lab.ts";

Deno.test("1,000 simultaneous dials from both sides end in one link each", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2) as [typeof lab.peers[0], typeof lab.peers[0]];
  let crossed = 0;
  for (let i = 0; i < 1000; i++) {
    for (const end of lab.network.connections()) lab.network.lose(end);
    lab.until(() => !lab.isLinked(a, b) && !lab.isLinked(b, a), "the link to be lost");
    // Both dial within the time that a handshake takes.
    lab.network.habits = { ...lab.network.habits, latencyMs: [1, 1 + lab.prng.below(40)] };
    a.request({ type: "connect", address: b.listensAt as string }, () => {});
    lab.wait(lab.prng.below(10));
    b.request({ type: "connect", address: a.listensAt as string }, () => {});
    let open = 0;
    for (let ms = 0; ms < 300; ms += 10) {
      lab.wait(10);
      open = Math.max(open, lab.network.connections().length);
    }
    if (open >= 2) crossed++;
    lab.until(() => lab.network.connections().length === 1, "one connection to be left");
    lab.until(() => lab.isLinked(a, b) && lab.isLinked(b, a), "one link");
    assertEquals([a, b].map(({ machine }) => machine?.peers().length), [1, 1], `round ${i}`);
  }
  assert(crossed > 900, `only ${crossed} of 1,000 rounds had two connections at a time`);
});

Deno.test("dials of one peer at several addresses at a time end in one link, and none that was open is closed", () => {
  const lab = new Lab();
  const closed: string[] = [];
  const heard = ({ name, reason }: PeerEvent) => void (name === "link_closed" && closed.push(reason ?? ""));
  const [a, b] = [lab.add({ heard }), lab.add({ heard })] as const;
  lab.ask(a, { type: "create_space" });
  lab.join(b, lab.invite(a), a);
  const address = b.listensAt as string;
  const dial = lab.network.dial.bind(lab.network);
  const others = ["10.0.9.1:1", "10.0.9.2:1"];
  let dials = 0;
  lab.network.dial = (host, to) => {
    if (host === a) dials++;
    dial(host, others.includes(to) ? address : to);
  };
  for (let i = 0; i < 200; i++) {
    for (const end of lab.network.connections()) lab.network.lose(end);
    lab.until(() => !lab.isLinked(a, b) && !lab.isLinked(b, a), "the link to be lost");
    closed.length = 0;
    lab.network.habits = { ...lab.network.habits, latencyMs: [1, 1 + lab.prng.below(40)] };
    for (const to of [...others, address]) {
      a.request({ type: "connect", address: to }, () => {});
      lab.wait(lab.prng.below(10));
    }
    lab.until(() => lab.network.connections().length === 1, "one connection to be left");
    lab.until(() => lab.isLinked(a, b) && lab.isLinked(b, a), "one link");
    assertEquals(closed, [], `round ${i}`);
  }
  assert(dials >= 600);
});

Deno.test("an address that swallows everything does not hold up the one that follows", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [typeof lab.peers[0], typeof lab.peers[0], typeof lab.peers[0]];
  const former = b.listensAt as string;
  const dial = lab.network.dial.bind(lab.network);
  lab.network.dial = (host, to) => {
    if (host === b && to === a.listensAt) return;
    if (to !== former) return dial(host, to);
    lab.schedule.after(DIAL_TIMEOUT_MS, () => host.dialFailed(to, "no answer"));
  };
  lab.network.cut(a, b);
  for (const end of lab.network.connections()) {
    if ([a, b].includes(end.host as typeof a) && [a, b].includes(end.other.host as typeof a)) lab.network.lose(end);
  }
  b.move("10.0.9.9:5484");
  lab.until(() => lab.isLinked(b, c) && lab.isLinked(c, b), "the one that moved to be back with the third");
  lab.wait(30_000);
  lab.network.mend(a, b);
  // The first has seen the second at its former address only, and knows the new one by its word.
  a.push({ type: "network_changed" });
  const tookMs = lab.until(() => lab.isLinked(a, b) && lab.isLinked(b, a), "the two to be linked");
  assert(tookMs <= 1000, `${tookMs} ms`);
});

Deno.test("a peer that changes its address dials the others, and is found by those that it told", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [typeof lab.peers[0], typeof lab.peers[0], typeof lab.peers[0]];
  b.move("10.0.9.9:5484");
  const tookMs = lab.untilHealed();
  assert(tookMs < 60_000, `${tookMs} ms`);
  // Whoever has to dial it next dials the new address.
  for (const other of [a, c]) {
    const end = lab.network.connections().find(({ host, other: { host: far } }) =>
      (host === other && far === b) || (host === b && far === other)
    );
    assert(end !== undefined);
  }
  lab.set(a, "k", "v");
  b.crash(true);
  b.boot();
  lab.untilHealed();
});

Deno.test("a peer that changes its address while apart is found by what a third one tells", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [typeof lab.peers[0], typeof lab.peers[0], typeof lab.peers[0]];
  lab.network.cut(a, b);
  for (const end of lab.network.connections()) {
    if ([a, b].includes(end.host as typeof a) && [a, b].includes(end.other.host as typeof a)) lab.network.lose(end);
  }
  b.move("10.0.9.9:5484");
  lab.until(() => lab.isLinked(b, c) && lab.isLinked(c, b), "the one that moved to be back with the third");
  // It does not dial by itself any more; and the first has never seen it at its new address.
  a.move("10.0.8.8:5484");
  lab.until(() => lab.isLinked(a, c) && lab.isLinked(c, a), "the first to be back with the third");
  lab.wait(1000);
  lab.network.mend(a, b);
  lab.untilHealed();
});

Deno.test("a new address is believed though the peer's clock fell back to 1970", () => {
  const lab = new Lab();
  const founder = lab.add();
  lab.ask(founder, { type: "create_space" });
  const clockless = lab.add({ wallMs: -60_000 });
  lab.join(clockless, lab.invite(founder), founder);
  lab.untilHealed();
  clockless.move("10.0.9.9:5484");
  lab.untilHealed();
  const record = founder.machine?.peers()[0];
  assertEquals(record?.peer, clockless.machine?.status().peer);
  founder.crash(false);
  founder.boot();
  // It is dialled at the address that it told last.
  lab.untilHealed();
});

Deno.test("a peer asleep for ten minutes is noticed, and recovers", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2) as [typeof lab.peers[0], typeof lab.peers[0]];
  b.freeze();
  const noticedMs = lab.until(() => !lab.isLinked(a, b), "its silence to be noticed");
  assert(noticedMs <= 31_000, `${noticedMs} ms`);
  assertEquals(a.machine?.status().synced, false);
  assertEquals(a.machine?.status().absent.length, 1);
  lab.set(a, "while/asleep", "x");
  lab.wait(600_000);
  b.wake();
  const recoveredMs = lab.untilHealed();
  assert(recoveredMs <= 31_000, `${recoveredMs} ms`);
  assertEquals(b.machine?.get("while/asleep")?.value, new TextEncoder().encode("x"));
});

Deno.test("a half-open link is noticed by its silence", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2) as [typeof lab.peers[0], typeof lab.peers[0]];
  const end = lab.network.connections()[0];
  assert(end !== undefined);
  // Neither side dials as long as the cut lasts, and only one of them knows that the link is gone.
  lab.network.cut(a, b);
  lab.network.halfOpen(end);
  const [knows, knowsNot] = end.host === a ? [a, b] : [b, a];
  lab.until(() => !lab.isLinked(knows, knowsNot), "the one end to be told");
  assert(lab.isLinked(knowsNot, knows));
  const noticedMs = lab.until(() => !lab.isLinked(knowsNot, knows), "the other end to notice");
  assert(noticedMs > 5000 && noticedMs <= 31_000, `${noticedMs} ms`);
  lab.network.mend(a, b);
  lab.untilHealed();
});

Deno.test("a half-open link gives way to the next dial of the same peer", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2) as [typeof lab.peers[0], typeof lab.peers[0]];
  b.crash(true);
  b.boot();
  const tookMs = lab.untilHealed();
  assert(tookMs < 15_000, `${tookMs} ms`);
  assert(lab.isLinked(a, b));
});
