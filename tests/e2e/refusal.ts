import { assert, assertEquals, assertMatch } from "@std/assert";
import { type ErrorCode, ERRORS } from "../../lib/base/errors.ts";
import { connectControl } from "../../lib/host/control.ts";
import { homePaths } from "../../lib/host/home.ts";
import type { Home, Printed, RunOptions } from "./kith.ts";

/** A line of the table of what happens with bad input, which KITH_TABLE names a file for. */
export interface Row {
  /** Which kind of bad input. */
  readonly row: string;
  /** The command, or what somebody did to the peer. */
  readonly command: string;
  readonly exit: string;
  readonly sentence: string;
  readonly test: string;
}

/** Adds a line to the table, as JSON. */
export function addRow(row: Row): void {
  const path = Deno.env.get("KITH_TABLE");
  if (path) Deno.writeTextFileSync(path, JSON.stringify(row) + "\n", { append: true });
}

/** What a command is refused with. */
export interface Refusal {
  readonly row: string;
  readonly error: ErrorCode;
  /** What its sentence says, among others. */
  readonly says: RegExp;
  /** The command as the table shows it. Default: as it is run. */
  readonly shown?: string;
}

/**
 * Runs a command twice, for people and for programs: both are refused, with the exit code of the error, one sentence,
 * and under --json the object that holds it.
 *
 * @returns that object.
 */
export async function assertRefused(
  test: Deno.TestContext,
  home: Home,
  words: readonly string[],
  refusal: Refusal,
  options: RunOptions = {},
): Promise<Printed> {
  const { row, error, says, shown } = refusal;
  const plain = await home.run(words, options);
  const { exit } = ERRORS[error];
  assertEquals([plain.code, plain.out], [exit, ""], plain.err);
  const said = plain.err.trimEnd();
  assertMatch(said, /^kith: [^\n]+[.?]$/, "one sentence");
  assertMatch(said, says);
  assert(!said.includes("{"), `a value is missing: ${said}`);
  const json = await home.run([...words, "--json"], options);
  const object = JSON.parse(json.out);
  assertEquals([json.code, object.v, object.error], [exit, 1, error], json.err);
  assertMatch(object.message, says);
  addRow({
    row,
    command: shown ?? shortened(home, `kith ${words.join(" ")}`),
    exit: String(plain.code),
    sentence: shortened(home, said),
    test: test.name,
  });
  return object;
}

/** What a running peer answers to a GET of its API, asked without starting a process. */
export async function ask(home: Home, path: string): Promise<string> {
  const control = await connectControl(homePaths(home.path));
  assert(control !== null, "the peer goes on");
  try {
    return await (await control.request(new Request(`http://localhost/v1/${path}`))).text();
  } finally {
    control.close();
  }
}

/** How a running peer is; asked without starting a process. */
export async function statusAt(home: Home): Promise<Printed> {
  return JSON.parse(await ask(home, "status"));
}

/** The lines of a home's log, as objects. */
export function logOf(home: Home): Printed[] {
  const text = Deno.readTextFileSync(homePaths(home.path).log);
  return text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

/** Without what differs from one run to the next, and no longer than a table's cell. */
function shortened(home: Home, text: string): string {
  const cut = text.replaceAll(/(.)\1{99,}/g, "$1$1$1…").replaceAll(/\b127\.0\.0\.1:\d+/g, "127.0.0.1:PORT");
  return cut.replaceAll(home.path, "HOME").replaceAll(home.machine.folder, "TMP");
}
