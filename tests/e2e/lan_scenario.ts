import { assert, assertEquals } from "@std/assert";
import { asked, statusOf } from "./asked.ts";
import { type Home, Machine, until } from "./kith.ts";
import { type Station, VirtualSwitch } from "./virtual_switch.ts";

/** How long each step took, in ms. */
export interface LanFigures {
  /** From the start of the processes until all were linked to all, and held the same. */
  readonly startedMs: number;
  /** The same from the moment at which the last one ran. */
  readonly foundMs: number;
  /** From the change of one peer's address until all were linked to all, and held what it wrote meanwhile. */
  readonly movedMs: number;
  /** From the moment the halves of the switch were joined until all were linked to all, and held the same. */
  readonly healedMs: number;
}

interface Member {
  readonly home: Home;
  readonly station: Station;
}

/**
 * Peers on one switch, with no internet, started with `up` and six words alone. One is moved to another address; then
 * the switch is split, both sides write, and it is joined again. Nothing may be lost.
 *
 * @param options.splitMs how long the switch is split.
 */
export async function runLanScenario(
  options: { readonly peers: number; readonly splitMs: number },
): Promise<LanFigures> {
  await using lan = await VirtualSwitch.make();
  await using machines = new AsyncDisposableStack();
  const members: Member[] = [];
  for (let number = 1; number <= options.peers; number++) {
    const station = await lan.plug(number);
    const machine = machines.use(new Machine(station.wrapper));
    members.push({ station, home: machine.home("home") });
  }
  const [first, ...others] = members as [Member, ...Member[]];
  const up = { env: { KITH_NO_LAN: "" } };
  await first.home.up(["--listen", "[::]:5484"], up);
  const { words } = await first.home.object("invite", "--uses", String(others.length));
  const startMs = performance.now();
  await Promise.all(others.map(({ home }) => {
    return home.up(["join", "-", "--listen", "[::]:5484"], { ...up, stdin: String(words) });
  }));
  const keys = new Set<string>();
  const startedMs = await agreed(members, keys, startMs);
  const statuses = await Promise.all(members.map(({ home }) => statusOf(home)));
  const lastMs = Math.max(...statuses.map(({ started }) => started)) - Date.now() + performance.now();
  const foundMs = startMs + startedMs - lastMs;

  const [moved] = others as [Member, ...Member[]];
  await lan.move(moved.station, 100);
  const movedMs = performance.now();
  await write(moved, "moved", keys);
  const afterMoveMs = await agreed(members, keys, movedMs);

  const half = members.filter((_, i) => i % 2 === 1);
  await lan.split(half.map(({ station }) => station));
  const splitMs = performance.now();
  let round = 0;
  do {
    for (const member of members) await write(member, `split/${member.station.number}/${round}`, keys);
    round++;
    await new Promise((resolve) => setTimeout(resolve, options.splitMs / 10));
  } while (performance.now() - splitMs < options.splitMs);
  for (const member of members) {
    assert((await statusOf(member.home)).entries < keys.size, "each half lacks what the other wrote");
  }
  await lan.heal(half.map(({ station }) => station));
  const healedMs = await agreed(members, keys, performance.now());
  return { startedMs, foundMs, movedMs: afterMoveMs, healedMs };
}

/** Waits until all are linked to all and hold the same, and these very keys. @returns how long it took. */
async function agreed(members: readonly Member[], keys: ReadonlySet<string>, sinceMs: number): Promise<number> {
  await until("all linked, and with one digest", async () => {
    const statuses = await Promise.all(members.map(({ home }) => statusOf(home)));
    const isWhole = statuses.every(({ peers, entries, members: count }) => {
      return peers.length === members.length - 1 && count === members.length && entries === keys.size;
    });
    return isWhole && new Set(statuses.map(({ digest }) => digest)).size === 1 ? true : null;
  });
  const tookMs = performance.now() - sinceMs;
  // All have one digest.
  const listed = (await members[0]?.home.objects("ls"))?.map(({ key }) => key);
  assertEquals(listed?.toSorted(), [...keys].toSorted());
  return tookMs;
}

async function write(member: Member, key: string, keys: Set<string>): Promise<void> {
  const answer = await asked(member.home, "PUT", `/v1/entry?key=${encodeURIComponent(key)}`, "written");
  assert(answer.version !== undefined, JSON.stringify(answer));
  keys.add(key);
}
