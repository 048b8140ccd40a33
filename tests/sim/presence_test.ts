import { assert, assertEquals } from "@std/assert";
import { GONE_AFTER_MS, MAX_TOLD_INTERRUPTIONS, SILENCE_TOLD_AFTER_MS } from "../../lib/base/limits.ts";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

/** A lab in which is kept what each peer tells of the others: `NAME OF WHOM: REASON`. */
class PresenceLab {
  readonly lab = new Lab();
  readonly told: string[][] = [];

  constructor(count: number) {
    const founder = this.add();
    this.lab.ask(founder, { type: "create_space" });
    for (let i = 1; i < count; i++) this.lab.join(this.add(), this.lab.invite(founder), founder);
    this.lab.untilHealed();
  }

  add(): SimPeer {
    const told: string[] = [];
    this.told.push(told);
    return this.lab.add({
      heard: ({ name, reason, fields }) => {
        if (!name.startsWith("member_") && name !== "stranger_waiting") return;
        const whom = this.lab.peers.findIndex(({ id }) => id === fields?.peer);
        told.push(`${name.replace(/^member_/, "")} ${whom}${reason === undefined ? "" : `: ${reason}`}`);
      },
    });
  }

  /** What a peer told since this was asked last. */
  news(index: number): string[] {
    return (this.told[index] as string[]).splice(0);
  }

  /** Waits until a peer tells something. @returns how long it took. */
  until(index: number, what: string): number {
    return this.lab.until(() => this.told[index]?.some((line) => line.startsWith(what)) === true, what);
  }

  /** Breaks every connection between two peers. */
  breakLinks(a: SimPeer, b: SimPeer): void {
    const both = [a, b] as unknown[];
    for (const end of this.lab.network.connections()) {
      if (both.includes(end.host) && both.includes(end.other.host)) this.lab.network.lose(end);
    }
  }
}

Deno.test("who comes in is told of with its name by all, and is not told of who was there before", () => {
  const { lab, told } = new PresenceLab(3);
  assertEquals(told[0]?.filter((line) => !line.startsWith("linked")), [
    ...["stranger_waiting 1", "joined 1", "stranger_waiting 2", "joined 2"],
  ]);
  assertEquals(told[1]?.filter((line) => line.startsWith("joined")), ["joined 2"]);
  assertEquals(told[2]?.filter((line) => line.startsWith("joined")), []);
  assertEquals(told[2]?.toSorted(), ["linked 0", "linked 1"]);
  assertEquals(lab.peers[0]?.machine?.door(), []);
});

Deno.test("who stops is told to have left after one way, and to be back when it is", () => {
  const p = new PresenceLab(3);
  const [a, b, c] = p.lab.peers as [SimPeer, SimPeer, SimPeer];
  p.told.forEach((_, index) => p.news(index));
  b.push({ type: "stopping" });
  const [, latencyMs] = p.lab.network.habits.latencyMs;
  for (const index of [0, 2]) {
    const tookMs = p.until(index, "left 1");
    assert(tookMs <= 2 * latencyMs + 20, `${tookMs} ms`);
    assertEquals(p.news(index), ["unlinked 1: goodbye", "left 1: goodbye"]);
  }
  assertEquals(p.news(1), [], "who stops does not tell of the others");
  assertEquals(a.machine?.status().absent.map(({ absence }) => absence), ["left"]);
  b.crash(false);
  p.lab.wait(60_000);
  assertEquals([p.news(0), p.news(2)], [[], []]);
  b.boot();
  p.lab.untilHealed();
  for (const index of [0, 2]) assertEquals(p.news(index), ["linked 1", "back 1"]);
  assertEquals(c.machine?.status().absent, []);
});

Deno.test("a crash is told within seconds: of the process, of the machine", () => {
  for (const [isSilent, reason, withinMs] of [[false, "truncated", 1000], [true, "silent", 1000]] as const) {
    const p = new PresenceLab(3);
    const b = p.lab.peers[1] as SimPeer;
    p.told.forEach((_, index) => p.news(index));
    b.crash(isSilent);
    for (const index of [0, 2]) {
      const tookMs = p.until(index, "gone 1");
      const patienceMs = isSilent ? SILENCE_TOLD_AFTER_MS : GONE_AFTER_MS;
      assert(tookMs <= patienceMs + withinMs, `${tookMs} ms`);
      assertEquals(p.news(index).at(-1), `gone 1: ${reason}`);
    }
    assertEquals(p.lab.peers[0]?.machine?.status().absent.length, isSilent ? 0 : 1);
    p.lab.wait(60_000);
    // The end of a silent link follows; that it is gone is not told again.
    for (const index of [0, 2]) assertEquals(p.news(index), isSilent ? ["unlinked 1: silent"] : []);
    b.boot();
    p.lab.untilHealed();
    for (const index of [0, 2]) assertEquals(p.news(index), ["linked 1", "back 1"]);
  }
});

Deno.test("a link that is silent for a while is back when something comes", () => {
  const p = new PresenceLab(2);
  const [a, b] = p.lab.peers as [SimPeer, SimPeer];
  p.told.forEach((_, index) => p.news(index));
  b.freeze();
  p.lab.wait(SILENCE_TOLD_AFTER_MS + 5000);
  assertEquals(p.news(0), ["gone 1: silent"]);
  b.wake();
  p.until(0, "back 1");
  p.lab.wait(60_000);
  assertEquals([p.news(0), p.news(1)], [["back 1"], []], "who stood still itself lost nobody");
  assert(p.lab.isLinked(a, b));
});

Deno.test("a short interruption is nobody's going, and a link that flaps is told of in bounds", () => {
  const p = new PresenceLab(2);
  const [a, b] = p.lab.peers as [SimPeer, SimPeer];
  p.told.forEach((_, index) => p.news(index));
  p.breakLinks(a, b);
  p.lab.until(() => !p.lab.isLinked(a, b), "the link to break");
  p.lab.untilHealed();
  p.lab.wait(10_000);
  assertEquals(p.news(0).map((line) => line.replace(/:.*/, "")), ["unlinked 1", "linked 1"]);
  p.lab.wait(120_000);

  const startMs = p.lab.schedule.nowMs;
  for (let times = 0; times < 40; times++) {
    p.breakLinks(a, b);
    a.request({ type: "connect", address: b.listensAt as string }, () => {});
    p.lab.until(() => !p.lab.isLinked(a, b) && !p.lab.isLinked(b, a), "the link to break");
    p.lab.until(() => p.lab.isLinked(a, b) && p.lab.isLinked(b, a), "the link to be back");
    p.lab.wait(50);
  }
  const seconds = (p.lab.schedule.nowMs - startMs) / 1000;
  const most = 2 * (MAX_TOLD_INTERRUPTIONS + seconds / 10 + 1);
  for (const index of [0, 1]) {
    const news = p.news(index);
    const ends = news.filter((line) => line.startsWith("unlinked")).length;
    assert(2 * ends <= most, `${ends} ends told in ${seconds} s`);
    const gone = news.filter((line) => line.startsWith("gone")).length;
    assertEquals(gone, news.filter((line) => line.startsWith("back")).length);
    assertEquals(news.filter((line) => line.startsWith("linked")).length, ends);
  }
});

Deno.test("who leaves the space, or is removed from it, is told as that", () => {
  const p = new PresenceLab(3);
  const [a, b, c] = p.lab.peers as [SimPeer, SimPeer, SimPeer];
  p.told.forEach((_, index) => p.news(index));
  p.lab.ask(b, { type: "leave" });
  p.until(0, "removed 1");
  p.lab.ask(a, { type: "revoke", peer: c.id });
  p.lab.wait(30_000);
  const news = p.news(0);
  assertEquals(news.filter((line) => line.startsWith("removed")), ["removed 1: left", "removed 2: removed"]);
  assertEquals(news.filter((line) => line.startsWith("gone")), []);
});

Deno.test("what one side of a link lacks is told in transactions", () => {
  const { lab } = new PresenceLab(2);
  const [a, b] = lab.peers as [SimPeer, SimPeer];
  const seen = () => a.machine?.peers().map(({ missingHere, missingThere }) => [missingHere, missingThere])[0];
  assertEquals(seen(), [0, 0]);
  assertEquals(a.machine?.peers()[0]?.role, "writer");
  b.freeze();
  lab.set(a, "k", "v");
  assertEquals(seen(), [0, 0], "on its way, which is not to lack it");
  assertEquals(a.machine?.peers()[0]?.inSync, false);
  b.wake();
  lab.untilHealed();
});
