import { assert, assertEquals } from "@std/assert";
import { unconnected } from "./overlay/overlay_checks.ts";
import { OverlayRun } from "./overlay/overlay_figures.ts";
import { OVERLAY_HABITS } from "./overlay/overlay_habits.ts";
import type { OverlayMessage } from "./overlay/overlay_peer.ts";

/** A smaller network from which one mechanism is taken out. */
function run(without: (message: OverlayMessage) => boolean = () => false, peers = 200): OverlayRun {
  return new OverlayRun({ ...OVERLAY_HABITS, seed: 3, peers, without });
}

Deno.test("a thousand peers hear of everything by few hops, hardly twice, also with losses, deaths and cuts", () => {
  const figures = new OverlayRun({ ...OVERLAY_HABITS, seed: 1, peers: 1000 }).figures();
  const seen = JSON.stringify(figures);
  assertEquals([figures.unconnected, figures.oneSided], [0, 0], seen);
  assert(figures.neighboursMean > 7.8 && figures.neighboursMin >= 3, seen);
  for (const broadcasts of [figures.calm, figures.manySenders]) {
    assertEquals(broadcasts.delivered, 1, seen);
    assert(broadcasts.redundancy <= 0.1, seen);
  }
  assert(figures.calm.hopsMax <= 7 && figures.calm.hopsMean <= 4, seen);
  assert(figures.lossy.delivered >= 0.999 && figures.lossy.redundancy <= 0.3, seen);
  assert(figures.lossy.hopsMean <= 4 && figures.lossy.hopsMax <= 7, seen);
  assertEquals(figures.repaired, 1, seen);
  assert(figures.halfLostConnectedMs <= 30_000 && figures.halfLostDeliveredMs <= 40_000, seen);
  assert(figures.cutConnectedMs <= 10_000, seen);
  assertEquals(figures.cutRepaired, 1, seen);
});

Deno.test("the same seed does the same", () => {
  const [one, other] = [0, 1].map(() => {
    const { network, ...rest } = run(undefined, 50);
    return [...network.sent, network.prng.next(), rest];
  });
  assertEquals(one, other);
});

Deno.test("without grafts a lossy network delivers less, and comparing frontiers brings the rest", () => {
  const lossy = run(({ type }) => type === "graft");
  lossy.grow();
  lossy.network.loses = true;
  const { delivered } = lossy.measure(() => lossy.network.peers[0] as never);
  assert(delivered < 0.999, String(delivered));
  const { share, comparisons } = lossy.compare();
  assertEquals(share, 1);
  assert(comparisons > 0);
});

Deno.test("without prunes messages come several times", () => {
  const flooded = run(({ type }) => type === "prune");
  flooded.grow();
  const { redundancy } = flooded.measure(() => flooded.network.peers[0] as never);
  assert(redundancy > 0.3, String(redundancy));
});

Deno.test("without what exchanges ways for shorter ones the messages of many senders come more often", () => {
  const seen = [run(), run((message) => message.type === "graft" && message.ids.length === 0)].map((one) => {
    one.grow();
    return one.measure(() => one.network.prng.pick(one.network.up())).redundancy;
  }) as [number, number];
  assert(seen[1] > seen[0] + 0.1, seen.join());
});

Deno.test("without new neighbours those that are left after three losses of half the peers are alone", () => {
  const alone = [false, true].map((swallows) => {
    let stops = false;
    const halved = run(({ type }) => stops && type === "neighbour");
    stops = swallows;
    for (let i = 0; i < 3; i++) halved.loseHalf();
    return unconnected(halved.network);
  }) as [number, number];
  assertEquals(alone[0], 0);
  assert(alone[1] > 0);
});

Deno.test("without shuffles peers hold on to others that are no more", () => {
  const living = [run(), run(({ type }) => type === "shuffle")].map((half) => {
    half.loseHalf();
    half.network.wait(120_000);
    const known = half.network.up().flatMap(({ views }) => views.passive);
    return known.filter((peer) => half.network.peers[Number(peer)]?.isUp).length / half.network.up().length;
  }) as [number, number];
  assert(living[0] > 1.5 * living[1], living.join());
});
