import { assert } from "@std/assert";
import { ACTIVE_VIEW_PEERS, PASSIVE_VIEW_PEERS } from "../../../lib/base/limits.ts";
import type { OverlayNetwork } from "./overlay_network.ts";
import type { OverlayPeer } from "./overlay_peer.ts";

/** Views have no more peers than they may, no peer twice, and never the peer itself. */
export function checkBounds(peer: OverlayPeer): void {
  const { active, passive } = peer.views;
  assert(active.size <= ACTIVE_VIEW_PEERS, `peer ${peer.index} has ${active.size} neighbours`);
  assert(passive.length <= PASSIVE_VIEW_PEERS, `peer ${peer.index} remembers ${passive.length} others`);
  const self = String(peer.index);
  assert(!active.has(self) && !passive.includes(self), `peer ${self} is its own neighbour`);
  assert(!passive.some((other) => active.has(other)), `peer ${self} has a neighbour in its passive view`);
}

/** How many pairs are neighbours by the word of one alone. */
export function oneSided(network: OverlayNetwork): number {
  let count = 0;
  for (const peer of network.up()) {
    for (const other of peer.views.active) {
      const theirs = network.peers[Number(other)] as OverlayPeer;
      if (theirs.isUp && !theirs.views.active.has(String(peer.index))) count++;
    }
  }
  return count;
}

/** How many of the running peers can't be reached from the first of them, from neighbour to neighbour. */
export function unconnected(network: OverlayNetwork): number {
  const up = network.up();
  const seen = new Set<string>();
  const front = [String(up[0]?.index)];
  for (let next = front.pop(); next !== undefined; next = front.pop()) {
    const peer = network.peers[Number(next)] as OverlayPeer;
    if (!peer.isUp || seen.has(next)) continue;
    seen.add(next);
    front.push(...peer.views.active);
  }
  return up.length - seen.size;
}
