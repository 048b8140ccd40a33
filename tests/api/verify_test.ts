import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { homePaths } from "../../lib/host/home.ts";
import { startHost, tempFolder, type TempHost } from "../host/temp_host.ts";
import { DEADLINE_MS, until } from "../host/until.ts";

async function set(host: TempHost, key: string, text: string): Promise<void> {
  const answer = await host.call("PUT", `/v1/entry?key=${key}`, text);
  assertEquals([answer.status, (await answer.json()).error], [200, undefined]);
}

/** Two members in sync, whose second one is stopped then. @returns the first one. */
async function pair(folder: string): Promise<TempHost> {
  const first = await startHost(`${folder}/first`);
  await first.call("POST", "/v1/space");
  for (let i = 0; i < 20; i++) await set(first, `k${i}`, `value ${i}`);
  const { ticket } = await first.object("POST", "/v1/invites", {});
  await using second = await startHost(`${folder}/second`);
  await second.lines("POST", "/v1/join", { ticket, at: [first.host.addresses[0]] });
  await second.object("POST", "/v1/wait", { synced: true, timeoutMs: DEADLINE_MS });
  await set(second, "k3", "another value");
  await second.object("POST", "/v1/wait", { synced: true, timeoutMs: DEADLINE_MS });
  return first;
}

function damage(home: string, ...statements: string[]): void {
  const database = new DatabaseSync(homePaths(home).store);
  for (const statement of statements) assert(Number(database.prepare(statement).run().changes) > 0, statement);
  database.close();
}

const DAMAGES: readonly (readonly string[])[] = [
  ["UPDATE operations SET value = x'00' WHERE key = x'6b35'"],
  ["UPDATE operations SET key = x'6b' WHERE key = x'6b35'"],
  ["UPDATE operations SET state = 1 WHERE key = x'6b35'"],
  ["UPDATE operations SET leaf = zeroblob(70) WHERE key = x'6b33'"],
  ["DELETE FROM operations WHERE key = x'6b35'"],
  ["UPDATE transactions SET signature = zeroblob(64) WHERE row = 5"],
  ["UPDATE transactions SET sequence = 77 WHERE row = 5"],
  ["UPDATE transactions SET context = 0, first_row = 3 WHERE row = 6"],
  ["DELETE FROM replacements", "UPDATE operations SET value = x'01' WHERE key = x'6b36'"],
];

for (const statements of DAMAGES) {
  Deno.test(`what is damaged is named by a check, and fetched from another member: ${statements[0]}`, async () => {
    await using folder = await tempFolder();
    await using first = await pair(folder.path);
    damage(`${folder.path}/second`, ...statements);
    await using second = await startHost(`${folder.path}/second`);
    const lines = await second.lines("POST", "/v1/verify");
    const end = lines.at(-1) as Record<string, unknown>;
    assertEquals([end.event, end.ok], ["verified", false]);
    assert(
      lines.some(({ event, table }) => event === "damaged" && ["operations", "transactions"].includes(`${table}`)),
    );
    await until("it is repaired", async () => (await second.object("GET", "/v1/status")).damaged === 0);
    // Where the indexes were changed with the record, what was counted by them is put right by the next check.
    await until(
      "a check finds nothing more",
      async () => (await second.lines("POST", "/v1/verify")).at(-1)?.ok === true,
    );
    await second.object("POST", "/v1/wait", { synced: true, timeoutMs: DEADLINE_MS });
    for (const host of [first, second]) {
      assertEquals(await (await host.call("GET", "/v1/entry?key=k5")).text(), "value 5");
      assertEquals((await host.object("GET", "/v1/status")).entries, 20);
    }
  });
}

Deno.test("a read that meets a damaged record says so, and has it fetched anew; alone, it is said that nobody has it", async () => {
  await using folder = await tempFolder();
  const home = `${folder.path}/second`;
  {
    await using _first = await pair(folder.path);
    damage(home, "UPDATE operations SET value = x'00' WHERE key = x'6b35'");
  }
  {
    await using alone = await startHost(home);
    const answer = await alone.call("GET", "/v1/entry?key=k5");
    assertEquals([answer.status, (await answer.json()).error], [500, "record_damaged"]);
    await until("it is told that nobody has it", async () => {
      alone.host.nudge();
      return (await alone.object("GET", "/v1/status")).unrecovered === 1;
    });
    assertEquals(alone.host.peer.status().counters.record_lost, 1);
    assertEquals(await (await alone.call("GET", "/v1/entry?key=k6")).text(), "value 6");
  }
  await using first = await startHost(`${folder.path}/first`);
  await using second = await startHost(home);
  assertEquals((await second.object("GET", "/v1/status")).damaged, 1);
  await second.call("POST", "/v1/connect", { address: first.host.addresses[0] });
  await until("it is repaired", async () => (await second.object("GET", "/v1/status")).damaged === 0);
  assertEquals(await (await second.call("GET", "/v1/entry?key=k5")).text(), "value 5");
});

Deno.test("a check of a large store lets others have their turn, and tells how far it is", async () => {
  await using folder = await tempFolder();
  await using host = await startHost(`${folder.path}/home`);
  await host.call("POST", "/v1/space");
  const lines = Array.from(
    { length: 20_000 },
    (_, i) => JSON.stringify({ v: 1, key: `key/${i}`, text: "x".repeat(50) }),
  );
  await host.lines("POST", "/v1/import", lines.join("\n"));
  let isDone = false;
  const check = host.lines("POST", "/v1/verify").finally(() => isDone = true);
  let served = 0;
  while (!isDone) {
    await set(host, `meanwhile/${served % 50}`, `${served}`);
    served++;
  }
  const answers = await check;
  assert(served > 10, `${served}`);
  assert(answers.some(({ event }) => event === "progress"));
  assertEquals([answers.at(-1)?.ok, answers.at(-1)?.damaged], [true, 0]);
});
