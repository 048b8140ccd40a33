import { assertEquals, assertMatch } from "@std/assert";
import { join } from "../../lib/api/space.ts";
import type { HostApi } from "../../lib/host/host_api.ts";
import { ticketText } from "../../lib/space/ticket.ts";
import { startHost, tempFolder, type TempHost } from "../host/temp_host.ts";
import { DEADLINE_MS } from "../host/until.ts";

async function start(path: string): Promise<TempHost> {
  const peer = await startHost(path);
  await peer.object("POST", "/v1/space");
  return peer;
}

function withoutVersion({ v: _version, ...fields }: Record<string, unknown>): Record<string, unknown> {
  return fields;
}

Deno.test("a machine gets in with six words, and both hold the same data", async () => {
  await using folder = await tempFolder();
  await using a = await start(`${folder.path}/a`);
  await using b = await startHost(`${folder.path}/b`);
  await a.call("PUT", "/v1/entry?key=k", "v", { "content-type": "text/plain" });
  const made = await a.object("POST", "/v1/invites", { role: "writer" });
  const { words, ticket, expires } = made;
  assertMatch(String(words), /^[a-z]+(-[a-z]+){5}$/);
  assertMatch(String(ticket), /^kith1[a-z2-7]+$/);
  assertEquals(Math.abs(Number(expires) - Date.now() - 86_400_000) < 60_000, true);
  assertEquals((await a.object("GET", "/v1/invites")).invites, [withoutVersion(made)]);
  const joined = await b.lines("POST", "/v1/join", { ticket: words });
  assertEquals(joined.map(({ event }) => event), ["deriving", "joining", "joined"]);
  assertEquals(joined.at(-1)?.space, (await a.object("GET", "/v1/status")).space);
  for (const peer of [a, b]) {
    assertEquals(
      (await peer.object("POST", "/v1/wait", { synced: true, all: true, timeoutMs: DEADLINE_MS })).error,
      undefined,
    );
  }
  assertEquals(await (await b.call("GET", "/v1/entry?key=k")).text(), "v");
  const [statusA, statusB] = [await a.object("GET", "/v1/status"), await b.object("GET", "/v1/status")];
  assertEquals([statusB.digest, statusB.members], [statusA.digest, 2]);
  const { members } = await b.object("GET", "/v1/members") as { members: Record<string, unknown>[] };
  assertEquals(members.map(({ role, self, online }) => [role, self, online]).sort(), [
    ["admin", false, true],
    ["writer", true, true],
  ]);
  const ping = await b.object("POST", "/v1/ping", { peer: statusA.name });
  assertEquals(Number(ping.round_trip_ms) >= 0, true);
  await b.call("PUT", "/v1/entry?key=back", "w");
  await a.object("POST", "/v1/wait", { key: "back", value: "w", timeoutMs: DEADLINE_MS });
});

Deno.test("a join tries every peer that runs on its machine, and first the addresses that it was given", async () => {
  const local = Array.from({ length: 64 }, (_, i) => `127.0.0.1:${i + 1}`);
  const host = {
    running: true,
    ticketKeys: () => Promise.resolve({}),
    nearbyAddresses: () => Promise.resolve(local),
  } as unknown as HostApi;
  const ticket = ticketText(new Uint8Array(8), ["192.0.2.7:5484"]);
  const told = join(host, { ticket, at: ["192.0.2.9:5484"] });
  await told.next();
  const { value } = await told.next();
  assertEquals(value, { event: "joining", addresses: ["192.0.2.9:5484", "192.0.2.7:5484", ...local] });
});

Deno.test("writes on both sides of a cut are conflicts that both list", async () => {
  await using folder = await tempFolder();
  const homeB = `${folder.path}/b`;
  await using a = await start(`${folder.path}/a`);
  {
    await using b = await startHost(homeB);
    const { ticket } = await a.object("POST", "/v1/invites", {});
    await b.lines("POST", "/v1/join", { ticket });
    await b.object("POST", "/v1/wait", { synced: true, timeoutMs: DEADLINE_MS });
  }
  await a.call("PUT", "/v1/entry?key=k", "from a", { "content-type": "text/plain" });
  {
    await using offline = await startHost(homeB, { offline: true });
    await offline.call("PUT", "/v1/entry?key=k", "from b", { "content-type": "text/plain" });
  }
  await using b = await startHost(homeB);
  for (const peer of [a, b]) {
    assertEquals(
      (await peer.object("POST", "/v1/wait", { synced: true, all: true, timeoutMs: DEADLINE_MS })).error,
      undefined,
    );
  }
  const { conflicts } = await b.object("GET", "/v1/conflicts") as { conflicts: Record<string, unknown>[] };
  assertEquals(conflicts.map(({ kind, key }) => [kind, key]), [["concurrent", "k"]]);
  const versions = conflicts[0]?.versions as Record<string, unknown>[];
  assertEquals(versions.map(({ winner, text }) => [winner, text]), [[true, "from b"], [false, "from a"]]);
  assertEquals((await a.object("GET", "/v1/conflicts")).conflicts, conflicts);
});

Deno.test("a join that can't be is refused with its reason", async () => {
  await using folder = await tempFolder();
  await using a = await start(`${folder.path}/a`);
  await using b = await startHost(`${folder.path}/b`);
  const errorOf = async (body: object) => (await b.lines("POST", "/v1/join", body)).at(-1)?.error;
  const { words } = await a.object("POST", "/v1/invites", {});
  assertEquals(await errorOf({}), "bad_request");
  assertEquals(await errorOf({ ticket: "one twoo" }), "ticket_word");
  assertEquals(await errorOf({ ticket: words, at: ["no address"] }), "usage");
  const other = "abandon-abandon-abandon-abandon-abandon-abandon";
  const unknown = await errorOf({ ticket: other });
  assertEquals(
    unknown === "ticket_checksum" || unknown === "refused_ticket" || unknown === "join_failed",
    true,
    String(unknown),
  );
  await b.object("POST", "/v1/space");
  await b.call("PUT", "/v1/entry?key=k", "v");
  assertEquals(await errorOf({ ticket: words }), "home_has_space");
});

Deno.test("requests that make no sense are refused", async () => {
  await using folder = await tempFolder();
  await using a = await start(`${folder.path}/a`);
  const statusOf = async (method: string, path: string, body?: BodyInit | object) => {
    const response = await a.call(method, path, body);
    const { v, error, exit, message } = await response.json();
    assertEquals([v, typeof error, typeof exit, typeof message], [1, "string", "number", "string"]);
    return response.status;
  };
  assertEquals(await statusOf("GET", "/v1/nothing"), 400);
  assertEquals(await statusOf("POST", "/v1/status"), 400);
  assertEquals(await statusOf("GET", "/v1/entry"), 400);
  assertEquals(await statusOf("GET", "/v1/entries?limit=x"), 400);
  assertEquals(await statusOf("POST", "/v1/invites", "{"), 400);
  assertEquals(await statusOf("POST", "/v1/invites", "[]"), 400);
  assertEquals(await statusOf("POST", "/v1/invites", `"${"x".repeat(70_000)}"`), 400);
  assertEquals(await statusOf("POST", "/v1/invites", { role: "king" }), 400);
  assertEquals(await statusOf("POST", "/v1/invites", { uses: 0 }), 400);
  assertEquals(await statusOf("POST", "/v1/ping", { peer: "nobody" }), 404);
  assertEquals(await statusOf("POST", "/v1/connect", { address: "no where" }), 400);
  assertEquals(await statusOf("PUT", "/v1/config", { listen: "x" }), 400);
  assertEquals(await statusOf("PUT", "/v1/entry?key=k", new Uint8Array(262_145)), 400);
});

Deno.test("JSON is normalised when put, and refused where it would change", async () => {
  await using folder = await tempFolder();
  await using a = await start(`${folder.path}/a`);
  const json = { "content-type": "application/json" };
  await a.call("PUT", "/v1/entry?key=k", ' { "b" : 1.0 } ', json);
  assertEquals(await (await a.call("GET", "/v1/entry?key=k")).text(), '{"b":1}');
  const errorOf = async (body: BodyInit) => (await (await a.call("PUT", "/v1/entry?key=k", body, json)).json()).error;
  assertEquals(await errorOf("12345678901234567890"), "number_changes");
  assertEquals(await errorOf("{"), "bad_json");
  assertEquals(await errorOf(Uint8Array.of(0x22, 0xff, 0x22)), "invalid_utf8");
});

Deno.test("conditions hold a write back", async () => {
  await using folder = await tempFolder();
  await using a = await start(`${folder.path}/a`);
  const put = async (query: string) => {
    const response = await a.call("PUT", `/v1/entry?key=k${query}`, "v");
    const { error, version } = await response.json();
    return error ?? String(version);
  };
  const first = await put("&if_absent=1");
  assertEquals(await put("&if_absent=1"), "already_set");
  assertEquals(await put("&if_version=nonsense"), "version_invalid");
  const second = await put(`&if_version=${first}`);
  assertEquals(await put(`&if_version=${first}`), "version_changed");
  const refused = await a.call("DELETE", `/v1/entry?key=k&if_version=${first}`);
  assertEquals([refused.status, (await refused.json()).exit], [409, 6]);
  assertEquals((await a.call("DELETE", `/v1/entry?key=k&if_version=${second}`)).status, 200);
});
