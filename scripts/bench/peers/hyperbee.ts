import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Entry } from "./entries.ts";
import { load, run } from "./tool.ts";

/** Hyperbee, the key-value tree upon Hypercore, replicated over TCP with its own Noise stream. */

interface Core {
  readonly key: Uint8Array;
  readonly length: number;
  ready(): Promise<void>;
  update(options: unknown): Promise<boolean>;
  download(range: unknown): { done(): Promise<void> };
  replicate(stream: unknown): void;
  on(event: "append", listener: () => void): void;
}

interface Batch {
  put(key: string, value: string): Promise<void>;
  flush(): Promise<void>;
}

interface Bee extends Batch {
  batch(): Batch;
  getBySeq(seq: number): Promise<{ key: string } | null>;
  createReadStream(): AsyncIterable<{ key: string; value: string }>;
}

const BATCH = 1000;

await run({
  async serve(folder, entries) {
    const { core, bee } = await open(`${folder}/a`, null);
    for (let start = 0; start < entries.length; start += BATCH) {
      const batch = bee.batch();
      for (const [key, value] of entries.slice(start, start + BATCH)) await batch.put(key, value);
      await batch.flush();
    }
    const server = createServer((socket) => void replicate(core, false, socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = `${(server.address() as AddressInfo).port} ${Buffer.from(core.key).toString("hex")} ${core.length}`;
    return { address, put: (key, value) => bee.put(key, value) };
  },

  async join(folder, _count, address, seen) {
    const [port, key = "", length] = address.split(" ");
    const { core, bee } = await open(`${folder}/b`, Buffer.from(key, "hex"));
    await replicate(core, true, connect(Number(port), "127.0.0.1"));
    while (core.length < Number(length)) await core.update({ wait: true });
    await core.download({ start: 0, end: Number(length) }).done();
    core.download({ start: Number(length), end: -1 });
    core.on("append", async () => {
      const node = await bee.getBySeq(core.length - 1);
      if (node !== null) seen(node.key);
    });
    return {
      async entries() {
        const held: Entry[] = [];
        for await (const { key, value } of bee.createReadStream()) held.push([key, value]);
        return held;
      },
    };
  },
});

async function open(folder: string, key: Uint8Array | null): Promise<{ core: Core; bee: Bee }> {
  const { default: Hypercore } = await load<{ default: new (...args: unknown[]) => Core }>("hypercore");
  const { default: Hyperbee } = await load<{ default: new (...args: unknown[]) => Bee }>("hyperbee");
  const core = new Hypercore(folder, key);
  await core.ready();
  return { core, bee: new Hyperbee(core, { keyEncoding: "utf-8", valueEncoding: "utf-8" }) };
}

async function replicate(core: Core, initiator: boolean, socket: Socket): Promise<void> {
  type Stream = new (initiator: boolean, socket: Socket) => { on(event: "error", listener: () => void): void };
  const { default: SecretStream } = await load<{ default: Stream }>("@hyperswarm/secret-stream");
  socket.setNoDelay(true);
  const stream = new SecretStream(initiator, socket);
  // The other side's end; whoever waits for data meets a deadline.
  stream.on("error", () => {});
  core.replicate(stream);
}
