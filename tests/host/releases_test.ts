import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { utf8Decode } from "../../lib/base/bytes.ts";
import { KithError } from "../../lib/base/errors.ts";
import { Store } from "../../lib/store/store.ts";
import type { CommitMark } from "../../lib/store/store_row.ts";
import { damageIn } from "../store/verified.ts";
import { startHost, tempFolder } from "./temp_host.ts";

const FIXTURES = new URL("../fixtures/", import.meta.url);

/** What later homes of releases hold alike: what a member changed after its removal is undone. */
function withRemoval(version: string) {
  return {
    members: 2,
    winners: {
      both: "from a",
      bytes: "\u0000\ufffd\u0001",
      gone: "changed on b",
      "json/ä": '{"n":1.5,"list":[true,null]}',
      plain: `text of ${version}`,
      shared: "from c",
    },
    conflicts: ["concurrent both", "delete_beside_put gone", "undone shared", "undone unseen/c"],
    history: { key: "shared", versions: 2 },
  };
}

/** What a release left in its home; the home is kept as it was, and opened by every later release. */
const RELEASES = [{
  version: "0.1.0",
  peer: "5m246kav2yqfueacvvjy5avidtbjuqqh6inpr324b4y75rdxukoq",
  space: "4umljsidrurnjvy3oboatgsmr5bsrbsyc56qjzidi7f4cps4do7q",
  digest: "278bb5dea26b14093d79599b6a10653f8f09c3d7b407e60e891c051493669442",
  members: 2,
  winners: {
    both: "from b",
    bytes: "\u0000\ufffd\u0001",
    gone: "changed on b",
    "json/ä": '{"n":1.5,"list":[true,null]}',
    plain: "text of 0.1.0",
  },
  conflicts: ["concurrent both", "delete_beside_put gone"],
  history: { key: "both", versions: 3 },
  isCompacted: false,
}, {
  version: "0.2.0",
  peer: "6kb2krwykhudnnkb4nolcze2md6fzs4yyiujzcsn6zqj5fyutdpa",
  space: "czt3blenl57exdmirjpsgrkuffa5tficwpy4hrdosykvh7h6ni7q",
  digest: "4fc0aaa0fcb16e44385e6a1fa1041f766c81218d5c68854e0815f8a3d656b13b",
  members: 2,
  winners: {
    both: "from b",
    bytes: "\u0000\ufffd\u0001",
    gone: "changed on b",
    "json/ä": '{"n":1.5,"list":[true,null]}',
    "kept/1": "two",
    plain: "text of 0.2.0",
    rewritten: "value 11",
    "rewritten/b": "value 11",
  },
  conflicts: ["concurrent both", "delete_beside_put gone"],
  // Of twelve versions the checkpoint left one.
  history: { key: "rewritten", versions: 1 },
  isCompacted: true,
}, {
  // It held a removal, and what the removed member wrote apart, and undid nothing of that.
  version: "0.2.0-removal",
  peer: "yxofdjto4awubklrb7t75rj77soabvnnspxt7nt3xpmi4xmryn2a",
  space: "6tlfjodayvvwue35omkvr7ouor6ggducfcjifeuzu7dzfhnbx5wa",
  digest: "2db9ff4232780363bde7f13cdb5727f8ade33ea9f60c3fc5958bf5095e7ff392",
  members: 2,
  winners: { kept: "from a", shared: "from c" },
  conflicts: ["undone kept", "undone shared", "undone unseen/c"],
  history: { key: "shared", versions: 2 },
  isCompacted: true,
}, {
  version: "0.3.0",
  peer: "imgphwe4bq4zvbrxh7cjytw2snxz7a23axohslsjehe77o7rhk3a",
  space: "jygbnvh6k5m3q5hpwdl42qic3lucx2pdskd45icksmmo7or6zydq",
  digest: "80dd4a0adecac1ddf93efaa86a329837c0be5d6775daae04eaca4b906739371d",
  ...withRemoval("0.3.0"),
  isCompacted: false,
}, {
  version: "0.4.0",
  peer: "n6lrwcpnty5zda53rgqso6emqw2g66wyl33flydubzm6aafqzxjq",
  space: "mh2us2e6cj3lv72ais6k4xs5dsauxktw6sryprysrxi3smuqr5cq",
  digest: "b9e6a03facb085222a2c8dc59518111bc6986566276d039c34f3303f741a6d05",
  ...withRemoval("0.4.0"),
  // The removal is final by a checkpoint, and nothing was let go.
  isCompacted: true,
}, {
  version: "0.5.0",
  peer: "u6svvgq4w4rzj23g5hl2bu3n6cvpadliug3vokdlyrfw5vxytuba",
  space: "etbpj3gzx6llrrd5kg3i4k4tkp54pzhqqthf7247tjbg24pzpecq",
  digest: "8c22ba9f71a934da5ae32faa589e99ac6e8efb0cf87304a72952857d11c8b55b",
  ...withRemoval("0.5.0"),
  isCompacted: true,
}];

/** A copy of what a release left, in a folder. */
function homeOf(version: string, folder: string): string {
  const home = `${folder}/home`;
  Deno.mkdirSync(home, { mode: 0o700 });
  for (const file of ["identity.key", "store.sqlite"]) {
    Deno.copyFileSync(new URL(`${version}/${file}`, FIXTURES), `${home}/${file}`);
    Deno.chmodSync(`${home}/${file}`, 0o600);
  }
  return home;
}

for (const release of RELEASES) {
  Deno.test(`the home of ${release.version} is opened, says what it said, and can be written`, async () => {
    await using folder = await tempFolder();
    const home = homeOf(release.version, folder.path);
    await using opened = await startHost(home, { offline: true });
    const { peer } = opened.host;
    // Behind the first turn, which judges what an earlier kith did not.
    await opened.host.request({ type: "write", writes: [] });
    const { peer: id, space, digest, members, compaction } = peer.status();
    const { winners, conflicts, history, version: _, ...expected } = release;
    const isCompacted = compaction.finalAtMs !== null && compaction.isDone;
    assertEquals({ peer: id, space, digest, members, isCompacted }, expected);
    const entries = peer.list({ limit: 100 }).map(({ key, value }) => [key, new TextDecoder().decode(value)]);
    assertEquals(Object.fromEntries(entries), winners);
    assertEquals(peer.conflicts().map(({ kind, key }) => `${kind} ${key}`), conflicts);
    const written = await opened.lines("GET", `/v1/history?key=${history.key}`);
    assertEquals(written.length, history.versions);
    assertEquals((await opened.lines("POST", "/v1/verify")).map(({ ok }) => ok).slice(-1), [true]);
    const write = { kind: "put", key: "later", media: "text/plain", value: new Uint8Array([111, 107]) } as const;
    const reply = await opened.host.request({ type: "write", writes: [write] });
    assertEquals(reply.ok, true);
    assertEquals(utf8Decode(peer.get("later")?.value ?? new Uint8Array()), "ok");
  });
}

Deno.test("an older store is kept as it was before it is migrated, once", async () => {
  await using folder = await tempFolder();
  const home = homeOf("0.1.0", folder.path);
  const copy = `${home}/store.sqlite.v1`;
  const before = Deno.readFileSync(`${home}/store.sqlite`);
  {
    await using first = await startHost(home, { offline: true });
    assertEquals(first.host.notices.map(({ name }) => name), ["store_migrated"]);
    assert(first.host.notices[0]?.reason?.includes(copy));
  }
  assertEquals(Deno.readFileSync(copy), before);
  if (Deno.build.os !== "windows") assertEquals((Deno.statSync(copy).mode ?? 0) & 0o777, 0o600);
  assert(![...Deno.readDirSync(home)].some(({ name }) => name.includes(".new")));
  {
    await using second = await startHost(home, { offline: true });
    assertEquals(second.host.notices, []);
  }
  // What is there already is the older one.
  Deno.writeFileSync(`${home}/store.sqlite`, before);
  Deno.writeTextFileSync(copy, "the first one");
  await using third = await startHost(home, { offline: true });
  assert(!third.host.notices.some(({ name }) => name === "store_migrated"));
  assertEquals(Deno.readTextFileSync(copy), "the first one");
});

Deno.test("what an older store has in its log is in the copy", async () => {
  await using folder = await tempFolder();
  const home = homeOf("0.1.0", folder.path);
  const store = `${home}/store.sqlite`;
  const writer = new DatabaseSync(store);
  writer.exec("PRAGMA wal_autocheckpoint = 0");
  writer.exec("INSERT INTO meta VALUES ('left in the log', x'01')");
  const file = Deno.readFileSync(store);
  const log = Deno.readFileSync(`${store}-wal`);
  writer.close();
  Deno.writeFileSync(store, file);
  Deno.writeFileSync(`${store}-wal`, log);
  {
    await using opened = await startHost(home, { offline: true });
    assertEquals(opened.host.peer.status().members, 2);
  }
  const copy = new DatabaseSync(`${store}.v1`, { readOnly: true });
  assertEquals(copy.prepare("SELECT count(*) AS n FROM meta WHERE key = 'left in the log'").get()?.n, 1);
  assertEquals(copy.prepare("PRAGMA user_version").get()?.user_version, 1);
  copy.close();
});

Deno.test("without a copy an older store is not migrated", async () => {
  await using folder = await tempFolder();
  const home = homeOf("0.1.0", folder.path);
  const before = Deno.readFileSync(`${home}/store.sqlite`);
  // Nothing can be written where a directory is.
  Deno.mkdirSync(`${home}/store.sqlite.v1.new/x`, { recursive: true });
  const error = await assertRejects(() => startHost(home, { offline: true }), KithError);
  assertEquals(error.code, "home_unusable");
  assertEquals(Deno.readFileSync(`${home}/store.sqlite`), before);
  Deno.removeSync(`${home}/store.sqlite.v1.new`, { recursive: true });
  await using opened = await startHost(home, { offline: true });
  assertEquals(opened.host.peer.status().members, 2);
});

Deno.test("a store that is migrated goes on counting its commits where it stood, and is whole", async () => {
  await using folder = await tempFolder();
  const path = `${homeOf("0.2.0", folder.path)}/store.sqlite`;
  const before = new DatabaseSync(path);
  const kept = before.prepare("SELECT commits, chain FROM store").get();
  before.close();
  const store = Store.open(path, { random: { bytes: (size) => new Uint8Array(size) } });
  assertEquals({ ...store.lastCommit }, { ...kept } as unknown as CommitMark);
  assert(store.lastCommit.commits > 1);
  assertEquals([damageIn(store), store.undoing.any], [[], false]);
  store.close();
  Deno.mkdirSync(`${folder.path}/damaged`);
  const damaged = `${homeOf("0.2.0", `${folder.path}/damaged`)}/store.sqlite`;
  const database = new DatabaseSync(damaged);
  database.exec("UPDATE store SET entries = entries + 1");
  database.close();
  const error = assertThrows(
    () => Store.open(damaged, { random: { bytes: (size) => new Uint8Array(size) } }),
    KithError,
  );
  assertEquals(error.code, "store_damaged");
});
