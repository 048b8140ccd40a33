import { assertEquals } from "@std/assert";
import { Store } from "../../lib/store/store.ts";
import { Model, type ModelVersion, textOf } from "./model.ts";
import { damageIn } from "./verified.ts";

/** Compares everything that can be read of a store with the model. */
export function assertSame(store: Store, model: Model): void {
  const live = model.live();
  assertEquals(store.frontier(), model.frontier());
  assertEquals(store.frontierHash(), model.frontierHash());
  assertEquals(store.tips(), model.tips());
  assertEquals(store.entries, live.size);
  assertEquals(store.transactionsTotal, model.held.length);
  assertEquals(store.operationsTotal, model.versions().length);
  const inConflict = [...live].filter(([, versions]) => versions.length > 1).map(([key]) => key);
  assertEquals(store.conflictKeys(null, 100), inConflict);
  assertEquals(store.conflictCount, inConflict.length);
  for (const [key, versions] of live) assertEquals(store.live(key).map(readVersion), versions.map(modelVersion));
  const listed = store.list({ limit: 100 });
  assertEquals(listed.map(({ winner, conflicts }) => [readVersion(winner), conflicts]), [
    ...live.values().map((versions) => [modelVersion(versions[0] as ModelVersion), versions.length - 1]),
  ]);
  const openDelIds = new Set([...model.unnamed("del").values()].flat().map(({ id }) => textOf(id)));
  const liveIds = new Set([...live.values()].flat().map(({ id }) => textOf(id)));
  for (const { id, operation, transaction } of model.versions()) {
    const state = "key" in operation && model.isUndone(transaction)
      ? "undone"
      : operation.kind === "put"
      ? (liveIds.has(textOf(id)) ? "live" : "replaced")
      : operation.kind === "del"
      ? (openDelIds.has(textOf(id)) ? "del" : "replaced")
      : null;
    assertEquals(store.versionState(id), state);
  }
  assertEquals(
    store.undoing.list(0, 100).map(({ versionId, key }) => [textOf(versionId), key]),
    model.undoneEnds().map(({ id, operation }) => [textOf(id), "key" in operation ? operation.key : null]),
  );
  assertEquals(store.digest(), model.digest());
}

/** What only costs time to compare at every step. */
export function assertSameInDepth(store: Store, model: Model, theirs: ReadonlyMap<string, number>, page: number): void {
  for (const [i, { id, header, headerBytes, signature, operations }] of model.held.entries()) {
    assertEquals(store.transaction(id)?.row, i + 1);
    assertEquals(store.transactionByRow(i + 1).header, header);
    const bytes = operations.map(({ leaf, value }) => ({ leaf, value }));
    assertEquals(store.load(i + 1), { header: headerBytes, signature, operations: bytes });
  }
  const openDels = model.unnamed("del");
  const live = model.live();
  for (const [key, versions] of openDels) {
    assertEquals(store.openDels(key).map(({ versionId }) => textOf(versionId)), versions.map(({ id }) => textOf(id)));
  }
  assertEquals(
    new Set(
      store.deletedBesidePut(1000).map(({ del, put }) => `${textOf(del.versionId)} beside ${textOf(put.versionId)}`),
    ),
    new Set(
      [...openDels].flatMap(([key, dels]) =>
        (live.get(key)?.slice(0, 1) ?? []).flatMap((put) =>
          dels.map(({ id }) => `${textOf(id)} beside ${textOf(put.id)}`)
        )
      ),
    ),
  );
  const members = model.held.filter(({ header }) => header.class === "membership");
  assertEquals(
    store.membershipRows().map(({ transaction, operations }) => [transaction.id, operations]),
    members.map(({ id, operations }) => [id, operations.map(({ operation }) => operation)]),
  );
  const rows: number[] = [];
  for (;;) {
    const more = store.lackingRows(theirs, rows.at(-1) ?? 0, page);
    if (more.length === 0) break;
    rows.push(...more);
  }
  assertEquals(rows, model.lackingRows(theirs));
  assertEquals(damageIn(store), []);
}

function readVersion({ versionId, key, value, peer, stamp, names }: ReturnType<Store["live"]>[number]) {
  return { id: textOf(versionId), key, value, peer, stamp, names };
}

function modelVersion({ id, transaction, operation, value }: ModelVersion) {
  const put = operation as Extract<typeof operation, { kind: "put" }>;
  const { peer, clock } = transaction.header;
  return { id: textOf(id), key: put.key, value: value as Uint8Array, peer, stamp: clock, names: put.names };
}
