import { assertEquals, assertMatch } from "@std/assert";
import { waitFor } from "../../lib/api/wait.ts";
import type { HostApi } from "../../lib/host/host_api.ts";

/** What `wait --synced --all` answers where a peer stands so. */
async function waited(status: Record<string, unknown>): Promise<Record<string, unknown>> {
  const host = {
    peer: {
      synced: () => true,
      peers: () => [{}],
      status: () => ({ absent: [], others: 0, elsewhere: [], ...status }),
    },
    ...{ running: true, nowMs: () => 0, onTurn: () => () => {}, stopping: new AbortController().signal },
  } as unknown as HostApi;
  const text = await waitFor(host, { synced: true, all: true, timeoutMs: 0 }).text();
  return JSON.parse(text.trim());
}

Deno.test("wait for all waits for members that are not linked: until they are here, and hold the same", async () => {
  assertEquals(await waited({}), { v: 1, waited_ms: 0 });
  const [same, behind] = [{ inSync: true }, { inSync: false }];
  assertEquals(await waited({ others: 2, elsewhere: [same, same] }), { v: 1, waited_ms: 0 });
  const one = await waited({ others: 2, elsewhere: [same, behind] });
  assertMatch(String(one.message), /1 member that is not linked has not said that it holds the same/);
  const unheard = await waited({ others: 3, elsewhere: [same] });
  assertMatch(String(unheard.message), /2 members that are not linked have not said that they hold the same/);
  assertMatch(String((await waited({ absent: [{}] })).message), /1 member is absent/);
});
