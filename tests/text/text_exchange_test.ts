import { assertEquals, assertRejects } from "@std/assert";
import { createApi } from "../../lib/api/api.ts";
import { KithError } from "../../lib/base/errors.ts";
import { exchangeText } from "../../lib/text/text_exchange.ts";
import { serveText } from "../../lib/text/text_server.ts";
import { startHost, tempFolder } from "../host/temp_host.ts";

const never = new AbortController().signal;

/** A server as the tutorial has it: reads at most 1,024 bytes at a time, and answers each read once. */
function startProgram(values: string[], acknowledges = true): AsyncDisposable & { readonly address: string } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    const buffer = new Uint8Array(1024);
    for await (const conn of listener) {
      while (true) {
        const sizeBytes = await conn.read(buffer);
        const text = new TextDecoder().decode(buffer.subarray(0, sizeBytes ?? 0));
        if (sizeBytes === null || text === "quit") break;
        let answer = values.join(",");
        if (text.startsWith("update_data,")) {
          for (const value of text.split(",").slice(1)) if (!values.includes(value)) values.push(value);
          answer = acknowledges ? "update_ack" : "what?";
        }
        // With nothing to say it sends no byte, as Python's send of an empty text.
        if (answer !== "") await conn.write(new TextEncoder().encode(answer));
      }
      conn.close();
    }
  })();
  return {
    address: `127.0.0.1:${listener.addr.port}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}

Deno.test("values go both ways, those too long for a message or with a comma stay", async () => {
  await using folder = await tempFolder();
  await using peer = await startHost(`${folder.path}/a`);
  await peer.object("POST", "/v1/space");
  const put = (key: string) => peer.call("PUT", `/v1/entry?key=${encodeURIComponent(key)}`, "v");
  for (const key of ["text/both", "text/zz", "text/ours", "text/with,comma", "elsewhere"]) await put(key);
  const theirs = ["theirs", "both", "x".repeat(600)];
  await using program = startProgram(theirs);
  const exchanged = await exchangeText(program.address, createApi(peer.host), never);
  assertEquals(exchanged, { pulled: 1, pushed: 2, skipped: 2 });
  assertEquals(theirs.slice(3), ["zz", "ours"], "the oldest first");
  assertEquals(await (await peer.call("GET", "/v1/entry?key=text/theirs")).text(), "theirs");
  assertEquals(await exchangeText(program.address, createApi(peer.host), never), { pulled: 0, pushed: 0, skipped: 2 });
});

Deno.test("many values are sent in messages that the other side can read whole", async () => {
  await using folder = await tempFolder();
  await using peer = await startHost(`${folder.path}/a`);
  await peer.object("POST", "/v1/space");
  const ours = Array.from({ length: 300 }, (_, i) => `value-${i}-${"x".repeat(i % 40)}`);
  const lines = ours.map((value) => JSON.stringify({ key: `text/${value}`, text: value }));
  await peer.lines("POST", "/v1/import", lines.join("\n"));
  const theirs: string[] = [];
  await using program = startProgram(theirs);
  assertEquals((await exchangeText(program.address, createApi(peer.host), never)).pushed, 300);
  assertEquals(theirs, ours);
});

Deno.test("two peers exchange by it as well", async () => {
  await using folder = await tempFolder();
  await using a = await startHost(`${folder.path}/a`);
  await using b = await startHost(`${folder.path}/b`);
  for (const [peer, value] of [[a, "from-a"], [b, "from-b"]] as const) {
    await peer.object("POST", "/v1/space");
    await peer.call("PUT", `/v1/entry?key=text/${value}`, value);
  }
  const address = serveText(b.host, "127.0.0.1:0");
  assertEquals(await exchangeText(address, createApi(a.host), never), { pulled: 1, pushed: 1, skipped: 0 });
});

Deno.test("a program that does not acknowledge, or is not there, is told of", async () => {
  await using folder = await tempFolder();
  await using peer = await startHost(`${folder.path}/a`);
  await peer.object("POST", "/v1/space");
  await peer.call("PUT", "/v1/entry?key=text/ours", "ours");
  const codeOf = async (address: string) => {
    return (await assertRejects(() => exchangeText(address, createApi(peer.host), never), KithError)).code;
  };
  {
    await using program = startProgram(["theirs"], false);
    assertEquals(await codeOf(program.address), "text_failed");
  }
  const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  closed.close();
  assertEquals(await codeOf(`127.0.0.1:${closed.addr.port}`), "unreachable");
  assertEquals(await codeOf("no address"), "usage");
});
