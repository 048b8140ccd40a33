import { assertEquals } from "@std/assert";
import { LIST_PAGE_ENTRIES } from "../../lib/base/limits.ts";
import { startHost, tempFolder, type TempHost } from "../host/temp_host.ts";
import { DEADLINE_MS } from "../host/until.ts";

const TEXT = { "content-type": "text/plain" };

async function start(path: string): Promise<TempHost> {
  const peer = await startHost(path);
  await peer.object("POST", "/v1/space");
  return peer;
}

async function put(peer: TempHost, key: string, text: string): Promise<string> {
  return (await (await peer.call("PUT", `/v1/entry?key=${key}`, text, TEXT)).json()).version;
}

Deno.test("a key's history is told newest first, in pages, with values where they are asked for", async () => {
  await using folder = await tempFolder();
  await using peer = await start(`${folder.path}/a`);
  const first = await put(peer, "k", "1");
  const second = await put(peer, "k", "2");
  const { version: third } = await peer.object("DELETE", "/v1/entry?key=k");
  const self = (await peer.object("GET", "/v1/status")).peer;
  const lines = await peer.lines("GET", "/v1/history?key=k&values=1");
  assertEquals(lines.map(({ time: _time, name: _name, ...rest }) => rest), [
    {
      ...{ v: 1, version: third, kind: "del", peer: self, replaced: [second], missing: [], state: "open" },
      winner: false,
    },
    {
      ...{ v: 1, version: second, kind: "put", type: "text/plain", size: 1, peer: self, replaced: [first] },
      ...{ missing: [], state: "replaced", winner: false, text: "2" },
    },
    {
      ...{ v: 1, version: first, kind: "put", type: "text/plain", size: 1, peer: self, replaced: [], missing: [] },
      ...{ state: "replaced", winner: false, text: "1" },
    },
  ]);
  const page = await peer.lines("GET", `/v1/history?key=k&limit=1&before=${third}`);
  assertEquals(page.map(({ version, text }) => [version, text]), [[second, undefined]]);
  assertEquals((await peer.object("GET", "/v1/history?key=none")).error, "not_found");
  assertEquals((await peer.object("GET", "/v1/history?key=k&limit=1.5")).error, "bad_request");
  assertEquals((await peer.object("GET", "/v1/history?key=k&before=x")).error, "version_invalid");
  assertEquals((await peer.object("GET", "/v1/history")).error, "bad_request");
});

Deno.test("a long history is told whole, each version once", async () => {
  await using folder = await tempFolder();
  await using peer = await start(`${folder.path}/a`);
  const versions: string[] = [];
  for (let i = 0; i < 2 * LIST_PAGE_ENTRIES; i++) versions.push(await put(peer, "k", `${i}`));
  const lines = await peer.lines("GET", "/v1/history?key=k");
  assertEquals(lines.map(({ version }) => version), versions.reverse());
});

Deno.test("the value of any version that is held is given exactly, or the reason why not", async () => {
  await using folder = await tempFolder();
  await using peer = await start(`${folder.path}/a`);
  const bytes = Uint8Array.of(0, 255, 13);
  const image = { "content-type": "image/png" };
  const { version } = await (await peer.call("PUT", "/v1/entry?key=k", bytes, image)).json();
  await put(peer, "k", "later");
  const other = await put(peer, "other", "x");
  const at = await peer.call("GET", `/v1/entry?key=k&at=${version}`);
  assertEquals(new Uint8Array(await at.arrayBuffer()), bytes);
  assertEquals(["content-type", "x-kith-version", "x-kith-state"].map((name) => at.headers.get(name)), [
    "image/png",
    version,
    "replaced",
  ]);
  const { version: gone } = await peer.object("DELETE", "/v1/entry?key=k");
  const refused = async (text: string) => (await peer.object("GET", `/v1/entry?key=k&at=${text}`)).error;
  assertEquals(await refused("x"), "version_invalid");
  assertEquals(await refused(other), "version_unknown");
  assertEquals(await refused(version.replace(/^./, version.startsWith("a") ? "b" : "a")), "version_not_held");
  assertEquals(await refused(String(gone)), "version_is_delete");
});

Deno.test("a conflict between two peers is settled once, by a version or a value, and both agree", async () => {
  await using folder = await tempFolder();
  const homeB = `${folder.path}/b`;
  await using a = await start(`${folder.path}/a`);
  {
    await using b = await startHost(homeB);
    const { ticket } = await a.object("POST", "/v1/invites", {});
    await b.lines("POST", "/v1/join", { ticket });
    await b.object("POST", "/v1/wait", { synced: true, timeoutMs: DEADLINE_MS });
  }
  assertEquals((await a.object("POST", "/v1/resolve?key=k&keep=abcd")).error, "no_conflict");
  const ofA = await put(a, "k", "from a");
  await put(a, "j", "from a");
  {
    await using offline = await startHost(homeB, { offline: true });
    await put(offline, "k", "from b");
    await put(offline, "j", "from b");
  }
  await using b = await startHost(homeB);
  for (const peer of [a, b]) await peer.object("POST", "/v1/wait", { synced: true, all: true, timeoutMs: DEADLINE_MS });
  const past = await b.lines("GET", "/v1/history?key=k&values=1");
  assertEquals(past.map(({ text, state }) => `${text} ${state}`).sort(), ["from a live", "from b live"]);
  assertEquals(past.filter(({ winner }) => winner).length, 1);
  const elsewhere = await put(b, "other", "x");
  assertEquals((await b.object("POST", `/v1/resolve?key=k&keep=${elsewhere}`)).error, "version_not_live");
  const { version } = await b.object("POST", `/v1/resolve?key=k&keep=${ofA}`);
  assertEquals((await b.object("POST", `/v1/resolve?key=k&keep=${ofA}`)).error, "no_conflict");
  const value = await (await b.call("POST", "/v1/resolve?key=j", "from both", TEXT)).json();
  assertEquals(typeof value.version, "string");
  for (const peer of [a, b]) {
    await peer.object("POST", "/v1/wait", { key: "j", value: "from both", timeoutMs: DEADLINE_MS });
    assertEquals(await (await peer.call("GET", "/v1/entry?key=k")).text(), "from a");
    assertEquals((await peer.object("GET", "/v1/conflicts")).conflicts, []);
    const [last] = await peer.lines("GET", "/v1/history?key=k&limit=1");
    assertEquals([last?.version, (last?.replaced as string[]).length], [version, 2]);
  }
});

Deno.test("a write can't be asked to be the first and to follow a version", async () => {
  await using folder = await tempFolder();
  await using peer = await start(`${folder.path}/a`);
  const version = await put(peer, "k", "1");
  const refused = await peer.object("PUT", `/v1/entry?key=k&if_absent=1&if_version=${version}`, "2");
  assertEquals(refused.error, "bad_request");
  assertEquals((await peer.object("PUT", "/v1/entry?key=k&if_version=none", "2")).error, "version_invalid");
});
