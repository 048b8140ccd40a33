import { DatabaseSync } from "node:sqlite";
import { homePaths } from "../../lib/host/home.ts";
import { startHost, type TempHost } from "../host/temp_host.ts";
import { until } from "../host/until.ts";
import { fill, LISTEN, LONG, type Scenario, untilSame } from "./scenario.ts";
import { newBooks } from "./session.ts";

/** Longest that a peer needs to have its damaged records sent anew. */
const MEND_WAIT_MS = 60_000;
const GIVEN = new Map(Array.from({ length: 40 }, (_, i) => [`given/${i}`, `value ${i}`]));

/** Records that others have sent, and such as follow from others. */
const RECORDS = [
  "UPDATE operations SET value = x'00' WHERE key IN (CAST('given/3' AS BLOB), CAST('long' AS BLOB))",
  "UPDATE operations SET leaf = x'00' WHERE key = CAST('single' AS BLOB)",
  "UPDATE transactions SET signature = zeroblob(64) WHERE row = (SELECT max(row) - 2 FROM transactions)",
  "UPDATE digest_leaves SET hash = zeroblob(32)",
];
/** What the store knows of itself, so that it is made anew; and a transaction, on which others stand. */
const ITSELF = "UPDATE store SET entries = 7";
const A_TRANSACTION = "DELETE FROM transactions WHERE row = 5";

/** A peer checks its store, in which records are damaged, and has them sent anew. */
export const mend: Scenario = {
  name: "mend",
  async prepare(home) {
    const { source, books } = await pair(home);
    damage(home, RECORDS);
    return {
      books,
      words: ["up", ...LISTEN],
      env: {},
      isWhole: false,
      async settle(peer) {
        // Records from which it is told what the others lack may be damaged: so it is not in sync before it has checked.
        await peer.object("POST", "/v1/connect", { address: source.host.addresses[0] as string });
        await peer.lines("POST", "/v1/verify");
        await until("all is mended", () => peer.host.peer.status().damaged === 0);
        await untilSame(peer, source);
        const found = (await peer.lines("POST", "/v1/verify")).filter(({ event }) => event === "damaged");
        if (found.length > 0) throw new Error(`it is not mended: ${JSON.stringify(found)}`);
      },
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    };
  },
  async drive(session) {
    const { peer } = session;
    await session.set("own/new", "before it is mended");
    await peer.ask("POST", "verify");
    await peer.until(async () => {
      const answer = await peer.ask("GET", "status");
      return answer.kind !== "ok" || answer.object.damaged === 0;
    }, MEND_WAIT_MS);
    await session.set("own/newer", "after it is mended");
    await session.down();
  },
};

/** A store that is damaged is made anew, and completed by another member. */
export const rebuild: Scenario = {
  name: "rebuild",
  async prepare(home) {
    const { source, books } = await pair(home);
    damage(home, [A_TRANSACTION, ITSELF]);
    return {
      books,
      ...rebuilt(home),
      isWhole: false,
      async settle(peer) {
        await untilSame(peer, source);
        damagedIsKept(peer);
      },
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    };
  },
  async drive(session) {
    await session.set("own/new", "into the new store");
    await session.down();
  },
};

/** The same of a peer that is alone, and of whose transactions none is damaged: all is there at once. */
export const salvage: Scenario = {
  name: "salvage",
  async prepare(home) {
    const books = newBooks();
    {
      await using peer = await startHost(home);
      await peer.object("POST", "/v1/space");
      await fill(peer, GIVEN);
      for (let i = 0; i < 5; i++) await peer.call("PUT", "/v1/entry?key=single", `${i}`);
      books.entries.holds(new Map([...GIVEN, ["single", "4"]]));
    }
    damage(home, [ITSELF]);
    return {
      books,
      ...rebuilt(home),
      settle: (peer) => Promise.resolve(damagedIsKept(peer)),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
  async drive(session) {
    await session.set("single", "into the new store");
    await session.down();
  },
};

/** Two members in sync, of which the one in this home has stopped. */
async function pair(home: string) {
  const books = newBooks();
  const source = await startHost(`${home}-source`);
  await source.object("POST", "/v1/space");
  await fill(source, GIVEN);
  await source.call("PUT", "/v1/entry?key=long", LONG);
  const { ticket } = await source.object("POST", "/v1/invites", {});
  await using peer = await startHost(home);
  await peer.lines("POST", "/v1/join", { ticket: String(ticket), at: [source.host.addresses[0] as string] });
  await untilSame(peer, source);
  for (let i = 0; i < 5; i++) await peer.call("PUT", `/v1/entry?key=own/${i}`, `${i}`);
  await peer.call("PUT", "/v1/entry?key=single", "of the peer");
  await untilSame(peer, source);
  const own = Array.from({ length: 5 }, (_, i) => [`own/${i}`, `${i}`] as const);
  books.entries.holds(new Map([...GIVEN, ...own, ["long", LONG], ["single", "of the peer"]]));
  return { source, books };
}

function damage(home: string, statements: readonly string[]): void {
  const database = new DatabaseSync(homePaths(home).store);
  for (const statement of statements) {
    if (database.prepare(statement).run().changes === 0) throw new Error(`nothing is damaged: ${statement}`);
  }
  database.close();
}

/** How a peer is run whose store is made anew. */
function rebuilt(home: string) {
  const { store, counter } = homePaths(home);
  const draft = ["", "-wal", "-shm", "-journal"].map((suffix) => `${store}.draft${suffix}`);
  return {
    words: ["up", ...LISTEN],
    env: {},
    files: [...draft, `${store}.next`, `${counter}.next`, `${counter}.next.new`],
    notices: ["store_rebuilt"],
  };
}

function damagedIsKept({ home }: TempHost): void {
  const names = Array.from(Deno.readDirSync(home), ({ name }) => name);
  if (!names.some((name) => /^store-2.*\.sqlite$/.test(name))) throw new Error("the damaged store is gone");
}
