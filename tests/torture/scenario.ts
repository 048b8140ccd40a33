import type { TempHost } from "../host/temp_host.ts";
import { DEADLINE_MS, until } from "../host/until.ts";
import type { Findings } from "./ledger.ts";
import type { Books, Session } from "./session.ts";
import type { TracedPeer } from "./traced_peer.ts";

/** A home that is ready for a process that will be hurt. */
export interface Prepared extends AsyncDisposable {
  /** What the home holds already. */
  readonly books: Books;
  /** The command to run, and its variables. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Files beside those of a home in use whose calls count, and may be hurt. Default: none. */
  readonly files?: readonly string[];
  /** Whether the peer holds all that it has to before it is settled. Default: true. */
  readonly isWhole?: boolean;
  /** Names of what it may tell of its store when it is run again. Default: none. */
  readonly notices?: readonly string[];
  /** Looks at what was left behind, before a peer is run on it. Default: not at all. */
  look?(): Promise<Findings>;
  /** Brings the peer, run again unhurt, to where it would have come. Throws where it does not come there. */
  settle(peer: TempHost): Promise<void>;
}

/** Something that a process does from its start to its end. */
export interface Scenario {
  readonly name: string;
  /** Fills a home, a folder that is not there yet. */
  prepare(home: string): Promise<Prepared>;
  /** Uses the peer once it is ready, to its end. */
  drive(session: Session): Promise<void>;
}

/** Starts a peer as a scenario does, unhurt, to be killed with its store's log full. */
export type StartUnhurt = (home: string) => TracedPeer;

/** A flag and its value: a peer that may be reached on this machine alone. */
export const LISTEN = ["--listen", "127.0.0.1:0"];

/** A value that fills more than a page of the database. */
export const LONG = "a long value, over more than one page of the database ".repeat(100);

/** A peer that is run in a home of its own. */
export function plain(books: Books): Prepared {
  const nothing = () => Promise.resolve();
  return { books, words: ["up", ...LISTEN], env: {}, settle: nothing, [Symbol.asyncDispose]: nothing };
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

/** Writes entries in one transaction. Throws where it does not. */
export async function fill(peer: TempHost, entries: ReadonlyMap<string, string>): Promise<void> {
  const lines = [...entries].map(([key, text]) => JSON.stringify({ key, type: "text/plain", text }) + "\n");
  const told = await peer.lines("POST", "/v1/import", lines.join(""));
  if (told.at(-1)?.error !== undefined) throw new Error(`it takes no entries: ${told.at(-1)?.message}`);
}

/** Links a peer with another one, and waits until both hold the same. Throws where they do not. */
export async function untilSame(peer: TempHost, other: TempHost): Promise<void> {
  await peer.object("POST", "/v1/connect", { address: other.host.addresses[0] as string });
  const waited = await peer.object("POST", "/v1/wait", { synced: true, timeoutMs: DEADLINE_MS });
  if (waited.error !== undefined) throw new Error(`it does not get in sync: ${waited.message}`);
  await until("both hold the same", async () => {
    const [one, two] = await Promise.all([peer, other].map((host) => host.object("GET", "/v1/status")));
    return one?.digest === two?.digest;
  });
}
