import { concat } from "../../lib/base/bytes.ts";
import { answerer, Asker, POST_BYTES, type Send, WINDOW } from "./messages_task.ts";

/**
 * Messages between two clients of a NATS server, in its text protocol over TCP; neither encrypted nor signed.
 *
 * Usage: messages_nats.ts serve PORT · ask PORT COUNT TRIPS
 */
const TO_SERVER = "to.server";
const TO_ASKER = "to.asker";
const READ_BYTES = 256 * 1024;
const CARRIAGE_RETURN = 13;
const [role, port, ...counts] = Deno.args;
const [count = 0, trips = 0] = counts.map(Number);
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const LINE_END = encoder.encode("\r\n");

const conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
conn.setNoDelay(true);
let queued: Uint8Array[] = [];
let isWriting = false;
put(encoder.encode('CONNECT {"verbose":false,"pedantic":false}\r\n'));
if (role === "serve") {
  void onMessages(TO_SERVER, answerer(sender(TO_ASKER), true));
  console.log(JSON.stringify({ event: "ready" }));
} else {
  const asker = new Asker(sender(TO_SERVER), WINDOW);
  void onMessages(TO_ASKER, (bytes) => asker.take(bytes));
  await asker.run(count, trips);
  Deno.exit(0);
}

function sender(topic: string): Send {
  const head = encoder.encode(`PUB ${topic} ${POST_BYTES}\r\n`);
  return (bytes) => put(head, bytes, LINE_END);
}

/** What is sent in one go of the program is one write; a timer would keep a single message for a millisecond. */
function put(...parts: Uint8Array[]): void {
  queued.push(...parts);
  if (isWriting) return;
  isWriting = true;
  queueMicrotask(async () => {
    while (queued.length > 0) {
      const bytes = concat(queued);
      queued = [];
      for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
    }
    isWriting = false;
  });
}

async function onMessages(topic: string, take: (bytes: Uint8Array) => void): Promise<void> {
  put(encoder.encode(`SUB ${topic} 1\r\n`));
  const buffer = new Uint8Array(READ_BYTES);
  let rest = new Uint8Array(0);
  while (true) {
    const size = await conn.read(buffer);
    if (size === null) throw new Error("the NATS server closed the connection");
    let bytes = concat([rest, buffer.subarray(0, size)]);
    while (true) {
      const end = bytes.indexOf(CARRIAGE_RETURN);
      if (end < 0 || end + 2 > bytes.length) break;
      const line = decoder.decode(bytes.subarray(0, end));
      if (line.startsWith("MSG ")) {
        const length = Number(line.slice(line.lastIndexOf(" ") + 1));
        if (bytes.length < end + 2 + length + 2) break;
        take(bytes.slice(end + 2, end + 2 + length));
        bytes = bytes.subarray(end + 2 + length + 2);
        continue;
      }
      if (line === "PING") put(encoder.encode("PONG\r\n"));
      if (line.startsWith("-ERR")) throw new Error(line);
      bytes = bytes.subarray(end + 2);
    }
    rest = bytes.slice();
  }
}
