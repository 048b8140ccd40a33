import type { AddressInfo } from "node:net";
import { load, run } from "./tool.ts";

/** Yjs with y-websocket: one side is its server, holding the document in memory as it does by default. */

interface YMap {
  readonly size: number;
  set(key: string, value: string): void;
  entries(): IterableIterator<[string, string]>;
  observe(listener: (event: { keysChanged: Set<string> }) => void): void;
}

interface YDoc {
  getMap(name: string): YMap;
  transact(change: () => void): void;
}

interface Server {
  getYDoc(name: string): YDoc;
  setupWSConnection(socket: unknown, request: unknown): void;
}

interface Sockets {
  readonly WebSocketServer: new (options: unknown) => {
    on(event: string, listener: (socket: unknown, request: unknown) => void): void;
    address(): AddressInfo;
  };
  readonly default: unknown;
}

await run({
  async serve(_folder, entries) {
    const { default: { getYDoc, setupWSConnection } } = await load<{ default: Server }>("y-websocket/bin/utils");
    const { WebSocketServer } = await load<Sockets>("ws");
    const document = getYDoc("bench");
    const map = document.getMap("entries");
    document.transact(() => {
      for (const [key, value] of entries) map.set(key, value);
    });
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    server.on("connection", setupWSConnection);
    await new Promise<unknown>((resolve) => server.on("listening", resolve));
    return {
      address: `ws://127.0.0.1:${server.address().port}`,
      put: (key, value) => map.set(key, value),
    };
  },

  async join(_folder, count, address, seen) {
    const { Doc } = await load<{ Doc: new () => YDoc }>("yjs");
    const { WebsocketProvider } = await load<{ WebsocketProvider: new (...args: unknown[]) => unknown }>("y-websocket");
    const { default: WebSocketPolyfill } = await load<Sockets>("ws");
    const document = new Doc();
    const map = document.getMap("entries");
    const all = new Promise<void>((resolve) => {
      map.observe(({ keysChanged }) => {
        if (map.size >= count) resolve();
        if (keysChanged.size === 1) { for (const key of keysChanged) seen(key); }
      });
    });
    new WebsocketProvider(address, "bench", document, { WebSocketPolyfill, disableBc: true });
    await all;
    return { entries: () => Promise.resolve(map.entries()) };
  },
});
