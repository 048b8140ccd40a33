import { assertEquals } from "@std/assert";
import { Child, peakMb, residentMb } from "../../scripts/child.ts";
import { runtimeFlags } from "../../scripts/flags.ts";
import { DEADLINE_MS, type Home, Machine, TIMEOUT, until, type UpPeer } from "./kith.ts";
import { linkAs, type Member, memberOf } from "./raw_member.ts";
import { ask } from "./refusal.ts";

/** How a peer fared in a flood. */
export interface Fared {
  /** The most memory it had at any time since its start, less what it had before the flood, in MB. */
  readonly grewMb: number;
  /** How long a known member needed for a link, in ms, each time that it was tried during the flood. */
  readonly linkMs: readonly number[];
  /** Values that were acknowledged during the flood; all of them were found again. */
  readonly kept: number;
  /** What the flood did. */
  readonly did: Readonly<Record<string, unknown>>;
  /** The peer's status behind it. */
  // deno-lint-ignore no-explicit-any
  readonly status: any;
  /** Why the member that flooded, where one did, gets no link behind it. */
  readonly floodersEnd: string | null;
}

/** How a flood is made: the words behind `flood_client.ts KIND ADDRESS`, where HOME stands for a member's home. */
export type Flood = readonly [kind: "row" | "slow" | "member", ...rest: (string | number)[]];

/**
 * Floods a peer that has a member, and meanwhile, as often as it goes, writes a value, and links as that member. In the
 * end the member's own peer comes, and has to hold what was acknowledged.
 *
 * @param linkAtLeast how often at least the member has to have got a link, whether or not the flood takes so long.
 */
export async function flooded([kind, ...rest]: Flood, linkAtLeast = 3): Promise<Fared> {
  await using machine = new Machine();
  const [a, b, c] = [machine.home("a"), machine.home("b"), machine.home("c")];
  const peer = await a.up();
  const [peerB] = [await joined(b, a, peer), await (await joined(c, a, peer)).stop()];
  await peerB.stop();
  const known = memberOf(b.path);
  const beforeMb = await residentMb(peer.process.pid);
  const words = rest.map((word) => word === "HOME" ? c.path : String(word));
  const child = Child.script("bench/flood_client.ts", runtimeFlags(), [kind, peer.address, ...words], {
    listens: true,
  });
  await child.lineWith("event", "begun");
  let did: Fared["did"] | null = null;
  const done = child.lineWith("event", "done").then((line) => did = line);
  // Awaited below, where it fails this.
  done.catch(() => did = {});
  const linkMs: number[] = [];
  let kept = 0;
  let isEnough = false;
  const untilMs = performance.now() + DEADLINE_MS;
  while (did === null || linkMs.length < linkAtLeast) {
    if (!isEnough && (kind !== "member" || performance.now() > untilMs || await isCut(a))) {
      isEnough = true;
      await child.tell("enough");
    }
    await a.ok("set", `kept/${kept}`, String(kept));
    kept++;
    linkMs.push(await linkTime(known, peer.address));
  }
  await done;
  await child.ended();
  const grewMb = peakMb(peer.process.pid) - beforeMb;
  const status = JSON.parse(await ask(a, "status"));
  using again = await linkAs(memberOf(c.path), peer.address);
  const floodersEnd = kind === "member" ? (await again.closed())?.reason ?? null : null;
  await b.up(["--listen", peerB.address]);
  await b.ok("wait", "--synced", "--timeout", TIMEOUT);
  for (const home of [a, b]) assertEquals((await home.objects("ls", "kept/")).length, kept, "nothing is lost");
  assertEquals((await a.object("status")).digest, (await b.object("status")).digest);
  const { event: _event, ...counts } = did as Record<string, unknown>;
  return { grewMb, linkMs, kept, did: counts, status, floodersEnd };
}

/** Whether a peer has cut a member for all the work that it made. */
async function isCut(home: Home): Promise<boolean> {
  const { cut } = JSON.parse(await ask(home, "status"));
  return cut.some(({ peer, reason }: { peer: string; reason: string }) => peer !== "" && reason === "too_large");
}

async function joined(home: Home, door: Home, peer: UpPeer): Promise<UpPeer> {
  const { words } = await door.object("invite");
  const joiner = await home.up(["join", "--at", peer.address], { env: { KITH_TICKET: words } });
  await home.ok("wait", "--synced", "--timeout", TIMEOUT);
  return joiner;
}

/** Links as a member does, again after a quarter of a second where that is cut. @returns ms until it is answered. */
async function linkTime(member: Member, address: string): Promise<number> {
  const startMs = performance.now();
  return await until("a known member is linked", async () => {
    try {
      using link = await linkAs(member, address);
      await link.proved();
      return performance.now() - startMs;
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.UnexpectedEof)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return null;
    }
  });
}
