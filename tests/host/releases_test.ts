import { assertEquals } from "@std/assert";
import { utf8Decode } from "../../lib/base/bytes.ts";
import { startHost, tempFolder } from "./temp_host.ts";

const FIXTURES = new URL("../fixtures/", import.meta.url);

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
}];

for (const release of RELEASES) {
  Deno.test(`the home of ${release.version} is opened, says what it said, and can be written`, async () => {
    await using folder = await tempFolder();
    const home = `${folder.path}/home`;
    Deno.mkdirSync(home, { mode: 0o700 });
    for (const file of ["identity.key", "store.sqlite"]) {
      Deno.copyFileSync(new URL(`${release.version}/${file}`, FIXTURES), `${home}/${file}`);
      Deno.chmodSync(`${home}/${file}`, 0o600);
    }
    await using opened = await startHost(home, { offline: true });
    const { peer } = opened.host;
    const { peer: id, space, digest, members } = peer.status();
    const { winners, conflicts, version: _, ...expected } = release;
    assertEquals({ peer: id, space, digest, members }, expected);
    const entries = peer.list({ limit: 100 }).map(({ key, value }) => [key, new TextDecoder().decode(value)]);
    assertEquals(Object.fromEntries(entries), winners);
    assertEquals(peer.conflicts().map(({ kind, key }) => `${kind} ${key}`), conflicts);
    const write = { kind: "put", key: "later", media: "text/plain", value: new Uint8Array([111, 107]) } as const;
    const reply = await opened.host.request({ type: "write", writes: [write] });
    assertEquals(reply.ok, true);
    assertEquals(utf8Decode(peer.get("later")?.value ?? new Uint8Array()), "ok");
  });
}
