import { assert, assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { utf8Encode } from "../../lib/base/bytes.ts";
import { verifySigned } from "../../lib/crypto/identity.ts";
import { KithError } from "../../lib/base/errors.ts";
import type { CheckedTransaction } from "../../lib/data/transaction.ts";
import { DamagedError } from "../../lib/store/damaged_error.ts";
import { MIGRATIONS } from "../../lib/store/schema.ts";
import { salvage } from "../../lib/store/salvage.ts";
import { Store } from "../../lib/store/store.ts";
import { Writer } from "../peer/transactions.ts";
import { countingRandom, transactionOf, versionOf } from "../store/histories.ts";
import { Model } from "../store/model.ts";
import { damageIn } from "../store/verified.ts";

function open(path: string): Store {
  return Store.open(path, { random: countingRandom() });
}

function withFolder(test: (folder: string) => void): () => void {
  return () => {
    const folder = Deno.makeTempDirSync();
    try {
      test(folder);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  };
}

/** A chain of transactions; each writes three keys anew. */
function chain(length: number, value = 50): CheckedTransaction[] {
  const out: CheckedTransaction[] = [];
  for (let i = 0; i < length; i++) {
    const before = out.at(-1);
    const operations = [0, 1, 2].map((n) => ({
      put: `key ${i % 7} ${n}`,
      value: new Uint8Array(value).fill(i + n),
      names: before === undefined ? [] : [versionOf(out[Math.max(0, i - 7)] as CheckedTransaction, n)],
    }));
    out.push(transactionOf({ previous: before ?? null, operations }));
  }
  return out;
}

function fill(store: Store, history: readonly CheckedTransaction[]): void {
  for (const transaction of history) {
    store.append(transaction, 0);
    store.commit();
  }
}

function assertHolds(store: Store, history: readonly CheckedTransaction[]): void {
  const model = new Model(history);
  assertEquals(store.frontier(), model.frontier());
  assertEquals(store.digest(), model.digest());
  assertEquals(store.entries, model.live().size);
  assertEquals(damageIn(store), []);
}

function refusal(path: string): string {
  return assertThrows(() => open(path), KithError).code;
}

Deno.test(
  "a store that is closed and opened again holds the same, under the same instance id",
  withFolder((folder) => {
    const history = chain(20);
    const store = open(`${folder}/store.db`);
    fill(store, history);
    store.setMeta("name", utf8Encode("value"));
    store.commit();
    store.append(transactionOf({ previous: history.at(-1)!, operations: [] }), 0);
    const { instance } = store;
    store.close();
    const again = open(`${folder}/store.db`);
    assertHolds(again, history);
    assertEquals(again.instance, instance);
    assertEquals(again.getMeta("name"), utf8Encode("value"));
    assert(again.file.sizeBytes >= 4096);
    again.close();
  }),
);

Deno.test(
  "two stores have different instance ids",
  withFolder((folder) => {
    const random = countingRandom();
    const stores = ["a", "b"].map((name) => Store.open(`${folder}/${name}.db`, { random }));
    assert(stores[0]?.instance.toString() !== stores[1]?.instance.toString());
    for (const store of stores) store.close();
  }),
);

Deno.test(
  "a store of a newer data version is refused and left alone",
  withFolder((folder) => {
    const path = `${folder}/store.db`;
    open(path).close();
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    database.close();
    const error = assertThrows(() => open(path), KithError);
    assertEquals(error.code, "store_too_new");
    assertEquals(error.values, { path, theirs: MIGRATIONS.length + 1, ours: MIGRATIONS.length });
  }),
);

Deno.test(
  "a file that is no kith store is refused and left alone",
  withFolder((folder) => {
    const foreign = `${folder}/foreign.db`;
    const database = new DatabaseSync(foreign);
    database.exec("CREATE TABLE notes (text TEXT)");
    database.close();
    const text = `${folder}/letter.txt`;
    Deno.writeTextFileSync(text, "Dear friend, ".repeat(500));
    for (const path of [foreign, text]) {
      const before = Deno.readFileSync(path);
      assertEquals(refusal(path), "store_not_kith");
      assertEquals(Deno.readFileSync(path), before);
    }
  }),
);

Deno.test(
  "a store in a folder that is not there is refused",
  withFolder((folder) => {
    assertEquals(refusal(`${folder}/none/store.db`), "store_io");
  }),
);

Deno.test(
  "a store that is open is refused to others",
  withFolder((folder) => {
    const store = open(`${folder}/store.db`);
    fill(store, chain(1));
    assertEquals(refusal(`${folder}/store.db`), "store_busy");
    fill(store, chain(2).slice(1));
    assertHolds(store, chain(2));
    store.close();
  }),
);

/** Copies a store as the disk would be found after a crash now; the log is cut to a length. */
function crashed(folder: string, logBytes = Infinity): string {
  const path = `${folder}/crashed.db`;
  Deno.copyFileSync(`${folder}/store.db`, path);
  const log = Deno.readFileSync(`${folder}/store.db-wal`);
  Deno.writeFileSync(`${path}-wal`, log.subarray(0, Math.min(logBytes, log.length)));
  return path;
}

Deno.test(
  "a crash in the middle of a transaction leaves what was committed",
  withFolder((folder) => {
    const history = chain(30);
    const store = open(`${folder}/store.db`);
    fill(store, history.slice(0, 10));
    // More than the page cache holds, so that pages of the open transaction are already in the log.
    let previous = history[9] as CheckedTransaction;
    const before = Deno.statSync(`${folder}/store.db-wal`).size;
    for (let i = 0; i < 200; i++) {
      previous = transactionOf({ previous, operations: [{ put: "large", value: new Uint8Array(250_000).fill(i) }] });
      store.append(previous, 0);
    }
    assert(Deno.statSync(`${folder}/store.db-wal`).size > before);
    const found = open(crashed(folder));
    assertHolds(found, history.slice(0, 10));
    fill(found, history.slice(10));
    assertHolds(found, history);
    found.close();
    store.close();
  }),
);

Deno.test(
  "a torn log leaves the commits before the tear",
  withFolder((folder) => {
    const history = chain(8);
    const store = open(`${folder}/store.db`);
    // The schema must not be in the log, or a torn one leaves an empty file, which is a new store.
    store.file.checkpointWhenIdle();
    fill(store, history);
    const size = Deno.statSync(`${folder}/store.db-wal`).size;
    const counts = new Set<number>();
    for (let cut = 0; cut <= size; cut += Math.max(1, Math.floor(size / 40))) {
      const found = open(crashed(folder, cut));
      counts.add(found.transactionsTotal);
      assertHolds(found, history.slice(0, found.transactionsTotal));
      found.close();
    }
    assert(counts.size > 3);
    store.close();
  }),
);

Deno.test(
  "a checkpoint moves the log into the database file",
  withFolder((folder) => {
    const history = chain(5);
    const store = open(`${folder}/store.db`);
    fill(store, history);
    store.append(transactionOf({ previous: history.at(-1)!, operations: [] }), 0);
    store.file.checkpointWhenIdle();
    store.rollback();
    store.file.checkpointWhenIdle();
    const found = open(crashed(folder, 0));
    assertHolds(found, history);
    found.close();
    store.close();
  }),
);

Deno.test(
  "flipped bits are never read as data: what is read is right, or refused by name",
  withFolder((folder) => {
    const history = chain(40, 200);
    const original = open(`${folder}/store.db`);
    fill(original, history);
    const winners = new Map(original.list({ limit: 100 }).map(({ winner }) => [winner.key, winner]));
    original.close();
    const bytes = Deno.readFileSync(`${folder}/store.db`);
    let refused = 0;
    for (let n = 0; n < 200; n++) {
      const flipped = bytes.slice();
      const at = (n * 7919 * 31 + 13) % flipped.length;
      flipped[at] = (flipped[at] as number) ^ (1 << (n % 8));
      const path = `${folder}/flipped-${n}.db`;
      Deno.writeFileSync(path, flipped);
      try {
        const store = open(path);
        try {
          for (const { winner } of store.list({ limit: 100 })) assertEquals(winner, winners.get(winner.key));
          for (let row = 1; row <= history.length; row++) {
            const { operations, headerBytes } = history[row - 1] as CheckedTransaction;
            const loaded = store.load(row);
            assertEquals(loaded.header, headerBytes);
            assertEquals(loaded.operations, operations.map(({ leaf, value }) => ({ leaf, value })));
          }
          store.frontier();
          store.digest();
          damageIn(store);
        } finally {
          store.close();
        }
      } catch (error) {
        const isTold = error instanceof DamagedError ||
          error instanceof KithError && ["store_damaged", "store_not_kith", "store_too_new"].includes(error.code);
        if (!isTold) throw error;
        refused++;
      }
    }
    assert(refused > 20);
  }),
);

Deno.test(
  "a store's file is whole without its log once that was moved",
  withFolder((folder) => {
    const [path, copy] = [`${folder}/store.sqlite`, `${folder}/copy.sqlite`];
    const history = chain(20);
    const store = open(path);
    fill(store, history);
    store.file.moveLog();
    assertEquals(Deno.statSync(`${path}-wal`).size, 0);
    Deno.copyFileSync(path, copy);
    store.close();
    const alone = open(copy);
    assertHolds(alone, history);
    alone.close();
  }),
);

Deno.test(
  "a file with many free pages becomes smaller, so many at a time",
  withFolder((folder) => {
    const path = `${folder}/store.db`;
    const database = new DatabaseSync(path);
    const store = Store.open(database, { random: countingRandom() });
    fill(store, chain(25, 100_000));
    store.file.moveLog();
    const pages = () => Deno.statSync(path).size / 4096;
    const before = pages();
    database.exec("DELETE FROM operations");
    const freed = Array.from({ length: 8 }, () => {
      const held = pages();
      store.file.checkpointWhenIdle();
      store.file.moveLog();
      return held - pages();
    });
    // It gives back a page or two beside them, which said what others are for; and what is soon used again stays.
    assert(before > 1800 && freed.slice(0, 3).every((count) => count >= 256 && count < 260), `${freed}`);
    assertEquals(freed.slice(-2), [0, 0]);
    assert(pages() > 768 && pages() < 1100, `${pages()}`);
    store.close();
  }),
);

Deno.test(
  "what is undone is so in a store that is made anew, whichever of the two that tell it is damaged",
  withFolder((folder) => {
    const writer = new Writer();
    const [first, removed] = [writer.put("k", "old"), writer.put("k", "new")];
    for (const [i, damage] of ["DELETE FROM undoings", "UPDATE operations SET state = 0 WHERE state = 2"].entries()) {
      const path = `${folder}/${i}.db`;
      const store = open(path);
      store.setMeta("space", writer.space);
      store.append(writer.genesis, 0);
      store.append(first, 0);
      store.append(removed, 0, { undone: true });
      store.commit();
      store.close();
      const database = new DatabaseSync(path);
      database.exec(damage);
      database.close();
      const target = open(`${folder}/new-${i}.db`);
      assertEquals(salvage(path, target, verifySigned).kept, 3);
      assertEquals([target.winner("k")?.versionId, [...target.undoing.rows()]], [versionOf(first), [3]]);
      assertEquals(damageIn(target), []);
      target.close();
    }
  }),
);
