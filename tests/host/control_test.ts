import { assertEquals, assertRejects } from "@std/assert";
import { KithError } from "../../lib/base/errors.ts";
import { connectControl, type ControlMeans, serveControl } from "../../lib/host/control.ts";
import { homePaths, prepareHome } from "../../lib/host/home.ts";
import { controlPath, homeTag, runtimeFolder } from "../../lib/host/runtime_folder.ts";
import { leaveNote, runningPeers } from "../../lib/host/runtime_notes.ts";
import { startHost, tempFolder } from "./temp_host.ts";
import { until } from "./until.ts";

const random = { bytes: (size: number) => crypto.getRandomValues(new Uint8Array(size)) };

async function echo(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  return new Response(`${request.method} ${pathname}${search} ${await request.text()}`, { headers: { "x-echo": "1" } });
}

for (const means of ["unix", "tcp"] satisfies ControlMeans[]) {
  Deno.test({
    name: `a request reaches the peer of a home and its response comes back, over ${means}`,
    ignore: means === "unix" && Deno.build.os === "windows",
    async fn() {
      await using folder = await tempFolder();
      const paths = homePaths(`${folder.path}/home`);
      prepareHome(paths.home);
      assertEquals(await connectControl(paths, means), null, "no peer runs");
      const server = serveControl(paths, echo, random, means);
      const client = await connectControl(paths, means);
      if (client === null) throw new Error("it runs");
      const body = "x".repeat(1_000_000);
      const response = await client.request(new Request("http://kith/v1/a%20b?c=%26", { method: "PUT", body }));
      assertEquals([response.status, response.headers.get("x-echo")], [200, "1"]);
      assertEquals(await response.text(), `PUT /v1/a%20b?c=%26 ${body}`);
      await server.stop();
      assertEquals(await connectControl(paths, means), null);
      const error = await assertRejects(() => client.request(new Request("http://kith/")), KithError);
      assertEquals(error.code, "control_failed");
      client.close();
    },
  });
}

Deno.test("an answer that does not end holds nobody up who stops", async () => {
  await using folder = await tempFolder();
  const paths = homePaths(`${folder.path}/home`);
  prepareHome(paths.home);
  let end = () => {};
  const endless = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new Uint8Array(1));
      end = () => controller.close();
    },
  });
  const server = serveControl(paths, () => Promise.resolve(new Response(endless)), random);
  const client = await connectControl(paths);
  if (client === null) throw new Error("it runs");
  const reader = (await client.request(new Request("http://kith/v1/watch"))).body?.getReader();
  assertEquals((await reader?.read())?.value?.length, 1);
  await server.stop();
  assertEquals(await connectControl(paths), null);
  end();
  assertEquals((await reader?.read())?.done, true);
  client.close();
});

Deno.test("over TCP, whoever does not hold the token is refused", async () => {
  await using folder = await tempFolder();
  const paths = homePaths(`${folder.path}/home`);
  prepareHome(paths.home);
  const server = serveControl(paths, echo, random, "tcp");
  const { port, token } = JSON.parse(Deno.readTextFileSync(`${paths.home}/control.json`));
  assertEquals((Deno.statSync(`${paths.home}/control.json`).mode ?? 0) & 0o777, 0o600);
  const statusOf = async (host: string, authorization?: string) => {
    const response = await fetch(`http://${host}:${port}/`, authorization ? { headers: { authorization } } : {});
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await statusOf("127.0.0.1", `Bearer ${token}`), 200);
  assertEquals(await statusOf("127.0.0.1"), 403);
  assertEquals(await statusOf("127.0.0.1", `Bearer ${"0".repeat(64)}`), 403);
  assertEquals(await statusOf("localhost", `Bearer ${token}`), 403, "another name may be a web page's");
  await server.stop();
});

Deno.test("a socket that a killed peer left is taken over", async () => {
  if (Deno.build.os === "windows") return;
  await using folder = await tempFolder();
  const paths = homePaths(`${folder.path}/home`);
  prepareHome(paths.home);
  const source = `Deno.listen({ transport: "unix", path: ${JSON.stringify(controlPath(paths))} }); Deno.exit()`;
  await new Deno.Command(Deno.execPath(), { args: ["eval", "--quiet", "--no-lock", source], stdin: "null" }).output();
  assertEquals(Deno.statSync(controlPath(paths)).isSocket, true);
  assertEquals(await connectControl(paths), null, "nobody listens at it");
  const server = serveControl(paths, echo, random);
  assertEquals((Deno.statSync(controlPath(paths)).mode ?? 0) & 0o777, 0o600);
  const client = await connectControl(paths);
  await (await client?.request(new Request("http://kith/")))?.text();
  client?.close();
  await server.stop();
});

Deno.test("a socket path that would be too long moves to the runtime folder", async () => {
  if (Deno.build.os === "windows") return;
  await using folder = await tempFolder();
  const home = `${folder.path}/${"long-".repeat(30)}`;
  await using peer = await startHost(home);
  assertEquals(controlPath(peer.host.paths).startsWith(`${folder.path}/run/`), true);
  const client = await connectControl(peer.host.paths);
  const response = await client?.request(new Request("http://kith/v1/status"));
  assertEquals((await response?.json()).home, home);
  client?.close();
});

Deno.test("a runtime folder that others could reach is not used", async () => {
  if (Deno.build.os === "windows") return;
  await using folder = await tempFolder();
  assertEquals(runtimeFolder(), `${folder.path}/run`);
  Deno.chmodSync(`${folder.path}/run`, 0o755);
  assertEquals(runtimeFolder(), null);
  if (Deno.uid() === 0) {
    // Only root can make a folder that belongs to somebody else.
    Deno.chmodSync(`${folder.path}/run`, 0o700);
    Deno.chownSync(`${folder.path}/run`, 12345, null);
    assertEquals(runtimeFolder(), null);
  }
  Deno.removeSync(`${folder.path}/run`);
  Deno.symlinkSync(folder.path, `${folder.path}/run`);
  assertEquals(runtimeFolder(), null);
});

Deno.test("members of this user are found by their notes, and stale notes go", async () => {
  await using folder = await tempFolder();
  await using a = await startHost(`${folder.path}/a`);
  await using b = await startHost(`${folder.path}/b`);
  assertEquals(await a.host.nearbyAddresses(), [], "who is in no space lets nobody in");
  for (const host of [a, b]) await host.object("POST", "/v1/space");
  assertEquals(await a.host.nearbyAddresses(), b.host.addresses);
  leaveNote({ peer: "gone", home: `${folder.path}/gone`, pid: 1, addresses: ["127.0.0.1:1"] });
  Deno.writeTextFileSync(`${folder.path}/run/broken.json`, "{");
  Deno.writeTextFileSync(`${folder.path}/run/huge.json`, "x".repeat(100_000));
  assertEquals(await b.host.nearbyAddresses(), a.host.addresses);
  const names = [...Deno.readDirSync(`${folder.path}/run`)].map(({ name }) => name);
  assertEquals(names.filter((name) => name.endsWith(".json")).length, 2);
  await a.host.stop();
  assertEquals(await runningPeers("", () => Promise.resolve(true)).then((notes) => notes.length), 1);
});

Deno.test("a peer runs without its note, and says so; notes that can't be read are passed over", async () => {
  await using folder = await tempFolder();
  const note = `${folder.path}/run/${homeTag(`${folder.path}/a`)}.json`;
  Deno.mkdirSync(`${note}/in the way`, { recursive: true });
  Deno.chmodSync(`${folder.path}/run`, 0o700);
  await using peer = await startHost(`${folder.path}/a`);
  assertEquals((await peer.object("POST", "/v1/space")).error, undefined);
  assertEquals(peer.host.counters, { note_failed: 1 });
  await using other = await startHost(`${folder.path}/b`);
  await other.object("POST", "/v1/space");
  assertEquals(await peer.host.nearbyAddresses(), [...other.host.addresses]);
  assertEquals(Deno.statSync(note).isDirectory, true);
});

Deno.test("'down' answers, then everything is gone; streams end", async () => {
  await using folder = await tempFolder();
  await using peer = await startHost(`${folder.path}/a`);
  await peer.object("POST", "/v1/space");
  const client = await connectControl(peer.host.paths);
  if (client === null) throw new Error("it runs");
  const watch = await client.request(new Request("http://kith/v1/watch"));
  const down = await client.request(new Request("http://kith/v1/down", { method: "POST" }));
  assertEquals((await down.json()).stopping, true);
  assertEquals((await watch.text()).trim(), '{"v":1,"event":"watching"}');
  assertEquals(await peer.host.stopped, "asked to stop by 'kith down'");
  client.close();
  await until("its socket is gone", async () => await connectControl(peer.host.paths) === null);
});

Deno.test("an ephemeral home is removed at the end", async () => {
  await using folder = await tempFolder();
  const { host } = await startHost(folder.path, { ephemeral: true });
  const { home } = host.paths;
  assertEquals(home !== folder.path && Deno.statSync(home).isDirectory, true);
  await host.stop();
  await assertRejects(() => Deno.stat(home), Deno.errors.NotFound);
});

Deno.test("a home that can't be opened leaves nothing open, and can be opened afterwards", async () => {
  await using folder = await tempFolder();
  const home = `${folder.path}/a`;
  const busy = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const codeOf = async (options: Parameters<typeof startHost>[1]) => {
    return (await assertRejects(() => startHost(home, options), KithError)).code;
  };
  assertEquals(await codeOf({ listen: [`127.0.0.1:${busy.addr.port}`] }), "port_in_use");
  assertEquals(await codeOf({ listen: ["not an address"] }), "usage");
  assertEquals(await codeOf({ name: "x".repeat(100) }), "usage");
  busy.close();
  await using peer = await startHost(home);
  assertEquals(await codeOf({}), "home_owned");
  assertEquals(await codeOf({ offline: true }), "home_owned");
  assertEquals(peer.host.addresses.length, 1);
});
