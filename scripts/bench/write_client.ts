import { connectControl } from "../../lib/host/control.ts";
import { homePaths } from "../../lib/host/home.ts";
import { controlPath } from "../../lib/host/runtime_folder.ts";

/**
 * Writes to a running peer, each write once the one before it is durable, and reports how long that took.
 *
 * Usage: write_client.ts api HOME COUNT CLIENTS · kept HOME COUNT
 * api: by fetch, as the commands do. kept: over one connection to the control socket, as a program that stays does.
 */
const VALUE = "x".repeat(100);
const WARM_UP = 50;

const [way, home = "", count = "0", clients = "1"] = Deno.args;
const put = way === "kept" ? await keptConnection() : await overApi();
await writeAll("warm", WARM_UP, 1);
const startMs = performance.now();
await writeAll("entry", Number(count), Number(clients));
console.log(JSON.stringify({ seconds: (performance.now() - startMs) / 1000, entries: WARM_UP + Number(count) }));
Deno.exit(0);

async function writeAll(prefix: string, count: number, clients: number): Promise<void> {
  let next = 0;
  const client = async () => {
    for (let number = next++; number < count; number = next++) await put(`${prefix}/${number}`);
  };
  await Promise.all(Array.from({ length: clients }, client));
}

async function overApi(): Promise<(key: string) => Promise<void>> {
  const client = await connectControl(homePaths(home));
  if (client === null) throw new Error(`no peer runs in ${home}`);
  return async (key) => {
    const headers = { "content-type": "text/plain" };
    const url = `http://kith/v1/entry?key=${key}`;
    const answer = await client.request(new Request(url, { method: "PUT", headers, body: VALUE }));
    const { version } = await answer.json();
    if (typeof version !== "string") throw new Error("a write was refused");
  };
}

async function keptConnection(): Promise<(key: string) => Promise<void>> {
  const conn = await Deno.connect({ transport: "unix", path: controlPath(homePaths(home)) });
  const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
  const buffer = new Uint8Array(16 * 1024);
  return async (key) => {
    const head = `PUT /v1/entry?key=${key} HTTP/1.1\r\nHost: kith\r\nContent-Type: text/plain\r\nContent-Length: 100`;
    await conn.write(encoder.encode(`${head}\r\n\r\n${VALUE}`));
    let answer = "";
    // The answer is one line of JSON.
    while (!answer.endsWith("}\n")) {
      const size = await conn.read(buffer);
      if (size === null) throw new Error("the peer ended the connection");
      answer += decoder.decode(buffer.subarray(0, size));
    }
    if (!answer.includes('"version":"')) throw new Error(`a write was refused: ${answer}`);
  };
}
