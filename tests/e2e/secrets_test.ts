import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals } from "@std/assert";
import { toBase32 } from "../../lib/base/base32.ts";
import { toHex } from "../../lib/base/bytes.ts";
import { Reader } from "../../lib/base/reader.ts";
import { deriveTicketKeys } from "../../lib/crypto/ticket_keys.ts";
import { homePaths } from "../../lib/host/home.ts";
import { openIdentity } from "../../lib/host/identity_file.ts";
import { newTicketSecret, ticketFromText, ticketWords } from "../../lib/space/ticket.ts";
import { type Home, Machine } from "./kith.ts";

const random = { bytes: (size: number) => crypto.getRandomValues(new Uint8Array(size)) };

/** The files that hold secrets, which is what they are for. */
const KEEPERS = /(identity\.key|store\.sqlite(-wal|-shm)?|control\.json)$/;

/** How a secret could be spelled in a text. */
function spellings(secret: Uint8Array): string[] {
  const base64 = btoa(String.fromCharCode(...secret)).replace(/=+$/, "");
  return [
    toHex(secret),
    toBase32(secret),
    base64,
    secret.join(","),
    JSON.stringify(secret).slice(1, -1),
    String.fromCharCode(...secret),
  ];
}

/** How the words of a ticket could be. */
function wordSpellings(words: string): string[] {
  return ["-", " ", ","].map((separator) => words.split("-").slice(0, 3).join(separator));
}

/** What nobody but its owner may know of a home: the secret of its identity, and those of the epochs of its space. */
function secretsOf(home: Home): Uint8Array[] {
  const identity = openIdentity(homePaths(home.path), random).toBytes().slice(1, 33);
  using database = new DatabaseSync(`${home.path}/store.sqlite`, { readOnly: true });
  const reader = new Reader(database.prepare("SELECT value FROM meta WHERE key = 'epochs'").get()?.value as Uint8Array);
  const secrets = [identity];
  for (let left = reader.varint(100); left > 0; left--) {
    reader.varint();
    secrets.push(reader.raw(32).slice());
  }
  return secrets;
}

/** All that lies in a folder besides the files that hold secrets, as bytes in a text. */
function leftIn(folder: string): string {
  return Array.from(Deno.readDirSync(folder)).map(({ name, isDirectory, isFile }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return leftIn(path);
    return isFile && !KEEPERS.test(path) ? `${path}\n${new TextDecoder("latin1").decode(Deno.readFileSync(path))}` : "";
  }).join("\n");
}

/** What other users of this machine can see of a process. */
function argumentsOf(pid: number): string {
  const words = Deno.build.os === "linux"
    ? ["cat", `/proc/${pid}/cmdline`]
    : ["ps", "-ww", "-o", "args=", "-p", `${pid}`];
  const { stdout } = new Deno.Command(words[0] as string, { args: words.slice(1) }).outputSync();
  return new TextDecoder().decode(stdout).replaceAll("\0", " ");
}

Deno.test("no secret is in a log, an event, an error, a process's arguments, or what a command says", async () => {
  await using machine = new Machine();
  const [a, b] = [machine.home("a"), machine.home("b")];
  const said: string[] = [];
  const run = async (home: Home, args: string[], stdin?: string) => {
    const { out, err } = await home.run(args, stdin === undefined ? {} : { stdin });
    said.push(out, err);
  };
  const peerA = await a.up();
  const { words, ticket } = await a.object("invite", "--uses", "2");
  const unknown = ticketWords(newTicketSecret(random));
  await run(machine.home("c"), ["join", "-", "--at", peerA.address], unknown);
  await run(a, ["join", "-"], words);
  const peerB = await b.up(["join", "-", "--at", peerA.address], { stdin: words });
  for (const [home, command] of [[a, "status"], [a, "members"], [b, "status"], [b, "peers"]] as const) {
    await run(home, [command, "--json"]);
  }
  const pids = [peerA, peerB].map(({ process }) => process.pid);
  said.push(...pids.map(argumentsOf));
  await peerA.stop();
  await peerB.stop();
  const all = [...said, await peerA.err, await peerB.err, leftIn(machine.folder)].join("\n");
  const { inviteSeed, macKey } = deriveTicketKeys(ticketFromText(words).secret);
  const secrets = [words, unknown].map((text) => ticketFromText(text).secret);
  const hidden = [...secrets, inviteSeed, macKey, ...secretsOf(a), ...secretsOf(b)];
  assertEquals(hidden.length, 8);
  for (const text of [...hidden.flatMap(spellings), ...[words, unknown].flatMap(wordSpellings), ticket]) {
    assert(
      !all.includes(text),
      `${text} in ${all.slice(Math.max(0, all.indexOf(text) - 300), all.indexOf(text) + 100)}`,
    );
  }
  for (
    const told of ['"event":"link_opened"', "The ticket was refused", '"digest":', peerB.ready.peer, " join - --at "]
  ) {
    assert(all.includes(told), `${told} is looked through`);
  }
});
