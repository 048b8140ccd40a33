import { MAX_TRANSACTIONS_MESSAGE_BYTES } from "../base/limits.ts";
import { bundleSizeBytes, type TransactionBytes } from "../wire/bundle.ts";
import type { Frontier } from "../wire/frontier.ts";
import type { Have, Transactions } from "../wire/message.ts";
import { type Header, writerKey } from "../wire/transaction.ts";
import type { SyncStore } from "./ports.ts";
import type { Replica } from "./replica.ts";

/** A transaction that was applied in the turn that ends. */
export interface Applied {
  readonly row: number;
  readonly header: Header;
  readonly id: Uint8Array;
  /** The connection that it came by; null for one of this peer's own. */
  readonly from: number | null;
}

/** What a replica is told of what was applied: own transactions themselves, and of those of others that they are here. */
export function* announcements(
  store: SyncStore,
  replica: Replica,
  applied: readonly Applied[],
): Generator<Transactions | Have> {
  const have: { writer: Header; heads: { sequence: number; id: Uint8Array }[] }[] = [];
  const own: TransactionBytes[] = [];
  for (const { row, header, id, from } of applied) {
    const writer = writerKey(header);
    if (from === replica.connection || (replica.theirs.get(writer) ?? 0) >= header.sequence) continue;
    // What a replica has is unknown before its frontier; that there is more than ours said, it is told.
    if (from !== null || !replica.hasFrontier) {
      const last = have.at(-1);
      if (last !== undefined && writerKey(last.writer) === writer) have.pop();
      have.push({ writer: header, heads: [{ sequence: header.sequence, id }] });
    } else if (replica.streamedRow === null) {
      own.push(store.load(row));
      replica.holds(writer, header.sequence);
    }
  }
  for (const list of inMessages(own)) yield { type: "transactions", list };
  if (have.length > 0 && replica.streamedRow === null) yield { type: "have", entries: latestPerWriter(have) };
}

function* inMessages(transactions: readonly TransactionBytes[]): Generator<TransactionBytes[]> {
  let list: TransactionBytes[] = [];
  let sizeBytes = 0;
  for (const transaction of transactions) {
    const size = bundleSizeBytes(transaction);
    if (list.length > 0 && sizeBytes + size > MAX_TRANSACTIONS_MESSAGE_BYTES) {
      yield list;
      list = [];
      sizeBytes = 0;
    }
    list.push(transaction);
    sizeBytes += size;
  }
  if (list.length > 0) yield list;
}

function latestPerWriter(
  entries: readonly { writer: Header; heads: { sequence: number; id: Uint8Array }[] }[],
): Frontier {
  const byWriter = new Map<string, Frontier[number]>();
  for (const { writer, heads } of entries) {
    byWriter.set(writerKey(writer), { writer: { peer: writer.peer, instance: writer.instance }, heads });
  }
  return [...byWriter].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}
