import { assertEquals, fail } from "@std/assert";
import { MAX_PENDING_LINKS, MAX_PENDING_LINKS_OF_ADDRESS } from "../../lib/base/limits.ts";
import type { Connection } from "../../lib/peer/links.ts";
import { PendingLinks } from "../../lib/peer/pending_links.ts";
import { sourceOf } from "../../lib/peer/source_address.ts";

let number = 0;

/** Only what is looked at. */
function link(address: string, more: Partial<Connection> = {}): Connection {
  return {
    number: ++number,
    address,
    source: sourceOf(address),
    stage: "opening",
    isKnownMember: false,
    ...more,
  } as Connection;
}

/** Comes in, and whoever is in its way goes. @returns who went. */
function comeIn(pending: PendingLinks, link: Connection): Connection | "full" | null {
  const displaced = pending.displacedBy(link);
  if (displaced === "full") return displaced;
  if (displaced !== null) pending.remove(displaced);
  pending.add(link);
  return displaced;
}

Deno.test("strangers of one address displace each other, the oldest first", () => {
  const pending = new PendingLinks();
  const links = Array.from({ length: 40 }, (_, i) => link(`10.0.0.1:${i}`));
  const other = link("10.0.0.2:1");
  comeIn(pending, other);
  const displaced = links.map((link) => comeIn(pending, link));
  assertEquals(displaced.slice(0, MAX_PENDING_LINKS_OF_ADDRESS).every((link) => link === null), true);
  assertEquals(displaced.slice(MAX_PENDING_LINKS_OF_ADDRESS), links.slice(0, 40 - MAX_PENDING_LINKS_OF_ADDRESS));
  assertEquals(pending.size, MAX_PENDING_LINKS_OF_ADDRESS + 1);
});

Deno.test("where all places are taken, the source that has most gives way, and a known member never", () => {
  const pending = new PendingLinks();
  const few = Array.from({ length: 4 }, (_, i) => link(`10.0.0.${i}:1`));
  const member = link("127.0.0.1:1", { stage: "proving", isKnownMember: true });
  const joiner = link("127.0.0.1:2", { stage: "door" });
  for (const one of [...few, member, joiner]) assertEquals(comeIn(pending, one), null);
  const flood = Array.from({ length: 500 }, (_, i) => link(`127.0.0.1:${100 + i}`));
  const displaced = flood.map((link) => comeIn(pending, link)).filter((link) => link !== null);
  assertEquals(pending.size, MAX_PENDING_LINKS);
  assertEquals(displaced, flood.slice(0, displaced.length), "the flood's own, in order");
  const late = link("10.0.0.77:1");
  assertEquals(comeIn(pending, late), flood[displaced.length] as Connection);
});

Deno.test("whoever comes is compared by sources that are worked out already, since strangers may come by the thousand", () => {
  const pending = new PendingLinks();
  const links = Array.from({ length: MAX_PENDING_LINKS }, (_, i) => link(`[2001:db8:${i}::1]:1`));
  for (const one of links) {
    Object.defineProperty(one, "address", { get: () => fail("it is worked out anew") });
    pending.add(one);
  }
  assertEquals(pending.displacedBy(link("[2001:db8:3::2]:1")), links[0] as Connection);
});

Deno.test("who is at the door with a ticket gives way only to where no stranger is left, and members to nobody", () => {
  const pending = new PendingLinks();
  const doors = Array.from({ length: 2 }, (_, i) => link(`10.0.0.${i}:1`, { stage: "door" }));
  for (const door of doors) comeIn(pending, door);
  for (let i = 0; i < MAX_PENDING_LINKS - 2; i++) comeIn(pending, link(`10.0.1.${i}:1`, { isKnownMember: true }));
  const [first, second] = doors as [Connection, Connection];
  assertEquals(comeIn(pending, link("10.0.2.1:1", { isKnownMember: true })), first);
  assertEquals(comeIn(pending, link("10.0.2.2:1", { isKnownMember: true })), second);
  assertEquals(comeIn(pending, link("10.0.2.3:1")), "full");
});
