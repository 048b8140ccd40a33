import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import type { Entry } from "../../scripts/bench/peers/entries.ts";
import { run } from "../../scripts/bench/peers/tool.ts";

/** A stand-in for a competitor, without packages: the first sends all that it holds in lines, and then what comes. */
await run({
  async serve(_folder, entries) {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      for (const entry of entries) send(socket, entry);
      sockets.push(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
      address: String((server.address() as AddressInfo).port),
      put: (key, value) => sockets.forEach((socket) => send(socket, [key, value])),
    };
  },

  async join(_folder, count, address, seen) {
    const held: Entry[] = [];
    await new Promise<void>((resolve) => {
      createInterface(connect(Number(address), "127.0.0.1")).on("line", (line) => {
        const entry: Entry = JSON.parse(line);
        if (held.length < count) held.push(entry);
        else seen(entry[0]);
        if (held.length === count) resolve();
      });
    });
    return { entries: () => Promise.resolve(held) };
  },
});

function send(socket: Socket, entry: Entry): void {
  socket.write(JSON.stringify(entry) + "\n");
}
