import { assert, assertEquals } from "@std/assert";
import { MIN_READ_BYTES, READ_BUFFERS } from "../../lib/base/limits.ts";
import { Connection } from "../../lib/host/connection.ts";
import { quicPair, readAll, tcpPair } from "./socket_pairs.ts";
import { until } from "./until.ts";

for (const [by, pair] of [["TCP", tcpPair], ["QUIC", quicPair]] as const) {
  Deno.test(`reading stops while every buffer waits for its turn, and goes on afterwards: ${by}`, async () => {
    await using sockets = await pair();
    const waiting: (() => void)[] = [];
    let receivedBytes = 0;
    const connection = new Connection(sockets.near, {
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
      for (let left = 16; left > 0; left--) await sockets.far.write(chunk);
      await sockets.far.closeWrite();
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

  Deno.test(`a farewell written at the close arrives though bytes of the other side are unread: ${by}`, async () => {
    await using sockets = await pair();
    const farewell = new TextEncoder().encode("farewell");
    const out: (Uint8Array | null)[] = [farewell];
    let reads = 0;
    let ends = 0;
    const connection = new Connection(sockets.near, {
      // No buffer is ever given back, so that what comes stays in the socket.
      received: () => reads++,
      pull: () => out.shift() ?? null,
      disconnected: () => ends++,
    });
    const running = connection.run();
    const sending = sockets.far.write(new Uint8Array(8 * 1024 * 1024));
    await until("all buffers wait", () => reads === READ_BUFFERS);
    connection.close();
    assertEquals(await readAll(sockets.far, 64), farewell, "and then an end, not a reset");
    await sending;
    sockets.far.close();
    await running;
    assertEquals(ends, 1);
  });

  Deno.test(`reads grow while the other side fills them: ${by}`, async () => {
    await using sockets = await pair();
    let largestBytes = 0;
    const connection = new Connection(sockets.near, {
      received: (bytes, taken) => {
        largestBytes = Math.max(largestBytes, bytes.length);
        queueMicrotask(taken);
      },
      pull: () => null,
      disconnected: () => {},
    });
    const running = connection.run();
    await sockets.far.write(new Uint8Array(8 * 1024 * 1024));
    await sockets.far.closeWrite();
    await running;
    assertEquals(largestBytes > 2 * MIN_READ_BYTES, true, `${largestBytes}`);
  });

  Deno.test(`a close ends even when the other side reads nothing, and little was buffered for it: ${by}`, async () => {
    await using sockets = await pair();
    let left = 64;
    const connection = new Connection(sockets.near, {
      received: (_bytes, taken) => taken(),
      pull: () => left-- > 0 ? new Uint8Array(1024 * 1024) : null,
      disconnected: () => {},
    });
    const running = connection.run();
    connection.output();
    connection.close();
    await running;
    assert(left > 32, `${left} MiB were not taken`);
  });

  Deno.test(`what is closed at once ends for both: ${by}`, async () => {
    await using sockets = await pair();
    const details: string[] = [];
    const connections = [sockets.near, sockets.far].map((socket) => {
      return new Connection(socket, {
        received: (_bytes, taken) => taken(),
        pull: () => null,
        disconnected: (detail) => details.push(detail),
      });
    });
    const running = connections.map((connection) => connection.run());
    connections[0]?.abort();
    await Promise.all(running);
    assertEquals(details, ["closed here", ""]);
  });
}
