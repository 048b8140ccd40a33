import { asked, statusOf } from "./asked.ts";
import { type Home, Machine, type Printed, until } from "./kith.ts";
import { UpnpRouter } from "./upnp_router.ts";
import { type Station, VirtualSwitch } from "./virtual_switch.ts";

/** What may stand between a machine and the others. */
export type Surrounding =
  /** Nothing. */
  | "open"
  /** A router that passes on what comes to its port from anybody: a full cone. */
  | "forwarded"
  /** A router that maps ports when it is asked to. */
  | "mapped"
  /** A router that lets in what comes from where somebody inside sent to before. */
  | "by_address"
  /** A router that lets in nothing but answers, and keeps ports. */
  | "by_port"
  /** The same that gives each connection another port: symmetric. */
  | "symmetric"
  /** The second to last, which passes on no UDP. */
  | "udp_blocked";

/** How two machines came together. */
export interface Pair {
  readonly between: readonly [Surrounding, Surrounding];
  readonly path: string;
  /** From the moment at which the later of both ran until they had a link, in ms. */
  readonly tookMs: number;
}

interface Member {
  readonly surrounding: Surrounding;
  readonly home: Home;
}

const PORT = 5484;
/** Of the public net, since routers map no ports on another one; here nobody else has it. */
const NETWORK = "45.77.0";

/** Who is dialled by TCP from anywhere. */
const REACHED: readonly Surrounding[] = ["open", "forwarded", "mapped"];

/** The paths of which one has to come about between two: the best that their routers allow. */
export function possiblePaths([one, other]: Pair["between"]): readonly string[] {
  const either = (...kinds: readonly Surrounding[]) => kinds.includes(one) || kinds.includes(other);
  // Who has sent there before is let in by such a router, at any port; so either may come first.
  const isTakenFor = either("by_address") ? ["direct"] : [];
  const direct = either(...REACHED) ? ["direct"] : isTakenFor;
  const isPunchable = !either("udp_blocked") && (either("open", "forwarded", "by_address") || !either("symmetric"));
  if (isPunchable) return [...direct, "punched"];
  return either(...REACHED) ? direct : [...direct, "relayed"];
}

/**
 * Puts machines into these surroundings, with a founder in the open, and waits until each is linked with each other
 * one, by one of the possible paths (a relayed link may come first), and all hold what each wrote.
 *
 * @param looked told of the paths as they were at each look. Default: nobody is.
 * @returns all pairs but those with the founder.
 */
export async function runNatScenario(
  surroundings: readonly Surrounding[],
  looked: (pairs: readonly Pair[]) => void = () => {},
): Promise<Pair[]> {
  await using network = await VirtualSwitch.make(NETWORK);
  await using resources = new AsyncDisposableStack();
  const founder = homeAt(await network.plug(1), resources);
  await founder.up(["--listen", `0.0.0.0:${PORT}`]);
  const { words } = await founder.object("invite", "--uses", String(surroundings.length));
  const members: Member[] = [];
  for (const [index, surrounding] of surroundings.entries()) {
    const station = await placed(network, surrounding, index + 2, resources);
    members.push({ surrounding, home: homeAt(station, resources) });
  }
  const join = ["join", "-", "--at", `${NETWORK}.1:${PORT}`, "--listen", `0.0.0.0:${PORT}`];
  const env = { KITH_NO_PORT_MAP: "" };
  await Promise.all(members.map(({ home }) => home.up(join, { stdin: String(words), env })));
  for (const [index, { home }] of members.entries()) {
    await asked(home, "PUT", `/v1/entry?key=by/${index}`, "written behind a router");
  }
  return await until("all linked as they can be, and with one digest", async () => {
    const statuses = await Promise.all(members.map(({ home }) => statusOf(home)));
    const isWhole = statuses.every(({ peers, entries }) => {
      return peers.length === members.length && entries === members.length;
    });
    if (!isWhole || new Set(statuses.map(({ digest }) => digest)).size > 1) return null;
    const pairs = pairsOf(surroundings, statuses);
    if (pairs === null) return null;
    looked(pairs);
    return pairs.every(({ between, path }) => possiblePaths(between).includes(path)) ? pairs : null;
  });
}

/** All pairs; null while both ends of a link do not say the same of it. */
function pairsOf(surroundings: readonly Surrounding[], statuses: readonly Printed[]): Pair[] | null {
  const pairs: Pair[] = [];
  for (const [i, one] of statuses.entries()) {
    for (const [j, other] of statuses.entries()) {
      if (j <= i) continue;
      const [there, back] = [[one, other], [other, one]].map(([from, to]) => {
        return from?.peers.find(({ peer }: { readonly peer: string }) => peer === to?.peer);
      });
      if (there.path !== back.path) return null;
      const tookMs = Math.max(there.since, back.since) - Math.max(one.started, other.started);
      const between = [surroundings[i], surroundings[j]] as [Surrounding, Surrounding];
      pairs.push({ between, path: there.path, tookMs });
    }
  }
  return pairs;
}

function homeAt(station: Station, resources: AsyncDisposableStack): Home {
  return resources.use(new Machine(station.wrapper)).home("home");
}

async function placed(
  network: VirtualSwitch,
  surrounding: Surrounding,
  number: number,
  resources: AsyncDisposableStack,
): Promise<Station> {
  const outer = await network.plug(number);
  if (surrounding === "open") return outer;
  const inner = await network.plugBehind(outer, number, surrounding === "symmetric");
  if (surrounding === "forwarded") await network.forward(outer, PORT, inner);
  if (surrounding === "by_address") await network.letInKnown(outer, PORT, inner);
  if (surrounding === "udp_blocked") await network.blockUdp(outer, true);
  if (surrounding === "mapped") resources.use(await UpnpRouter.start(outer, `inner${number}`));
  return inner;
}
