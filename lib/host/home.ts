import { KithError } from "../base/errors.ts";
import { fileError } from "./file_error.ts";

/** The bits of a mode that let group and others in. */
const OTHERS = 0o077;

/** Where a home keeps what. */
export interface HomePaths {
  /** The directory itself; private to its owner (0700). */
  readonly home: string;
  /** The secret key (0600). */
  readonly identity: string;
  /** The database; its WAL and its shared memory lie beside it. */
  readonly store: string;
  /** How many commits the store has, at most a second old. */
  readonly counter: string;
  /** What `up` shall do without flags, as JSON. */
  readonly config: string;
  /** Held locked by whoever uses the home; holds its process id. */
  readonly lock: string;
  /** What happened, one JSON object a line. */
  readonly log: string;
}

/** The paths within a home. */
export function homePaths(home: string): HomePaths {
  const separator = Deno.build.os === "windows" ? "\\" : "/";
  const path = (name: string) => `${home}${separator}${name}`;
  return {
    home,
    identity: path("identity.key"),
    store: path("store.sqlite"),
    counter: path("store.sqlite-commits"),
    config: path("config.json"),
    lock: path("lock"),
    log: path("kith.log"),
  };
}

/**
 * The home to use: the one named, else KITH_HOME, else the system's place for a program's data.
 *
 * @param named a path given by a person; relative ones are to the working directory.
 * @throws {KithError} `home_unusable` where the environment does not say where the user's files are.
 */
export function resolveHome(named?: string): string {
  const chosen = named ?? Deno.env.get("KITH_HOME");
  if (chosen !== undefined && chosen !== "") return absolute(chosen);
  if (Deno.build.os === "windows") return `${variable("LOCALAPPDATA")}\\kith`;
  if (Deno.build.os === "darwin") return `${variable("HOME")}/Library/Application Support/kith`;
  const data = Deno.env.get("XDG_DATA_HOME");
  // The XDG base directory specification has relative paths ignored.
  return data?.startsWith("/") ? `${data}/kith` : `${variable("HOME")}/.local/share/kith`;
}

/**
 * Makes the home's directory where it is missing, and it and its files private where they are not: whoever copied or
 * restored them may not have kept their modes.
 *
 * @throws {KithError} `home_read_only`, `home_unusable`.
 */
export function prepareHome(home: string): void {
  try {
    Deno.mkdirSync(home, { recursive: true, mode: 0o700 });
    const mode = Deno.statSync(home).mode;
    if (mode === null || Deno.build.os === "windows") return;
    if ((mode & OTHERS) !== 0) Deno.chmodSync(home, 0o700);
    for (const { name, isFile } of Deno.readDirSync(home)) if (isFile) makePrivate(`${home}/${name}`);
  } catch (error) {
    throw fileError(error, home);
  }
}

function makePrivate(path: string): void {
  try {
    if (((Deno.lstatSync(path).mode ?? 0) & OTHERS) !== 0) Deno.chmodSync(path, 0o600);
  } catch (error) {
    // A peer that runs in this home has just removed it.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * Makes an empty file for the store where there is none, private to its owner (0600), which SQLite makes its own.
 *
 * @throws {KithError} `home_read_only`, `home_unusable`.
 */
export function prepareStore(paths: HomePaths): void {
  try {
    Deno.openSync(paths.store, { write: true, create: true, mode: 0o600 }).close();
  } catch (error) {
    throw fileError(error, paths.home);
  }
}

/** Whether a home has a store in it. */
export function homeHasStore(paths: HomePaths): boolean {
  try {
    Deno.statSync(paths.store);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw fileError(error, paths.home);
  }
}

function absolute(path: string): string {
  const isAbsolute = Deno.build.os === "windows" ? /^([A-Za-z]:)?[\\/]/.test(path) : path.startsWith("/");
  const trimmed = path.length > 1 ? path.replace(/[\\/]+$/, "") : path;
  return isAbsolute ? trimmed : `${Deno.cwd()}${Deno.build.os === "windows" ? "\\" : "/"}${trimmed}`;
}

function variable(name: string): string {
  const value = Deno.env.get(name);
  if (value) return value;
  throw new KithError("home_unusable", { home: `$${name}`, detail: `the variable ${name} is not set` });
}
