import { assertEquals } from "@std/assert";
import { Machine, until } from "./kith.ts";
import { LocalDht } from "./local_dht.ts";

/** Variables of a peer that uses a DHT of this machine, and nothing else to find others. */
export function dhtOf(bootstrap: string): Record<string, string> {
  return { KITH_NO_DHT: "", KITH_DHT_BOOTSTRAP: bootstrap, KITH_NO_LAN: "1" };
}

/**
 * A member and peers that join it by six words alone, each on a machine of its own, through a DHT of which a fifth of
 * the nodes leave meanwhile.
 *
 * @returns how long each took from its start until it was in, in ms.
 */
export async function runDhtScenario(options: { readonly nodes: number; readonly joins: number }): Promise<number[]> {
  await using dht = await LocalDht.start(options.nodes);
  await using machines = new AsyncDisposableStack();
  const env = dhtOf(dht.bootstrap);
  const first = machines.use(new Machine()).home("home");
  const member = await first.up([], { env });
  const { words } = await first.object("invite", "--uses", String(options.joins));
  await until("the member to be announced", () => Promise.resolve(dht.announced.includes(member.address) || null));
  await dht.leave(0.2);
  const tookMs: number[] = [];
  for (let i = 0; i < options.joins; i++) {
    await using machine = new Machine();
    const home = machine.home("home");
    const startMs = performance.now();
    const joined = await home.up(["join", "-"], { env, stdin: String(words) });
    tookMs.push(performance.now() - startMs);
    const { space } = await first.object("status");
    assertEquals(joined.ready.space, space);
    await joined.stop();
  }
  return tookMs;
}
