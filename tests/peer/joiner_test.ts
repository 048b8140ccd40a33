import { assertEquals } from "@std/assert";
import { Joiner, type JoinerParts, type JoinOutcome } from "../../lib/peer/joiner.ts";
import type { Reply } from "../../lib/peer/machine.ts";
import { Lab } from "../sim/lab.ts";
import type { SimPeer } from "../sim/sim_peer.ts";

Deno.test("who knocks at two doors gets in by one, and neither takes the other for a refusal", () => {
  const lab = new Lab();
  const doors = lab.space(2) as [SimPeer, SimPeer];
  const keys = lab.invite(doors[0]);
  lab.untilHealed();
  const joiner = lab.add();
  lab.ask(joiner, { type: "join", keys, addresses: doors.map(({ listensAt }) => listensAt as string) });
  lab.untilHealed();
  const warnings = lab.peers.flatMap((peer) => [...peer.warnings]);
  assertEquals(warnings.filter((warning) => warning.endsWith("bad_state")), []);
});

Deno.test("a door is found behind many addresses that are none", () => {
  const lab = new Lab();
  const [door] = lab.space(1) as [SimPeer];
  const keys = lab.invite(door);
  const joiner = lab.add();
  const nobody = Array.from({ length: 20 }, (_, i) => `10.9.9.9:${i + 1}`);
  const addresses = [...nobody, door.listensAt as string];
  // It fails where no door lets it in.
  lab.ask(joiner, { type: "join", keys, addresses });
  lab.untilHealed();
});

Deno.test("a door that was reached and is busy is waited for, for longer than one that nobody reached", () => {
  const lab = new Lab();
  const [door] = lab.space(1) as [SimPeer];
  const keys = lab.invite(door);
  const joiner = lab.add();
  const replies: Reply[] = [];
  const heard = (reply: Reply) => void replies.push(reply);
  joiner.request({ type: "join", keys, addresses: [door.listensAt as string] }, heard);
  lab.until(() => door.events.has("stranger_waiting"), "it to be at the door");
  door.freeze();
  lab.wait(30_000);
  assertEquals(replies, []);
  door.wake();
  lab.untilHealed();
  assertEquals(replies.map(({ ok }) => ok), [true]);

  const second = lab.invite(door);
  lab.untilHealed();
  const other = lab.add();
  door.freeze();
  other.request({ type: "join", keys: second, addresses: [door.listensAt as string] }, heard);
  lab.wait(30_000);
  assertEquals(replies.length, 1, "also where it accepts a connection and no more");
  door.wake();
  lab.untilHealed();

  const third = lab.invite(door);
  lab.untilHealed();
  const last = lab.add();
  lab.network.cut(door, last);
  last.request({ type: "join", keys: third, addresses: [door.listensAt as string] }, heard);
  lab.wait(9000);
  lab.network.mend(door, last);
  door.freeze();
  lab.wait(16_000);
  assertEquals(replies.length, 2, "also where it does so late");
  door.wake();
  lab.untilHealed();

  const late = lab.add();
  late.request({ type: "join", keys, addresses: ["10.9.9.9:1"] }, heard);
  lab.wait(20_000);
  assertEquals(replies.map(({ ok }) => ok), [true, true, true, false]);
});

Deno.test("a machine that stands still while it joins gives the doors time anew", () => {
  const lab = new Lab();
  const [door] = lab.space(1) as [SimPeer];
  const keys = lab.invite(door);
  const joiner = lab.add();
  const replies: Reply[] = [];
  const addresses = ["10.9.9.9:1", door.listensAt as string];
  lab.network.cut(door, joiner);
  joiner.request({ type: "join", keys, addresses }, (reply) => replies.push(reply));
  lab.wait(5000);
  joiner.freeze();
  lab.wait(70_000);
  lab.network.mendAll();
  joiner.wake();
  lab.untilHealed();
  assertEquals(replies.map(({ ok }) => ok), [true]);
});

Deno.test("an address that anybody may have named is dialled once, whoever closes the connection there, and however", () => {
  const dialled: string[] = [];
  const discovery = { leastSearchMs: 20_000, seek: () => {}, findings: () => "" };
  const parts = { discovery, dial: (address: string) => dialled.push(address), emit: () => {} };
  const joiner = new Joiner(parts as unknown as JoinerParts);
  const at = (monotonicMs: number) => ({ monotonicMs, wallMs: monotonicMs });
  const keys = { inviteSeed: new Uint8Array(32), macKey: new Uint8Array(32), tagKey: new Uint8Array(32) };
  joiner.start(1, { keys, addresses: [] }, at(0));
  const named = ["198.51.100.7:5484", "198.51.100.8:5484", "198.51.100.9:5484"];
  for (const [i, reason] of (["truncated", "refused_ticket", "dial_failed"] as const).entries()) {
    const address = named[i] as string;
    joiner.hinted(address, at(10));
    joiner.tick(at(20));
    joiner.lost(address, reason, "", at(30));
  }
  joiner.tick(at(5000));
  assertEquals(dialled, named);
});

Deno.test("where the address that a person named refuses the ticket, that is told at once, and of others it is not", () => {
  for (
    const [named, refusing, expectedMs] of [[["a:1"], ["a:1"], 30], [["a:1", "b:1"], ["b:1", "a:1"], 40], [
      [],
      ["a:1"],
      20_000,
    ]] as const
  ) {
    const outcomes: string[] = [];
    let nowMs = 0;
    const discovery = { leastSearchMs: 20_000, seek: () => {}, findings: () => "" };
    const done = (_: unknown, outcome: JoinOutcome) => outcomes.push(`${outcome.ok || outcome.code} at ${nowMs}`);
    const parts = { discovery, done, dial: () => {}, emit: () => {}, links: { all: () => [] } };
    const joiner = new Joiner(parts as unknown as JoinerParts);
    const at = (monotonicMs: number) => ({ monotonicMs: nowMs = monotonicMs, wallMs: monotonicMs });
    const keys = { inviteSeed: new Uint8Array(32), macKey: new Uint8Array(32), tagKey: new Uint8Array(32) };
    joiner.start(1, { keys, addresses: refusing, named }, at(0));
    for (const address of refusing) joiner.lost(address, "refused_ticket", "", at(nowMs === 0 ? 30 : nowMs + 10));
    for (let ms = 1000; ms <= 21_000; ms += 1000) joiner.tick(at(ms));
    assertEquals(outcomes, [`refused_ticket at ${expectedMs}`]);
  }
});
