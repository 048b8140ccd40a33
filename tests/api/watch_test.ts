import { assertEquals } from "@std/assert";
import { MAX_WATCH_CHANGES, MAX_WRITES } from "../../lib/base/limits.ts";
import { connectControl } from "../../lib/host/control.ts";
import { startHost, tempFolder, type TempHost } from "../host/temp_host.ts";
import { until } from "../host/until.ts";

/** Reads an answer of lines, one at a time. */
function reader(response: Response): { next(): Promise<Record<string, unknown> | null>; cancel(): Promise<void> } {
  const stream = response.body as ReadableStream<Uint8Array>;
  const chunks = stream.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  return {
    async next() {
      while (!held.includes("\n")) {
        const { done, value } = await chunks.read();
        if (done) return null;
        held += value;
      }
      const [line = "", ...rest] = held.split("\n");
      held = rest.join("\n");
      return JSON.parse(line);
    },
    cancel: () => chunks.cancel(),
  };
}

async function start(path: string): Promise<TempHost> {
  const peer = await startHost(path);
  await peer.object("POST", "/v1/space");
  return peer;
}

Deno.test("a watcher is told of what is there, then of every change below its prefix", async () => {
  await using folder = await tempFolder();
  await using peer = await start(`${folder.path}/a`);
  await peer.call("PUT", "/v1/entry?key=a/1", "one", { "content-type": "text/plain" });
  const watch = reader(await peer.call("GET", "/v1/watch?prefix=a/&initial=1"));
  assertEquals((await watch.next())?.event, "watching");
  const first = await watch.next() ?? {};
  assertEquals([first.event, first.key, first.text, first.size], ["put", "a/1", "one", 3]);
  await peer.call("PUT", "/v1/entry?key=b/1", "elsewhere");
  await peer.call("PUT", "/v1/entry?key=a/2", '{"x":1}', { "content-type": "application/json" });
  await peer.call("DELETE", "/v1/entry?key=a/1");
  const second = await watch.next() ?? {};
  assertEquals([second.event, second.key, second.json, second.conflicts], ["put", "a/2", { x: 1 }, 0]);
  const third = await watch.next() ?? {};
  assertEquals([third.event, third.key, third.peer], ["del", "a/1", first.peer]);
  await watch.cancel();
});

Deno.test("who reads too slowly is told that it lags, and that is counted", async () => {
  await using folder = await tempFolder();
  await using peer = await start(`${folder.path}/a`);
  const watch = reader(await peer.call("GET", "/v1/watch"));
  assertEquals((await watch.next())?.event, "watching");
  // One batch is taken from the queue before anybody reads, and is not counted there.
  const count = MAX_WATCH_CHANGES + 2 * MAX_WRITES;
  const lines = Array.from({ length: count }, (_, i) => JSON.stringify({ key: `k${i}`, json: i }));
  await (await peer.call("POST", "/v1/import", lines.join("\n"))).text();
  let last: Record<string, unknown> | null = null;
  let seen = 0;
  for (let next = await watch.next(); next !== null; next = await watch.next()) {
    last = next;
    seen++;
  }
  assertEquals(last?.event, "lagged");
  assertEquals(seen < count, true);
  assertEquals(peer.host.counters.watch_lagged, 1);
});

Deno.test("waiting ends when what is waited for comes about, and not before", async () => {
  await using folder = await tempFolder();
  await using peer = await start(`${folder.path}/a`);
  assertEquals((await peer.object("POST", "/v1/wait", { synced: true })).error, undefined, "a space of one is in sync");
  let done = false;
  const waiting = peer.object("POST", "/v1/wait", { key: "k", value: "v" }).then((answer) => {
    done = true;
    return answer;
  });
  await peer.call("PUT", "/v1/entry?key=k", "other");
  await new Promise((resolve) => setTimeout(resolve, 30));
  assertEquals(done, false);
  await peer.call("PUT", "/v1/entry?key=k", "v");
  assertEquals(typeof (await waiting).waited_ms, "number");
});

Deno.test("waiting ends at its timeout, when the peer stops, and when nobody waits any more", async () => {
  await using folder = await tempFolder();
  await using peer = await start(`${folder.path}/a`);
  const timedOut = await peer.object("POST", "/v1/wait", { peers: 1, timeoutMs: 20 });
  assertEquals(timedOut.detail, "no peer is linked");
  assertEquals([timedOut.error, timedOut.exit], ["timed_out", 5]);
  assertEquals((await peer.call("POST", "/v1/wait", {})).status, 400);
  assertEquals((await peer.call("POST", "/v1/wait", { peers: "x" })).status, 400);
  const client = await connectControl(peer.host.paths);
  const abort = new AbortController();
  const request = new Request("http://kith/v1/wait", { method: "POST", body: '{"peers":1}', signal: abort.signal });
  const response = await client?.request(request);
  abort.abort();
  await response?.text().catch(() => {});
  client?.close();
  const stopped = peer.object("POST", "/v1/wait", { peers: 1 });
  await peer.host.stop();
  assertEquals((await stopped).error, "stopping");
});

Deno.test("a command without a running peer does not wait for what can't come about", async () => {
  await using folder = await tempFolder();
  const home = `${folder.path}/a`;
  await (await start(home)).host.stop();
  await using peer = await startHost(home, { offline: true });
  assertEquals((await peer.object("POST", "/v1/wait", { peers: 1 })).error, "no_peer_running");
  assertEquals((await peer.object("POST", "/v1/wait", { synced: true })).error, undefined);
});

Deno.test("a cancelled watch over the control channel is let go", async () => {
  await using folder = await tempFolder();
  await using peer = await start(`${folder.path}/a`);
  const client = await connectControl(peer.host.paths);
  const abort = new AbortController();
  const response = await client?.request(new Request("http://kith/v1/watch", { signal: abort.signal }));
  const watch = reader(response as Response);
  assertEquals((await watch.next())?.event, "watching");
  abort.abort();
  await watch.next().catch(() => {});
  let looked = 0;
  const changes = peer.host.peer.changes.bind(peer.host.peer);
  peer.host.peer.changes = (keys) => {
    looked++;
    return changes(keys);
  };
  await until("nobody looks at changes any more", async () => {
    looked = 0;
    await peer.call("PUT", "/v1/entry?key=k", "v");
    return looked === 0;
  });
  client?.close();
});
