import { assert, assertEquals, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { KithError } from "../../lib/base/errors.ts";
import { homePaths } from "../../lib/host/home.ts";
import { startHost, tempFolder, type TempHost } from "./temp_host.ts";
import { DEADLINE_MS } from "./until.ts";

/** Two members in sync; the second one has stopped. @returns the first one, and the digest. */
async function pair(folder: string): Promise<{ first: TempHost; digest: unknown }> {
  const first = await startHost(`${folder}/first`);
  await first.call("POST", "/v1/space");
  for (let i = 0; i < 30; i++) await first.call("PUT", `/v1/entry?key=k${i}`, "x".repeat(500));
  const { ticket } = await first.object("POST", "/v1/invites", {});
  await using second = await startHost(`${folder}/second`);
  await second.lines("POST", "/v1/join", { ticket, at: [first.host.addresses[0]] });
  await second.object("POST", "/v1/wait", { synced: true, timeoutMs: DEADLINE_MS });
  for (let i = 0; i < 10; i++) await second.call("PUT", `/v1/entry?key=own/${i}`, `${i}`);
  await second.object("POST", "/v1/wait", { synced: true, timeoutMs: DEADLINE_MS });
  return { first, digest: (await second.object("GET", "/v1/status")).digest };
}

type Harm = readonly [what: string, harm: (path: string) => void];

function sql(statement: string): Harm {
  return [statement, (path) => {
    const database = new DatabaseSync(path);
    assert(Number(database.prepare(statement).run().changes) > 0);
    database.close();
  }];
}

const HARMS: readonly Harm[] = [
  sql("UPDATE store SET entries = 7"),
  sql("UPDATE writers SET peer = zeroblob(32) WHERE id = 1"),
  sql("UPDATE contexts SET rows = x'01' WHERE id = 2"),
  sql("UPDATE transactions SET header = zeroblob(10) WHERE row = (SELECT max(row) FROM transactions)"),
  sql("DELETE FROM transactions WHERE row = 4"),
  sql("DELETE FROM meta WHERE key = 'book'"),
  ["a page of zeroes for the contexts", (path) => {
    const database = new DatabaseSync(path);
    const page = Number(database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'contexts'").get()?.rootpage);
    database.close();
    const bytes = Deno.readFileSync(path);
    Deno.writeFileSync(path, bytes.fill(0, (page - 1) * 4096, page * 4096));
  }],
];

for (const [what, harm] of HARMS) {
  Deno.test(`a store that is damaged beyond what can be put right in it is made anew, and completed by others: ${what}`, async () => {
    await using folder = await tempFolder();
    const { first, digest } = await pair(folder.path);
    await using _first = first;
    const home = `${folder.path}/second`;
    harm(homePaths(home).store);
    {
      await using second = await startHost(home);
      const [answer] = (await second.lines("POST", "/v1/verify")).slice(-1);
      if (second.host.notices.length === 0) assertEquals(answer?.ok, false);
    }
    await using second = await startHost(home);
    const names = [...Deno.readDirSync(home)].map(({ name }) => name);
    assert(names.some((name) => /^store-2.*\.sqlite$/.test(name)), names.join());
    assert(!names.some((name) => name.includes("rebuilt")), names.join());
    await second.call("POST", "/v1/connect", { address: first.host.addresses[0] });
    await second.object("POST", "/v1/wait", { synced: true, timeoutMs: DEADLINE_MS });
    const status = await second.object("GET", "/v1/status");
    assertEquals([status.digest, status.damaged, status.forks], [digest, 0, []]);
    assertEquals((await second.lines("POST", "/v1/verify")).at(-1)?.ok, true);
    assertEquals((await second.call("PUT", "/v1/entry?key=again", "1")).status, 200);
    await second.object("POST", "/v1/wait", { synced: true, timeoutMs: DEADLINE_MS });
    assertEquals((await first.object("GET", "/v1/status")).forks, []);
  });
}

Deno.test("a store of which nothing can be read is left alone and refused, and so is any damaged one to a single command", async () => {
  await using folder = await tempFolder();
  const { first } = await pair(folder.path);
  await first[Symbol.asyncDispose]();
  const home = `${folder.path}/second`;
  const path = homePaths(home).store;
  const whole = Deno.readFileSync(path);
  HARMS[0]?.[1](path);
  const single = await assertRejects(() => startHost(home, { offline: true }), KithError);
  assertEquals(single.code, "store_damaged");
  Deno.writeFileSync(path, whole.fill(0, 200, whole.length));
  const error = await assertRejects(() => startHost(home), KithError);
  assertEquals(error.code, "store_damaged");
  assertEquals(Deno.readFileSync(path), whole);
  assert(![...Deno.readDirSync(home)].some(({ name }) => name.includes("rebuilt") || name.startsWith("store-2")));
});
