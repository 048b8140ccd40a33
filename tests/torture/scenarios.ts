import { startHost, type TempHost } from "../host/temp_host.ts";
import { type Books, newBooks, Session } from "./session.ts";
import type { TracedPeer } from "./traced_peer.ts";

/** A home that is ready for a peer that will be hurt. */
export interface Prepared extends AsyncDisposable {
  /** What the home holds already. */
  readonly books: Books;
  /** The command to run, and its variables. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Brings the peer, run again unhurt, to where it would have come. Throws where it does not come there. */
  settle(peer: TempHost): Promise<void>;
}

/** Something that a peer does from its start to its end. */
export interface Scenario {
  readonly name: string;
  /** Fills a home, a folder that is not there yet. */
  prepare(home: string): Promise<Prepared>;
  /** Uses the peer once it is ready, to its end. */
  drive(session: Session): Promise<void>;
}

/** Starts a peer as a scenario does, unhurt, to be killed with its store's log full. */
export type StartUnhurt = (home: string) => TracedPeer;

const LONG = "a long value, over more than one page of the database ".repeat(100);
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
    return plain(books);
  },
  async drive(session) {
    await session.set("plain", "of this version");
    await session.set("new", "of this version");
    await session.down();
  },
};

/** A peer that joins another one, receives its space, and writes to it. */
const receive: Scenario = {
  name: "receive",
  async prepare(home) {
    const books = newBooks();
    const source = await startHost(`${home}-source`);
    await source.object("POST", "/v1/space");
    const given = new Map(Array.from({ length: 40 }, (_, i) => [`given/${i}`, `value ${i}`]));
    const lines = [...given].map(([key, text]) => JSON.stringify({ key, text }) + "\n");
    await source.lines("POST", "/v1/import", lines.join(""));
    await source.call("PUT", "/v1/entry?key=given", LONG);
    // It may be killed before any of it is there, but never holds a part of a transaction.
    const received = books.entries.begin(given);
    books.entries.begin(new Map([["given", LONG]]));
    const { ticket } = await source.object("POST", "/v1/invites", {});
    const at = source.host.addresses[0] as string;
    return {
      books,
      words: ["join", "--at", at],
      env: { KITH_TICKET: String(ticket) },
      async settle(peer) {
        if ((await peer.object("GET", "/v1/status")).space === null) {
          const told = await peer.lines("POST", "/v1/join", { ticket: String(ticket), at: [at] });
          if (told.at(-1)?.joined !== true) throw new Error(`it does not get in: ${JSON.stringify(told.at(-1))}`);
        } else {
          await peer.object("POST", "/v1/connect", { address: at });
        }
        const waited = await peer.object("POST", "/v1/wait", { synced: true, timeoutMs: 20_000 });
        if (waited.error !== undefined) throw new Error(`it does not get in sync: ${waited.message}`);
        const digests = await Promise.all([peer, source].map((host) => host.object("GET", "/v1/status")));
        if (digests[0]?.digest !== digests[1]?.digest) throw new Error("it holds something else than its source");
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
  return [create, reopen(start), upgrade, receive];
}

/** What a peer holds. */
export async function entriesOf(peer: TempHost): Promise<Map<string, string>> {
  const listed = await peer.lines("GET", "/v1/entries");
  const entries = listed.map(async ({ key }) => {
    const response = await peer.call("GET", `/v1/entry?key=${encodeURIComponent(String(key))}`);
    return [String(key), await response.text()] as const;
  });
  return new Map(await Promise.all(entries));
}

function plain(books: Books): Prepared {
  const nothing = () => Promise.resolve();
  return { books, words: ["up"], env: {}, settle: nothing, [Symbol.asyncDispose]: nothing };
}
