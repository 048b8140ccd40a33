import { assert, assertEquals } from "@std/assert";
import type { PeerEvent } from "../../lib/base/event.ts";
import { PROVE_AGAIN_MS, PROVEN_KEPT_MS } from "../../lib/base/limits.ts";
import { Lab } from "./lab.ts";
import type { Nat } from "./network.ts";
import type { SimPeer } from "./sim_peer.ts";

const INSIDE = "192.168.1.5:5484";
const OUTSIDE = "203.0.113.9:5484";

function home(keepsPorts = true): Nat {
  return { host: "203.0.113.9", keepsPorts, forwards: new Map() };
}

/** Members on the public net, linked, and one more behind a router. */
function setUp(lab: Lab, nat: Nat, count = 3, heard: (event: PeerEvent) => void = () => {}): [SimPeer[], SimPeer] {
  const outer = Array.from({ length: count }, (_, i) => lab.add({ address: `198.51.100.${i}:5484` }));
  const [founder] = outer as [SimPeer];
  lab.ask(founder, { type: "create_space" });
  for (const peer of outer.slice(1)) lab.join(peer, lab.invite(founder), founder);
  const inner = lab.add({ address: INSIDE, nat, heard });
  lab.join(inner, lab.invite(founder), founder);
  lab.untilHealed();
  return [outer, inner];
}

function reachOf(peer: SimPeer) {
  const reach = peer.machine?.status().reach;
  assert(reach !== undefined);
  return reach;
}

Deno.test("peers on the public net find that they can be reached, and that nothing is in between", () => {
  const lab = new Lab();
  const [outer] = setUp(lab, home());
  // Whoever was only dialled so far knows nothing of what is in between, which changes nothing for those who dial.
  lab.until(() => outer.every((peer) => reachOf(peer).reachable === true), "all to be reached");
  assert(outer.some((peer) => reachOf(peer).nat.ipv4 === "none"));
  for (const peer of outer) assertEquals(peer.machine?.provenAddresses, [], "it knows its address itself");
});

Deno.test("a peer behind a router finds that it can't be reached, and by what it is kept", () => {
  for (const keepsPorts of [true, false]) {
    const lab = new Lab();
    const told: PeerEvent[] = [];
    const heard = (event: PeerEvent) => void (event.name === "reachability_changed" && told.push(event));
    const [outer, inner] = setUp(lab, home(keepsPorts), 3, heard);
    lab.until(() => reachOf(inner).reachable === false, "the members to have tried");
    assertEquals(reachOf(inner).nat, { ipv4: keepsPorts ? "port_kept" : "port_changed", ipv6: null });
    assertEquals(inner.machine?.provenAddresses, []);
    assertEquals(told.at(-1)?.fields?.reachable, false);
    assertEquals([...new Set(outer.map((peer) => linkedAddress(peer, inner)?.split(":")[0]))], ["203.0.113.9"]);
  }
});

function linkedAddress(peer: SimPeer, other: SimPeer): string | undefined {
  return peer.machine?.peers().find((linked) => linked.peer === other.id)?.address;
}

Deno.test("who can be reached through its router is dialled there by those who are told, as long as that holds", () => {
  const lab = new Lab();
  const nat = home();
  nat.forwards.set(OUTSIDE, INSIDE);
  const [outer, inner] = setUp(lab, nat);
  lab.until(() => inner.machine?.provenAddresses.join() === OUTSIDE, "its outside address to be proven");
  assertEquals(reachOf(inner).reachable, true);
  // One that joins behind another router is told of it, and links with it directly.
  const other = lab.add({ address: "10.9.9.9:5484", nat: { ...home(), host: "192.0.2.77", forwards: new Map() } });
  lab.join(other, lab.invite(outer[0] as SimPeer), outer[0] as SimPeer);
  lab.untilHealed();
  assertEquals(linkedAddress(other, inner), OUTSIDE);
  // The router passes nothing on any more.
  nat.forwards.clear();
  const tookMs = waitFor(lab, () => inner.machine?.provenAddresses.length === 0, PROVEN_KEPT_MS);
  assert(tookMs <= PROVE_AGAIN_MS + 120_000, `${tookMs} ms`);
});

Deno.test("members that have no room to dial back say nothing, and are asked again", () => {
  const lab = new Lab();
  const nat = home();
  nat.forwards.set(OUTSIDE, INSIDE);
  const dial = lab.network.dial.bind(lab.network);
  let untried = 0;
  lab.network.dial = (host, address) => {
    if (address !== OUTSIDE || untried === 4) return dial(host, address);
    untried++;
    (host as SimPeer).push({ type: "dial_failed", address, detail: "too many connections", isUntried: true });
  };
  const [, inner] = setUp(lab, nat, 2);
  lab.until(() => untried === 2, "both to have been asked");
  lab.wait(60_000);
  assertEquals([reachOf(inner).reachable, reachOf(inner).addresses], [null, []]);
  waitFor(lab, () => reachOf(inner).reachable === true, 10 * 60_000);
});

Deno.test("where one member alone can try, a peer is told to others only if it comes back to itself as well", () => {
  for (const hairpins of [true, false]) {
    const lab = new Lab();
    const nat = { ...home(), hairpins };
    nat.forwards.set(OUTSIDE, INSIDE);
    const [outer, inner] = setUp(lab, nat, 1);
    const [founder] = outer as [SimPeer];
    const other = lab.add({ address: "10.9.9.9:5484", nat: { ...home(), host: "192.0.2.77", forwards: new Map() } });
    lab.join(other, lab.invite(founder), founder);
    lab.until(() => reachOf(inner).reachable === true, "it to be reached");
    lab.wait(110_000);
    assertEquals(inner.machine?.provenAddresses, hairpins ? [OUTSIDE] : []);
    // Nobody relays in this lab.
    assertEquals(linkedAddress(other, inner), hairpins ? OUTSIDE : undefined);
    assertEquals(inner.machine?.status().copies, []);
  }
});

/** As `Lab.until`, for what takes longer. */
function waitFor(lab: Lab, condition: () => boolean, patienceMs: number): number {
  const startMs = lab.schedule.nowMs;
  while (!condition()) {
    assert(lab.schedule.nowMs - startMs < patienceMs);
    lab.wait(1000);
  }
  return lab.schedule.nowMs - startMs;
}
