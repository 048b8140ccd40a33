import { ERRORS } from "../../lib/base/errors.ts";
import { homePaths } from "../../lib/host/home.ts";
import { Store } from "../../lib/store/store.ts";
import { startHost, type TempHost } from "../host/temp_host.ts";
import type { Findings } from "./ledger.ts";
import { entriesOf, type Prepared, type Scenario } from "./scenario.ts";
import { Session } from "./session.ts";
import { cutPower, type Unsynced, unsyncedWrites } from "./power_cut.ts";
import { type CallCount, callCounts, type Fault, killsProcess, struckAt } from "./strace.ts";
import { type Ended, TracedPeer } from "./traced_peer.ts";
import { damageIn } from "../store/verified.ts";

/** What came of one point. */
export interface Outcome extends Findings {
  /** The file at which the fault struck; null where the peer came to its end before. */
  readonly struckAt: string | null;
  /** How often each call was made. */
  readonly counts: readonly CallCount[];
  /** How many writes were acknowledged. */
  readonly acknowledged: number;
  /** What the peer told of an error, in words. */
  readonly told: string;
}

/** Where and how a point is tried. */
export interface PointOptions {
  /** A folder of its own, which is there. */
  readonly folder: string;
  readonly runFolder: string;
  /** Null: nothing happens to the peer, and the calls are counted. */
  readonly fault: Fault | null;
}

/** Exit code of a peer that is asked to end before it is ready. */
const INTERRUPTED = 130;
/** Exit code of strace, as that of its process, after SIGKILL. */
const KILLED = 128 + 9;

/** Hurts a peer at one point of what it does, and looks at what it holds when it is run again. */
export async function tryPoint(scenario: Scenario, options: PointOptions): Promise<Outcome> {
  const { folder, runFolder, fault } = options;
  const home = `${folder}/home`;
  const logPath = `${folder}/calls`;
  await using prepared = await scenario.prepare(home);
  const { words, env, books, files = [] } = prepared;
  const peer = new TracedPeer({ home, runFolder, log: logPath, words, env, files, fault });
  const ready = await peer.ready;
  if (ready !== null) await scenario.drive(new Session(peer, books));
  else peer.interrupt();
  const ended = await peer.ended();
  const log = Deno.readTextFileSync(logPath);
  const struck = fault === null ? null : struckAt(log, fault, ended.code === KILLED && !ended.hung);
  const failures: string[] = [];
  const killed = fault !== null && killsProcess(fault) && struck !== null;
  if (!killed) failures.push(...howItEnded(ended, struck !== null));
  if (killed && fault.trouble === "cut") cutPower(spared(unsyncedWrites(log), home));
  const told = struck === null || killed ? "" : toldOf(home, ended, peer.refusals);
  const found = await aftermath(home, prepared, ready);
  return {
    struckAt: struck,
    counts: callCounts(log, homePaths(home).counter),
    acknowledged: books.entries.acknowledged,
    told,
    losses: found.losses,
    failures: [...failures, ...found.failures],
  };
}

/**
 * Without the first page of the database: it is read before the log is, and a disk writes the sector of its header
 * whole or not at all; and without files in which nothing is kept.
 */
function spared(unsynced: Unsynced, home: string): Unsynced {
  const { store, lock, log } = homePaths(home);
  const kept = [...unsynced].filter(([path]) => path !== lock && path !== log);
  return new Map(
    kept.map(([path, ranges]) => [path, path === store ? ranges.filter(({ offset }) => offset > 0) : ranges]),
  );
}

/** What is wrong with how a process ended that was not killed. */
function howItEnded({ code, out, err, hung }: Ended, struck: boolean): string[] {
  if (hung) return [`it did nothing any more: ${out}${err}`];
  if (code === 0 || (struck && code === INTERRUPTED && err.includes("The disk is full"))) return [];
  const error = errorOf(out);
  const known = error !== null && error.code in ERRORS && error.code !== "internal";
  return struck && code === 1 && known ? [] : [`it ended with ${code}: ${out}${err}`];
}

/** What it said: the error with which it ended, what it refused, or what it logged. */
function toldOf(home: string, { out, err }: Ended, refusals: readonly string[]): string {
  const error = errorOf(out);
  if (error !== null) return error.message;
  if (err !== "") return err.trimEnd();
  if (refusals.length > 0) return `refused: ${[...new Set(refusals)].join(", ")}`;
  try {
    const lines = Deno.readTextFileSync(homePaths(home).log).split("\n").filter((line) =>
      /"level":"(error|warn)/.test(line)
    );
    if (lines.length === 0) return "";
    const { event, reason } = JSON.parse(lines[0] as string);
    return `logged: ${event} (${reason})`;
  } catch {
    // There is no log, or it was cut off: then it did not tell by it.
    return "";
  }
}

function errorOf(out: string): { readonly code: string; readonly message: string } | null {
  for (const line of out.split("\n").filter((line) => line !== "")) {
    const { error, message } = JSON.parse(line);
    if (typeof error === "string") return { code: error, message };
  }
  return null;
}

/** Runs the peer again, unhurt, and compares. */
async function aftermath(
  home: string,
  prepared: Prepared,
  ready: { readonly peer?: string; readonly space?: string } | null,
): Promise<Findings> {
  const { books, isWhole = true, notices = [] } = prepared;
  const losses: string[] = [];
  const failures: string[] = [];
  const take = (found: Findings) => {
    losses.push(...found.losses);
    failures.push(...found.failures);
  };
  let digest: unknown;
  try {
    if (prepared.look !== undefined) take(await prepared.look());
    await using peer = await startHost(home);
    const status = await peer.object("GET", "/v1/status");
    for (const { name, reason } of peer.host.notices) {
      if (!notices.includes(name)) failures.push(`it takes its store for another: ${name} (${reason})`);
    }
    if (ready !== null && (status.peer !== ready.peer || status.space !== ready.space)) {
      losses.push(`it is another peer, or in another space: ${status.peer} ${status.space}`);
    }
    if (isWhole) take(books.entries.check(await entriesOf(peer)));
    const { name } = peer.host.config();
    take(books.config.check(new Map(name === undefined ? [] : [["name", name]])));
    await prepared.settle(peer);
    take(books.entries.check(await entriesOf(peer)));
    if ((await peer.object("GET", "/v1/status")).space === null) await peer.object("POST", "/v1/space");
    await writesAgain(peer);
    digest = (await peer.object("GET", "/v1/status")).digest;
  } catch (error) {
    losses.push(`it does not run again: ${error instanceof Error ? error.stack : error}`);
    return { losses, failures };
  }
  for (const left of leftovers(home)) failures.push(`it leaves ${left} behind`);
  const store = Store.open(homePaths(home).store, { random: { bytes: (size) => new Uint8Array(size) } });
  try {
    for (const damage of damageIn(store)) losses.push(`damaged: ${JSON.stringify(damage)}`);
    if (store.digest().toHex() !== digest) losses.push("another digest than before it was stopped");
  } finally {
    store.close();
  }
  return { losses, failures };
}

async function writesAgain(peer: TempHost): Promise<void> {
  const response = await peer.call("PUT", "/v1/entry?key=again", "it writes again");
  if (!response.ok) throw new Error(`it does not write again: ${await response.text()}`);
  const read = await (await peer.call("GET", "/v1/entry?key=again")).text();
  if (read !== "it writes again") throw new Error(`it reads ${read}`);
}

/** What a peer that was stopped has no use for. */
function leftovers(home: string): string[] {
  const names = Array.from(Deno.readDirSync(home), ({ name }) => name);
  return names.filter((name) => /-wal$|-shm$|-journal$|\.next|\.draft|^control/.test(name));
}
