import { connectControl } from "../../lib/host/control.ts";
import { homePaths } from "../../lib/host/home.ts";
import { readLines } from "../../lib/api/line_reader.ts";
import { percentile } from "./figure.ts";
import { RoundTrips } from "./payload.ts";

/**
 * Writes on one peer and watches another one for it, one write after the other; reports the times from the request to
 * the event.
 *
 * Usage: watch_client.ts HOME_A HOME_B COUNT WARM_UP
 */
const [homeA = "", homeB = "", count = "0", warmUp = "0"] = Deno.args;
const [a, b] = [await connectControl(homePaths(homeA)), await connectControl(homePaths(homeB))];
if (a === null || b === null) throw new Error("a peer does not run");
const trips = new RoundTrips(Number(count), Number(warmUp));
const watched = await b.request(new Request("http://kith/v1/watch?prefix=watched"));
let number = 0;
let written: Promise<void> = Promise.resolve();
for await (const lines of readLines(watched.body as ReadableStream<Uint8Array>, 64 * 1024)) {
  for (const { bytes } of lines) {
    const event = JSON.parse(new TextDecoder().decode(bytes as Uint8Array));
    if (event.event === "put") {
      if (event.key !== `watched/${number}`) throw new Error(`watched ${event.key}, not ${number}`);
      const goesOn = trips.returned();
      await written;
      if (!goesOn) finish();
      number++;
    }
    trips.sending();
    written = write(`watched/${number}`);
  }
}

async function write(key: string): Promise<void> {
  const headers = { "content-type": "text/plain" };
  const body = "x".repeat(100);
  const answer = await a?.request(new Request(`http://kith/v1/entry?key=${key}`, { method: "PUT", headers, body }));
  if (answer?.ok !== true) throw new Error("a write was refused");
  await answer.body?.cancel();
}

function finish(): void {
  const sorted = trips.sorted();
  console.log(JSON.stringify({ p50: percentile(sorted, 0.5) / 1000, p99: percentile(sorted, 0.99) / 1000 }));
  Deno.exit(0);
}
