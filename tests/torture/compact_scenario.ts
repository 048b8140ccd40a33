import { homePaths } from "../../lib/host/home.ts";
import { startHost, type TempHost } from "../host/temp_host.ts";
import { until } from "../host/until.ts";
import { fill, LISTEN, type Scenario, untilSame } from "./scenario.ts";
import { newBooks } from "./session.ts";

/** How long history is kept: it is looked at each second, whatever is said. */
const HISTORY = "1s";
const HISTORY_MS = 1000;
/** Longest that it takes until a checkpoint was proposed, confirmed and followed. */
const COMPACTION_WAIT_MS = 60_000;
/** A while after that the file is made smaller. */
const VACUUM_WAIT_MS = 20_000;
/** With these more is replaced than one step of a compaction takes, and than the free pages that a file may have. */
const KEYS = 120;
const TIMES = 8;
/** By so much the file becomes smaller soon. */
const SHRINKS_BYTES = 1024 * 1024;
const VALUE = "replaced, and let go of a while later. ".repeat(180);

/** Two members keep little history: what was replaced and deleted is let go, and the file shrinks. */
export const compact: Scenario = {
  name: "compact",
  async prepare(home) {
    const books = newBooks();
    const other = await startHost(`${home}-other`, { historyMs: HISTORY_MS });
    {
      await using peer = await startHost(home);
      await peer.object("POST", "/v1/space");
      const { ticket } = await peer.object("POST", "/v1/invites", {});
      await other.lines("POST", "/v1/join", { ticket: String(ticket), at: [peer.host.addresses[0] as string] });
      const last = new Map<string, string>();
      for (let time = 0; time < TIMES; time++) {
        for (let key = 0; key < KEYS; key++) last.set(`k/${key}`, time === TIMES - 1 ? `${key}` : `${time} ${VALUE}`);
        await fill(peer, last);
      }
      const gone = [...last.keys()].slice(0, 20);
      for (const key of gone) {
        await peer.call("DELETE", `/v1/entry?key=${encodeURIComponent(key)}`);
        last.delete(key);
      }
      await peer.call("PUT", "/v1/config", { history: HISTORY });
      await untilSame(peer, other);
      books.entries.holds(last);
    }
    const { store } = homePaths(home);
    const { size } = Deno.statSync(store);
    return {
      books,
      words: ["up", ...LISTEN],
      env: {},
      async settle(peer) {
        await untilSame(peer, other);
        for (const host of [peer, other]) await until("history is let go", () => isCompacted(host));
        await until("the file shrinks", () => {
          // It does so some time after a turn.
          peer.host.nudge();
          return Deno.statSync(store).size <= size - SHRINKS_BYTES;
        });
        await untilSame(peer, other);
      },
      [Symbol.asyncDispose]: () => other[Symbol.asyncDispose](),
    };
  },
  async drive(session) {
    const { peer } = session;
    const { storeBytes } = peer;
    await session.set("new", "before history is let go");
    await peer.until(async () => {
      const answer = await peer.ask("GET", "status");
      return answer.kind !== "ok" || isDone(answer.object.compaction);
    }, COMPACTION_WAIT_MS);
    await session.set("new", "after history was let go");
    await peer.until(() => peer.storeBytes <= storeBytes - SHRINKS_BYTES, VACUUM_WAIT_MS);
    await session.del("k/50");
    await session.down();
  },
};

function isDone({ done, final }: { readonly done: boolean; readonly final: number | null }): boolean {
  return done && final !== null;
}

async function isCompacted(host: TempHost): Promise<boolean> {
  const { compaction } = await host.object("GET", "/v1/status");
  return isDone(compaction as { done: boolean; final: number | null });
}
