/** The most lines of a source file: what is longer holds more than one thing. */
export const MAX_SOURCE_LINES = 400;

// In two parts, so that this file does not hold what it forbids.
const BANNED: readonly (readonly [string, string])[] = [
  ["TO" + "DO", "do it, or leave it out"],
  ["FIX" + "ME", "mend it"],
  ["debug" + "ger", "left over"],
  [".on" + "ly(", "left over: it silences every other test"],
  ["/wo" + "rk/", "a path of one machine"],
  [".." + "/shared", "outside of the project"],
  ["npm" + "js.org", "a registry is the business of whoever installs"],
  ["jsr" + ".io", "a registry is the business of whoever installs"],
  [" -" + "A ", "name the permissions"],
  ["--allow-" + "all", "name the permissions"],
];

/** `.ci/run` alone knows the places where the build tools of its machine may be. */
const EXCEPTIONS: ReadonlyMap<string, readonly string[]> = new Map([[".ci/run", [".." + "/shared"]]]);

/** What in a file has no place in the project. */
export function breachesOf(path: string, text: string): string[] {
  const allowed = EXCEPTIONS.get(path) ?? [];
  const breaches = BANNED
    .filter(([word]) => text.includes(word) && !allowed.includes(word))
    .map(([word, reason]) => `'${word}': ${reason}`);
  const lines = text.split("\n").length - 1;
  if (/^(lib|scripts)\/.*\.ts$/.test(path) && lines > MAX_SOURCE_LINES) {
    breaches.push(`${lines} lines, of at most ${MAX_SOURCE_LINES}`);
  }
  return breaches;
}

/** Why a source file may not be called so; undefined where it may. */
export function nameBreach(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1).replace(/(\.d)?\.ts$/, "");
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name)) return "not in snake_case";
  return ["utils", "util", "helpers", "index", "mod", "misc", "common"].includes(name) ? "says nothing" : undefined;
}

/** The project's files that a source names in its imports, by path; also those that an import map leads to. */
export function importsOf(path: string, source: string, importMap: Readonly<Record<string, string>>): string[] {
  const found: string[] = [];
  for (const [, specifier = ""] of source.matchAll(/(?:from|import|import\(|URL\()\s*"([^"]+)"/g)) {
    const mapped = importMap[specifier];
    const from = mapped === undefined ? path : "deno.json";
    const url = new URL(mapped ?? specifier, `file:///${from}`);
    if (/^\.\.?\//.test(mapped ?? specifier)) found.push(url.pathname.slice(1));
  }
  return found;
}
