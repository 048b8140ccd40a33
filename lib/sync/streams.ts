import { MAX_STREAM_QUEUE_BYTES, MAX_STREAM_ROWS, MAX_TRANSACTIONS_MESSAGE_BYTES } from "../base/limits.ts";
import { bundleSizeBytes, type TransactionBytes } from "../wire/bundle.ts";
import type { Partials, Transactions } from "../wire/message.ts";
import { type PartialBytes, partialSizeBytes } from "../wire/partial.ts";
import { writerKey } from "../wire/transaction.ts";
import type { SyncLinks, SyncStore } from "./ports.ts";
import type { Replica } from "./replica.ts";

/** What one message of a stream carries. */
type Parcel = Transactions | Partials;

/** Sends to each replica what it asked for, no faster than its link takes it. */
export class Streams {
  readonly #store: SyncStore;
  readonly #links: SyncLinks;

  constructor(store: SyncStore, links: SyncLinks) {
    this.#store = store;
    this.#links = links;
  }

  /** Sends on what a replica asked for, as long as its queue has room. */
  goOn(replica: Replica): void {
    while (this.#links.bulkQueuedBytes(replica.connection) < MAX_STREAM_QUEUE_BYTES) {
      const parcel = replica.wanted.length > 0 ? this.#takeWanted(replica) : this.#takeRows(replica);
      if (parcel === null) return;
      // A link that is over takes nothing, and its queue stays empty.
      if (parcel.list.length > 0 && !this.#links.send(replica.connection, parcel, "bulk")) return;
    }
  }

  /** The next transactions of the stream, null at its end. What can't be read ends it: another source is tried. */
  #takeRows(replica: Replica): Parcel | null {
    if (replica.streamedRow === null) return null;
    const rows = this.#store.lackingRows(replica.theirs, replica.streamedRow, MAX_STREAM_ROWS);
    replica.streamedRow = null;
    if (rows.length === 0) {
      this.#links.send(replica.connection, { type: "pulled" }, "bulk");
      return null;
    }
    const { parcel, taken } = this.#pack(rows);
    for (const row of taken) {
      const { header } = this.#store.transactionByRow(row);
      replica.holds(writerKey(header), header.sequence);
    }
    replica.streamedRow = taken.at(-1) as number;
    return parcel;
  }

  /** The next transactions of those asked for by id; what is not held is left out. */
  #takeWanted(replica: Replica): Parcel {
    const held = replica.wanted.splice(0, MAX_STREAM_ROWS).filter((id) => this.#store.hasTransaction(id));
    const { parcel, taken } = this.#pack(held.map((id) => (this.#store.transaction(id) as { row: number }).row));
    replica.wanted.unshift(...held.slice(taken.length));
    return parcel;
  }

  /** The first of these transactions that fit one message; those of one message are all whole, or none is. */
  #pack(rows: readonly number[]): { parcel: Parcel; taken: number[] } {
    const whole: TransactionBytes[] = [];
    const partial: PartialBytes[] = [];
    const taken: number[] = [];
    let sizeBytes = 0;
    for (const row of rows) {
      // One more transaction than that fits a frame, whatever its size; to load it and then leave it costs more.
      if (sizeBytes >= MAX_TRANSACTIONS_MESSAGE_BYTES) break;
      const isWhole = this.#store.partials.isWhole(row);
      if (taken.length > 0 && isWhole !== whole.length > 0) break;
      if (isWhole) {
        const bytes = this.#store.load(row);
        sizeBytes += bundleSizeBytes(bytes);
        whole.push(bytes);
      } else {
        const bytes = this.#store.partials.load(row, null);
        sizeBytes += partialSizeBytes(bytes);
        partial.push(bytes);
      }
      taken.push(row);
    }
    const parcel: Parcel = partial.length > 0
      ? { type: "partials", list: partial }
      : { type: "transactions", list: whole };
    return { parcel, taken };
  }
}
