import { mkdirSync } from "node:fs";
import type { AddressInfo } from "node:net";
import type { Entry } from "./entries.ts";
import { load, run } from "./tool.ts";

/** PouchDB over HTTP: one side is express-pouchdb; both keep LevelDB on disk. */

interface Document {
  readonly _id: string;
  readonly value: string;
}

interface Database {
  put(document: Document): Promise<unknown>;
  bulkDocs(documents: readonly Document[]): Promise<unknown>;
  allDocs(options: unknown): Promise<{ rows: { doc: Document }[] }>;
  changes(options: unknown): { on(event: "change", listener: (change: { id: string }) => void): void };
  readonly replicate: { from(source: string, options: unknown): Promise<unknown> };
}

interface Pouch {
  new (name: string): Database;
  defaults(options: unknown): Pouch;
}

interface App {
  use(path: string, handler: unknown): void;
  listen(port: number, host: string, ready: () => void): { address(): AddressInfo };
}

const BATCH = 1000;
// Its default of 100 documents a batch is slower.
const BATCHES = { batch_size: BATCH, batches_limit: 10 };

await run({
  async serve(folder, entries) {
    mkdirSync(folder, { recursive: true });
    const { default: PouchDB } = await load<{ default: Pouch }>("pouchdb");
    const { default: express } = await load<{ default: () => App }>("express");
    const { default: pouchApp } = await load<{ default: (pouch: Pouch, options: unknown) => unknown }>(
      "express-pouchdb",
    );
    const here = PouchDB.defaults({ prefix: `${folder}/` });
    const database = new here("bench");
    for (let start = 0; start < entries.length; start += BATCH) {
      await database.bulkDocs(entries.slice(start, start + BATCH).map(([_id, value]) => ({ _id, value })));
    }
    const app = express();
    app.use("/", pouchApp(here, { mode: "minimumForPouchDB", inMemoryConfig: true, logPath: `${folder}/log.txt` }));
    const port = await new Promise<number>((resolve) => {
      const server = app.listen(0, "127.0.0.1", () => resolve(server.address().port));
    });
    return {
      address: `http://127.0.0.1:${port}/bench`,
      put: (_id, value) => database.put({ _id, value }),
    };
  },

  async join(folder, _count, address, seen) {
    mkdirSync(folder, { recursive: true });
    const { default: PouchDB } = await load<{ default: Pouch }>("pouchdb");
    const database = new PouchDB(`${folder}/b`);
    await database.replicate.from(address, BATCHES);
    database.changes({ live: true, since: "now" }).on("change", ({ id }) => seen(id));
    void database.replicate.from(address, { ...BATCHES, live: true });
    return {
      async entries() {
        const { rows } = await database.allDocs({ include_docs: true });
        return rows.map(({ doc }): Entry => [doc._id, doc.value]);
      },
    };
  },
});
