import { assertEquals } from "@std/assert";
import { MIN_READ_BYTES, READ_BUFFERS } from "../../lib/base/limits.ts";
import { Connection } from "../../lib/host/connection.ts";
import { until } from "./until.ts";

async function pair(): Promise<[Deno.TcpConn, Deno.TcpConn]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return await Promise.all([Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }), listener.accept()]);
}

Deno.test("reading stops while every buffer waits for its turn, and goes on afterwards", async () => {
  const [near, far] = await pair();
  const waiting: (() => void)[] = [];
  let receivedBytes = 0;
  const connection = new Connection(near, {
    received: (bytes, taken) => {
      receivedBytes += bytes.length;
      waiting.push(taken);
    },
    pull: () => null,
    disconnected: () => {},
  });
  const running = connection.run();
  const chunk = new Uint8Array(1024 * 1024);
  const sending = (async () => {
    for (let left = 16; left > 0; left--) {
      for (let offset = 0; offset < chunk.length;) offset += await far.write(chunk.subarray(offset));
    }
    far.close();
  })();
  await until("all buffers wait", () => waiting.length === READ_BUFFERS);
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(waiting.length, READ_BUFFERS);
  await until("the rest arrived", () => {
    for (const taken of waiting.splice(0)) taken();
    return receivedBytes === 16 * chunk.length;
  });
  await Promise.all([sending, running]);
});

Deno.test("a farewell written at the close arrives though bytes of the other side are unread", async () => {
  const [near, far] = await pair();
  const farewell = new TextEncoder().encode("farewell");
  const out: (Uint8Array | null)[] = [farewell];
  let reads = 0;
  let ends = 0;
  const connection = new Connection(near, {
    // No buffer is ever given back, so that what comes stays in the socket.
    received: () => reads++,
    pull: () => out.shift() ?? null,
    disconnected: () => ends++,
  });
  const running = connection.run();
  const chunk = new Uint8Array(8 * 1024 * 1024);
  const sending = (async () => {
    for (let offset = 0; offset < chunk.length;) offset += await far.write(chunk.subarray(offset));
  })();
  await until("all buffers wait", () => reads === READ_BUFFERS);
  connection.close();
  const buffer = new Uint8Array(64);
  assertEquals(await far.read(buffer), farewell.length);
  assertEquals(await far.read(buffer), null, "an end, not a reset");
  await sending;
  far.close();
  await running;
  assertEquals(ends, 1);
});

Deno.test("reads grow while the other side fills them", async () => {
  const [near, far] = await pair();
  let largestBytes = 0;
  const connection = new Connection(near, {
    received: (bytes, taken) => {
      largestBytes = Math.max(largestBytes, bytes.length);
      queueMicrotask(taken);
    },
    pull: () => null,
    disconnected: () => {},
  });
  const running = connection.run();
  const chunk = new Uint8Array(8 * 1024 * 1024);
  for (let offset = 0; offset < chunk.length;) offset += await far.write(chunk.subarray(offset));
  far.close();
  await running;
  assertEquals(largestBytes > 2 * MIN_READ_BYTES, true, `${largestBytes}`);
});

Deno.test("a close ends even when the other side reads nothing", async () => {
  const [near, far] = await pair();
  let left = 64;
  const connection = new Connection(near, {
    received: (_bytes, taken) => taken(),
    pull: () => left-- > 0 ? new Uint8Array(1024 * 1024) : null,
    disconnected: () => {},
  });
  const running = connection.run();
  connection.output();
  connection.close();
  await running;
  far.close();
});
