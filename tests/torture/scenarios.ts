import { DatabaseSync } from "node:sqlite";
import { isThere } from "../../lib/host/file_error.ts";
import { homePaths } from "../../lib/host/home.ts";
import { startHost } from "../host/temp_host.ts";
import { backup, restore } from "./backup_scenarios.ts";
import { compact } from "./compact_scenario.ts";
import { mend, rebuild, salvage } from "./damage_scenarios.ts";
import { entriesOf, fill, LISTEN, LONG, plain, type Scenario, type StartUnhurt, untilSame } from "./scenario.ts";
import { newBooks, Session } from "./session.ts";

const FIXTURE = new URL("../fixtures/0.1.0/", import.meta.url);

/** A new home: it is made, written to, checkpointed, written to again, and stopped. */
const create: Scenario = {
  name: "create",
  prepare: () => Promise.resolve(plain(newBooks())),
  async drive(session) {
    await session.set("single", "first");
    await session.set("gone", "for a while");
    await session.import("batch", 20, "line");
    await Promise.all(["a", "b", "c"].map((name) => session.set(`at once/${name}`, `by ${name}`)));
    await session.set("single", "second");
    await session.del("gone");
    await session.rename("torture");
    await session.peer.untilCheckpoint();
    await session.set("single", LONG);
    await session.del("at once/a");
    await session.rename("torture two");
    await session.down();
  },
};

/** A home whose peer was killed: what is in the log is taken over, and written on. */
function reopen(start: StartUnhurt): Scenario {
  return {
    name: "reopen",
    async prepare(home) {
      const books = newBooks();
      const peer = start(home);
      if (await peer.ready === null) throw new Error(`no peer: ${(await peer.ended()).err}`);
      const session = new Session(peer, books);
      await session.import("before", 10, "line");
      await session.set("single", "before");
      peer.kill();
      await peer.ended();
      return plain(books);
    },
    async drive(session) {
      await session.set("single", "after");
      await session.del("before/3");
      await session.import("after", 5, "line");
      await session.down();
    },
  };
}

/** The home of the release before: its store is brought to this data version. */
const upgrade: Scenario = {
  name: "upgrade",
  async prepare(home) {
    const books = newBooks();
    const open = (folder: string) => {
      Deno.mkdirSync(folder, { mode: 0o700 });
      for (const file of ["identity.key", "store.sqlite"]) {
        Deno.copyFileSync(new URL(file, FIXTURE), `${folder}/${file}`);
      }
    };
    open(`${home}-read`);
    await using host = await startHost(`${home}-read`, { offline: true });
    books.entries.holds(await entriesOf(host));
    open(home);
    const copy = `${homePaths(home).store}.v1`;
    return {
      ...plain(books),
      files: [copy, `${copy}-wal`, `${copy}.new`, `${copy}.new-wal`],
      notices: ["store_migrated"],
      settle() {
        if (dataVersion(copy) !== 1) throw new Error("the store is not kept as it was");
        return Promise.resolve();
      },
    };
  },
  async drive(session) {
    await session.set("plain", "of this version");
    await session.set("new", "of this version");
    await session.down();
  },
};

/** The data version of a store that nobody uses; 0 where there is none. */
function dataVersion(path: string): number {
  if (!isThere(path)) return 0;
  const database = new DatabaseSync(path);
  try {
    const found = Number(database.prepare("PRAGMA user_version").get()?.user_version);
    return database.prepare("PRAGMA integrity_check").get()?.integrity_check === "ok" ? found : 0;
  } finally {
    database.close();
  }
}

/** A peer that joins another one, receives its space, and writes to it. */
const receive: Scenario = {
  name: "receive",
  async prepare(home) {
    const books = newBooks();
    const source = await startHost(`${home}-source`);
    await source.object("POST", "/v1/space");
    const given = new Map(Array.from({ length: 40 }, (_, i) => [`given/${i}`, `value ${i}`]));
    await fill(source, given);
    await source.call("PUT", "/v1/entry?key=given", LONG);
    // It may be killed before any of it is there, but never holds a part of a transaction.
    const received = books.entries.begin(given);
    books.entries.begin(new Map([["given", LONG]]));
    const { ticket } = await source.object("POST", "/v1/invites", {});
    const at = source.host.addresses[0] as string;
    return {
      books,
      words: ["join", "--at", at, ...LISTEN],
      env: { KITH_TICKET: String(ticket) },
      async settle(peer) {
        if ((await peer.object("GET", "/v1/status")).space === null) {
          const told = await peer.lines("POST", "/v1/join", { ticket: String(ticket), at: [at] });
          if (told.at(-1)?.joined !== true) throw new Error(`it does not get in: ${JSON.stringify(told.at(-1))}`);
        }
        await untilSame(peer, source);
        received.acknowledged();
      },
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    };
  },
  async drive(session) {
    await session.set("own", "of the joiner");
    await session.set("given", "changed by the joiner");
    await session.down();
  },
};

/** All of them. @param start runs a peer in a new home. */
export function allScenarios(start: StartUnhurt): Scenario[] {
  // The one that takes longest comes first: the others have their turn while it waits.
  return [compact, create, reopen(start), upgrade, receive, backup, restore, mend, rebuild, salvage];
}
