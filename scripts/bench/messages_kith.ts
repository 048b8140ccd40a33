import { createApi } from "../../lib/api/api.ts";
import { Host } from "../../lib/host/host.ts";
import { answerer, Asker, type Send, WINDOW } from "./messages_task.ts";

/**
 * Messages between two peers of kith, each in the process of the program that uses it.
 *
 * Usage: messages_kith.ts serve HOME · ask HOME ADDRESS WORDS COUNT TRIPS
 */
const [role, home = "", address = "", words = "", ...counts] = Deno.args;
const [count = 0, trips = 0] = counts.map(Number);
const TO_SERVER = "to/server";
const TO_ASKER = "to/asker";

const host = await Host.start({
  version: "0.0.0",
  home,
  listen: ["127.0.0.1:0"],
  api: createApi,
  dht: false,
  portMap: false,
});

if (role === "serve") {
  await host.request({ type: "create_space" });
  const ticket = await api("POST", "/v1/invites", {});
  onMessages(TO_SERVER, answerer(sender(TO_ASKER), true));
  console.log(JSON.stringify({ address: host.addresses[0], words: ticket.words }));
} else {
  await api("POST", "/v1/join", { ticket: words, at: [address] });
  await api("POST", "/v1/wait", { synced: true });
  const asker = new Asker(sender(TO_SERVER), WINDOW);
  onMessages(TO_ASKER, (bytes) => asker.take(bytes));
  await asker.run(count, trips);
  await host.stop();
}

function sender(topic: string): Send {
  // Many are under way at a time, as from many programs; each is a request of its own.
  return (payload) => void host.request({ type: "post", posts: [{ topic, payload }], to: null });
}

function onMessages(topic: string, take: (bytes: Uint8Array) => void): void {
  const reader = host.peer.subscribe(topic);
  host.onTurn(() => {
    if (!reader.hasNews) return;
    const { dropped, missed, posts } = reader.take();
    if (dropped > 0 || missed.length > 0) throw new Error(`${dropped} were dropped, and of ${missed.length} missed`);
    for (const { payload } of posts) take(payload);
  });
}

async function api(method: string, path: string, body: object): Promise<Record<string, unknown>> {
  const request = new Request(`http://kith${path}`, { method, body: JSON.stringify(body) });
  const text = await (await createApi(host)(request)).text();
  return JSON.parse(text.trim().split("\n").at(-1) as string);
}
