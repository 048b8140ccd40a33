import { toHex, utf8Encode } from "../lib/base/bytes.ts";
import { sha256 } from "../lib/crypto/hash.ts";
import { killAt } from "../tests/e2e/kill.ts";
import { type Home, Machine } from "../tests/e2e/kith.ts";
import { exportLine } from "./entries.ts";

/**
 * Real data through real processes: the package index of this Debian machine is imported on A; B joins, is killed
 * three times while it receives, and ends with the very same export. Prints what happened; fails where it did not.
 *
 * Usage: real_input.ts. Needs `apt-cache`; KITH_EXE names the program under test, as in the tests.
 */
const SHARES = [0.15, 0.4, 0.65];

/** The packages as lines to import: each one's fields under `deb/NAME/VERSION`; the first of equal ones counts. */
function packageLines(index: string): string[] {
  const lines = new Map<string, string>();
  for (const paragraph of index.split("\n\n")) {
    const fields: Record<string, string> = {};
    let name = "";
    for (const line of paragraph.split("\n")) {
      const field = /^([\w-]+):\s*(.*)$/.exec(line);
      if (field?.[1] !== undefined) {
        name = field[1];
        fields[name] = field[2] ?? "";
      } else if (name !== "" && line !== "") fields[name] += `\n${line.trim()}`;
    }
    const key = `deb/${fields["Package"]}/${fields["Version"]}`;
    if (fields["Package"] !== undefined && !lines.has(key)) lines.set(key, exportLine(key, fields));
  }
  return [...lines.values()];
}

async function sortedExport(home: Home): Promise<Uint8Array> {
  const { bytes } = await home.run(["export"]);
  const lines = new TextDecoder().decode(bytes).split("\n").slice(0, -1);
  return utf8Encode(lines.toSorted().map((line) => line + "\n").join(""));
}

/** Runs one step and prints what it gave and how long it took. */
async function step<T>(what: string, run: () => Promise<T>, says: (result: T) => string): Promise<T> {
  const startMs = performance.now();
  const result = await run();
  console.log(`${what.padEnd(34)} ${((performance.now() - startMs) / 1000).toFixed(2).padStart(6)} s  ${says(result)}`);
  return result;
}

function expect(holds: boolean, what: string): void {
  if (holds) return;
  console.error(`not so: ${what}`);
  throw new Error(what);
}

const index = await new Deno.Command("apt-cache", { args: ["dumpavail"] }).output();
const lines = packageLines(new TextDecoder().decode(index.stdout));
const sizes = lines.map((line) => utf8Encode(line).length);
const largest = sizes.reduce((a, b) => Math.max(a, b), 0);
const totalMb = sizes.reduce((a, b) => a + b, 0) / 1e6;
console.log(`${lines.length} packages, ${totalMb.toFixed(1)} MB as lines, the largest ${largest} bytes`);
expect(lines.length > 60_000 && largest > 70_000, "the index is that of a whole distribution");

await using machine = new Machine();
const a = machine.home("a");
const b = machine.home("b");
const peerA = await a.up();
const input = lines.join("\n") + "\n";
await step("A imports", () => a.run(["import", "--json"], { stdin: input }), ({ out }) => out.trim());
const { words } = await a.object("invite");
for (const [i, share] of SHARES.entries()) {
  const args = i === 0 ? ["join", "--at", peerA.address] : ["up"];
  const kill = () => killAt(b, args, { KITH_TICKET: words }, Math.ceil(share * lines.length));
  const { seen, held } = await step(`B: ${args[0]}, then SIGKILL`, kill, ({ seen, held }) => {
    const percent = (held / lines.length * 100).toFixed(1);
    return `last told of ${seen} entries; ${held} in its store once dead, ${percent} %`;
  });
  expect(seen <= held && held >= 0.1 * lines.length && held <= 0.9 * lines.length, "killed at 10 to 90 %");
}
let peerB = await step("B: up", () => b.up(), () => "ready");
await step("B: wait --synced", () => b.ok("wait", "--synced", "--timeout", "10m"), () => "in sync");
const [ofA, ofB] = await step(
  "export of both, sorted",
  async () => [await sortedExport(a), await sortedExport(b)] as const,
  (both) => both.map((bytes) => `${bytes.length} bytes`).join(", "),
);
for (const [name, bytes] of [["A", ofA], ["B", ofB]] as const) console.log(`${name} sha256 ${toHex(sha256(bytes))}`);
const expected = utf8Encode(lines.toSorted().map((line) => line + "\n").join(""));
console.log(`input sorted ${toHex(sha256(expected))}`);
const [statusA, statusB] = [await a.object("status"), await b.object("status")];
console.log(`digests ${statusA["digest"]} ${statusB["digest"]}`);
expect(toHex(sha256(ofA)) === toHex(sha256(ofB)), "both exports are the same, byte for byte");
expect(toHex(sha256(ofA)) === toHex(sha256(expected)), "and what was imported");
expect(statusA["digest"] === statusB["digest"] && statusB["entries"] === lines.length, "digests and counts agree");
await peerB.stop();
peerB = await step("B: up again", () => b.up(), () => "ready");
const codes = [await peerB.stop(), await peerA.stop()];
expect(codes.every((code) => code === 0), "both end with 0");
console.log("ok");
