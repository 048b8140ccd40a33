import { assertEquals } from "@std/assert";
import { MAX_SILENT_COMMITS, MAX_WATCH_CHANGES, MAX_WRITES } from "../../lib/base/limits.ts";
import { connectControl } from "../../lib/host/control.ts";
import { startHost, tempFolder, type TempHost } from "../host/temp_host.ts";
import { DEADLINE_MS, until } from "../host/until.ts";

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

/** Reads what a watcher is told up to a position; null at the end. */
async function batch(watch: ReturnType<typeof reader>): Promise<{ told: string[]; since: string } | null> {
  const told: string[] = [];
  for (let event = await watch.next(); event !== null; event = await watch.next()) {
    if (event.event === "position") return { told, since: String(event.since) };
    told.push(
      event.event === "put" ? `${event.key}=${event.text}` : `${event.event} ${event.key ?? event.error ?? ""}`,
    );
  }
  return told.length === 0 ? null : { told, since: "" };
}

const TEXT = { "content-type": "text/plain" };

Deno.test("who was away goes on from a position, across a restart, and misses nothing", async () => {
  await using folder = await tempFolder();
  let since: string;
  {
    await using peer = await start(`${folder.path}/a`);
    await peer.call("PUT", "/v1/entry?key=a", "1", TEXT);
    const watch = reader(await peer.call("GET", "/v1/watch?initial=1&positions=1"));
    assertEquals((await batch(watch))?.told, ["watching ", "a=1"]);
    await peer.call("PUT", "/v1/entry?key=b", "2", TEXT);
    const last = await batch(watch);
    assertEquals(last?.told, ["b=2"]);
    since = last?.since as string;
    await watch.cancel();
    await peer.call("PUT", "/v1/entry?key=b", "3", TEXT);
    await peer.call("DELETE", "/v1/entry?key=a");
  }
  await using peer = await startHost(`${folder.path}/a`);
  await peer.call("PUT", "/v1/entry?key=c", "4", TEXT);
  const watch = reader(await peer.call("POST", "/v1/watch", since));
  const missed = await batch(watch);
  assertEquals([missed?.told[0], missed?.told.slice(1).sort()], ["watching ", ["b=3", "c=4", "del a"]]);
  assertEquals((await batch(watch))?.told, [], "and now it has caught up");
  await peer.call("PUT", "/v1/entry?key=d", "5", TEXT);
  const live = await batch(watch);
  assertEquals(live?.told, ["d=5"]);
  await watch.cancel();
  const again = reader(await peer.call("POST", "/v1/watch?prefix=x", live?.since));
  assertEquals((await batch(again))?.told, ["watching "]);
  await again.cancel();
});

Deno.test("a position is good at another peer of the space, and nowhere else", async () => {
  await using folder = await tempFolder();
  await using a = await start(`${folder.path}/a`);
  await using b = await startHost(`${folder.path}/b`);
  const { ticket } = await a.object("POST", "/v1/invites", {});
  await b.lines("POST", "/v1/join", { ticket });
  const inSync = async () => {
    for (const peer of [a, b]) {
      await peer.object("POST", "/v1/wait", { synced: true, all: true, timeoutMs: DEADLINE_MS });
    }
  };
  await a.call("PUT", "/v1/entry?key=k", "1", TEXT);
  await inSync();
  const atA = reader(await a.call("GET", "/v1/watch?positions=1"));
  const since = (await batch(atA))?.since as string;
  await atA.cancel();
  await b.call("PUT", "/v1/entry?key=l", "2", TEXT);
  const atB = reader(await b.call("POST", "/v1/watch", since));
  assertEquals((await batch(atB))?.told, ["watching ", "l=2"]);
  const ofB = (await batch(atB))?.since as string;
  await atB.cancel();
  await inSync();
  const back = reader(await a.call("POST", "/v1/watch", ofB));
  assertEquals((await batch(back))?.told, ["watching "]);
  await back.cancel();

  await using other = await start(`${folder.path}/other`);
  await other.call("PUT", "/v1/entry?key=o", "3", TEXT);
  const refused = await other.call("POST", "/v1/watch", ofB);
  assertEquals([refused.status, (await refused.json()).error], [404, "position_lost"]);
  const anew = reader(await other.call("POST", "/v1/watch?initial=1", ofB));
  assertEquals((await batch(anew))?.told, ["watching ", "reset ", "o=3"]);
  await anew.cancel();
  for (const wrong of ["", "nonsense!", "aaa", ofB.slice(1), ofB.slice(0, -2)]) {
    assertEquals((await other.object("POST", "/v1/watch?initial=1", wrong)).error, "position_invalid");
  }
});

Deno.test("a large absence is told in pages, each with a position to go on from, while more is written", async () => {
  await using folder = await tempFolder();
  await using peer = await start(`${folder.path}/a`);
  const first = reader(await peer.call("GET", "/v1/watch?positions=1"));
  let since = (await batch(first))?.since as string;
  await first.cancel();
  const missing = new Set<string>();
  const lines: string[] = [];
  for (let i = 0; i < MAX_WATCH_CHANGES + 2 * MAX_WRITES; i++) {
    missing.add(`k${i}=${i}`);
    lines.push(JSON.stringify({ key: `k${i}`, text: `${i}` }));
  }
  await (await peer.call("POST", "/v1/import", lines.join("\n"))).text();
  // A consumer that dies again and again, each time after a few pages, and another that writes meanwhile.
  let rounds = 0;
  while (missing.size > 0) {
    rounds++;
    const watch = reader(await peer.call("POST", "/v1/watch", since));
    for (let pages = 0; pages < 4 && missing.size > 0; pages++) {
      await peer.call("PUT", `/v1/entry?key=more`, `${rounds}.${pages}`, TEXT);
      const page = await batch(watch);
      for (const change of page?.told ?? []) missing.delete(change);
      since = page?.since as string;
    }
    await watch.cancel();
  }
  assertEquals(rounds > 1, true);
  assertEquals(peer.host.counters.watch_lagged, undefined);
});

Deno.test("a watcher whom nothing concerns is told its position all the same, now and then", async () => {
  await using folder = await tempFolder();
  await using peer = await start(`${folder.path}/a`);
  const watch = reader(await peer.call("GET", "/v1/watch?positions=1&prefix=none/"));
  const first = await batch(watch);
  for (let i = 0; i < MAX_SILENT_COMMITS; i++) await peer.call("PUT", "/v1/entry?key=k", `${i}`);
  const later = await batch(watch);
  assertEquals([later?.told, later?.since === first?.since], [[], false]);
  await watch.cancel();
});

Deno.test("nothing is lost between what is read from the store and what is told as it comes", async () => {
  await using folder = await tempFolder();
  await using peer = await start(`${folder.path}/a`);
  const first = reader(await peer.call("GET", "/v1/watch?positions=1"));
  let since = (await batch(first))?.since as string;
  await first.cancel();
  for (let round = 0; round < 20; round++) {
    const wanted = Array.from({ length: 15 }, (_, i) => `k${i}=${round}.${i}`);
    const told = new Set<string>();
    const watch = reader(await peer.call("POST", "/v1/watch", since));
    const writing = (async () => {
      for (const [i, change] of wanted.entries()) {
        await peer.call("PUT", `/v1/entry?key=k${i}`, change.split("=")[1], TEXT);
      }
      await peer.call("PUT", "/v1/entry?key=end", `${round}`, TEXT);
    })();
    while (!told.has(`end=${round}`)) {
      const next = await batch(watch);
      for (const change of next?.told ?? []) told.add(change);
      since = next?.since as string;
    }
    await writing;
    await watch.cancel();
    assertEquals(wanted.filter((change) => !told.has(change)), []);
  }
});
