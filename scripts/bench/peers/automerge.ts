import { mkdirSync } from "node:fs";
import type { AddressInfo } from "node:net";
import type { Entry } from "./entries.ts";
import { load, run } from "./tool.ts";

/** Automerge-repo: one document over WebSocket, kept in files on both sides. Values are whole, not collaborative text. */

interface Document {
  readonly entries: Record<string, { readonly val: string }>;
}

interface Handle {
  readonly url: string;
  readonly documentId: string;
  doc(): Document;
  change(change: (document: Document) => void): void;
  on(event: "change", listener: (change: { patches: { path: string[] }[] }) => void): void;
}

interface Repo {
  create(document: Document): Handle;
  find(url: string): Promise<Handle>;
  flush(documents: readonly string[]): Promise<void>;
}

interface Sockets {
  readonly WebSocketServer: new (options: unknown) => {
    on(event: string, listener: () => void): void;
    address(): AddressInfo;
  };
}

type Adapter = new (argument: unknown) => unknown;
interface Adapters {
  readonly WebSocketServerAdapter: Adapter;
  readonly WebSocketClientAdapter: Adapter;
}

await run({
  async serve(folder, entries) {
    const { WebSocketServer } = await load<Sockets>("ws");
    const { WebSocketServerAdapter } = await load<Adapters>("@automerge/automerge-repo-network-websocket");
    const { ImmutableString } = await load<{ ImmutableString: new (text: string) => { val: string } }>(
      "@automerge/automerge",
    );
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await new Promise<void>((resolve) => server.on("listening", resolve));
    const repo = await repoOf(`${folder}/a`, new WebSocketServerAdapter(server));
    const handle = repo.create({ entries: {} });
    const put = async (some: readonly Entry[]) => {
      handle.change((document) => {
        for (const [key, value] of some) document.entries[key] = new ImmutableString(value);
      });
      await repo.flush([handle.documentId]);
    };
    await put(entries);
    return {
      address: `ws://127.0.0.1:${server.address().port} ${handle.url}`,
      put: (key, value) => put([[key, value]]),
    };
  },

  async join(folder, count, address, seen) {
    const [server, url = ""] = address.split(" ");
    const { WebSocketClientAdapter } = await load<Adapters>("@automerge/automerge-repo-network-websocket");
    const repo = await repoOf(`${folder}/b`, new WebSocketClientAdapter(server));
    const handle = await repo.find(url);
    const size = () => Object.keys(handle.doc().entries).length;
    if (size() < count) {
      await new Promise<void>((resolve) => {
        handle.on("change", () => {
          if (size() >= count) resolve();
        });
      });
    }
    await repo.flush([handle.documentId]);
    handle.on("change", ({ patches }) => {
      for (const key of new Set(patches.map(({ path }) => path[1]))) if (key !== undefined) seen(key);
    });
    return {
      entries: () => {
        return Promise.resolve(Object.entries(handle.doc().entries).map(([key, { val }]): Entry => [key, val]));
      },
    };
  },
});

async function repoOf(folder: string, network: unknown): Promise<Repo> {
  const { Repo } = await load<{ Repo: new (options: unknown) => Repo }>("@automerge/automerge-repo");
  const { NodeFSStorageAdapter } = await load<{ NodeFSStorageAdapter: Adapter }>(
    "@automerge/automerge-repo-storage-nodefs",
  );
  mkdirSync(folder, { recursive: true });
  return new Repo({ network: [network], storage: new NodeFSStorageAdapter(folder) });
}
