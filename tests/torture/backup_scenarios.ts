import { KithError } from "../../lib/base/errors.ts";
import { readBackup } from "../../lib/host/backup.ts";
import { isThere } from "../../lib/host/file_error.ts";
import { homePaths } from "../../lib/host/home.ts";
import { restoreBackup } from "../../lib/host/restore.ts";
import { Store } from "../../lib/store/store.ts";
import { startHost } from "../host/temp_host.ts";
import type { Findings } from "./ledger.ts";
import { entriesOf, fill, LISTEN, LONG, type Scenario } from "./scenario.ts";
import { type Books, newBooks } from "./session.ts";

const random = { bytes: (size: number) => crypto.getRandomValues(new Uint8Array(size)) };
const NAME = "kept";

/** Where a running peer writes its backup. */
const backupOf = (home: string) => `${home}-backup.tar`;

/** A running peer writes itself into one file, and goes on. */
export const backup: Scenario = {
  name: "backup",
  async prepare(home) {
    const books = newBooks();
    const path = backupOf(home);
    {
      await using host = await startHost(home);
      await filled(host, books);
    }
    return {
      books,
      words: ["up", ...LISTEN],
      env: {},
      files: [path, `${path}.part`, path.replace(/\/[^/]*$/, "")],
      look: () => wholeBackups(books, `${home}-again`),
      async settle(peer) {
        if (isThere(path)) return;
        const made = await peer.object("POST", "/v1/backup", { path });
        if (made.error !== undefined) throw new Error(`it makes no backup any more: ${made.message}`);
        if (isThere(`${path}.part`)) throw new Error("a part of a backup is there still");
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
  async drive(session) {
    const path = backupOf(session.peer.home);
    await session.set("before", "the backup");
    await Promise.all([session.backup(path), session.set("single", "meanwhile"), session.import("meanwhile", 5, "x")]);
    await session.set("after", "the backup");
    await session.down();
  },
};

/** A home is made from a backup. */
export const restore: Scenario = {
  name: "restore",
  async prepare(home) {
    const books = newBooks();
    const path = backupOf(home);
    let was: { peer: unknown; instance: string };
    {
      await using host = await startHost(`${home}-source`);
      await filled(host, books);
      await host.object("POST", "/v1/backup", { path });
      was = { peer: host.host.peer.status().peer, instance: "" };
    }
    was.instance = instanceOf(`${home}-source`) ?? "";
    const { identity, config, store, counter } = homePaths(home);
    const staged = [identity, config, counter, store].map((file) => `${file}.next`);
    const draft = ["", "-wal", "-shm", "-journal"].map((suffix) => `${store}.draft${suffix}`);
    return {
      books,
      words: ["restore", path],
      env: {},
      files: [path, ...staged, ...draft, `${counter}.next.new`],
      async look() {
        const losses: string[] = [];
        const failures: string[] = [];
        const isNew = await isRestored(home, was.peer, books, losses);
        try {
          await restoreBackup(path, home, random);
        } catch (error) {
          if (!(error instanceof KithError && error.code === "home_not_empty" && isNew)) {
            failures.push(`it cannot be run again: ${error}`);
          }
        }
        if (instanceOf(home) === was.instance) losses.push("it goes on counting where others may have more already");
        return { losses, failures };
      },
      settle: (peer) => {
        if (peer.host.peer.status().peer !== was.peer) throw new Error("it is another peer than the backup's");
        return Promise.resolve();
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
  // It ends by itself.
  drive: () => Promise.resolve(),
};

async function filled(host: Awaited<ReturnType<typeof startHost>>, books: Books): Promise<void> {
  await host.object("POST", "/v1/space");
  const entries = new Map([["single", "first"], ["long", LONG]]);
  for (let i = 0; i < 30; i++) entries.set(`batch/${i}`, `line ${i}`);
  await fill(host, entries);
  await host.call("DELETE", "/v1/entry?key=batch/7");
  await host.call("PUT", "/v1/config", { name: NAME });
  entries.delete("batch/7");
  books.entries.holds(entries);
  books.config.holds(new Map([["name", NAME]]));
}

/** Restores what is there of the backups that were asked for. */
async function wholeBackups({ backups }: Books, again: string): Promise<Findings> {
  const losses: string[] = [];
  const failures: string[] = [];
  for (const { path, entries, isAcknowledged } of backups) {
    if (!isThere(path)) {
      if (isAcknowledged) losses.push("the backup is not there");
      continue;
    }
    try {
      await readBackup(path, () => null);
    } catch (error) {
      (isAcknowledged ? losses : failures).push(`what bears the name of a backup is none: ${error}`);
      Deno.removeSync(path);
      continue;
    }
    await restoreBackup(path, again, random);
    await using host = await startHost(again, { offline: true });
    losses.push(...entries.check(await entriesOf(host)).losses.map((loss) => `of the backup: ${loss}`));
  }
  return { losses, failures };
}

/** Whether a home is that of the backup, as whoever runs it sees it; it must be all of it, or nothing. */
async function isRestored(home: string, peer: unknown, { entries, config }: Books, losses: string[]): Promise<boolean> {
  if (!isThere(home)) return false;
  const copy = `${home}-copy`;
  Deno.mkdirSync(copy, { mode: 0o700 });
  for (const { name, isFile } of Deno.readDirSync(home)) {
    if (isFile) Deno.copyFileSync(`${home}/${name}`, `${copy}/${name}`);
  }
  await using host = await startHost(copy, { offline: true });
  const status = host.host.peer.status();
  if (status.peer !== peer && status.space === null) return false;
  const { name } = host.host.config();
  const found = [
    ...entries.check(await entriesOf(host)).losses,
    ...config.check(new Map(name === undefined ? [] : [["name", name]])).losses,
    ...(status.peer === peer ? [] : ["it is another peer"]),
    ...(status.space === null ? ["it is in no space"] : []),
  ];
  losses.push(...found.map((loss) => `half restored: ${loss}`));
  return true;
}

/** The instance of the store in a home; null where there is none. */
function instanceOf(home: string): string | null {
  const { store: path } = homePaths(home);
  if (!isThere(path)) return null;
  const store = Store.open(path, { random });
  try {
    return store.instance.toHex();
  } finally {
    store.close();
  }
}
