import { MAX_HISTORY_MARKS } from "../base/limits.ts";
import { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";
import type { Store } from "../store/store.ts";

interface Mark {
  readonly wallMs: number;
  readonly row: number;
}

/**
 * How much this peer held at which times of its own clock. What is older than a time is told by them, and not by the
 * stamps of those who wrote it, whose clocks may be wrong.
 */
export class HistoryMarks {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Notes that so many transactions are held now, if the last note is old enough. */
  note(row: number, wallMs: number, historyMs: number): void {
    const marks = this.#load();
    const last = marks.at(-1);
    if (last !== undefined && (last.row === row || wallMs - last.wallMs < historyMs / (MAX_HISTORY_MARKS / 2))) return;
    // Of those that are old enough, the newest is all that is needed.
    const newestOld = marks.findLastIndex((mark) => mark.wallMs <= wallMs - historyMs);
    this.#save([...marks.slice(Math.max(0, newestOld)), { wallMs, row }].slice(-MAX_HISTORY_MARKS));
  }

  /** The last row that was held at a time; null where that is not known. */
  rowBefore(wallMs: number): number | null {
    return this.#load().findLast((mark) => mark.wallMs <= wallMs)?.row ?? null;
  }

  #load(): Mark[] {
    const bytes = this.#store.getMeta("history_marks");
    if (bytes === null) return [];
    const reader = new Reader(bytes);
    const marks: Mark[] = [];
    while (reader.remainingBytes > 0) marks.push({ wallMs: reader.u48(), row: reader.varint() });
    return marks;
  }

  #save(marks: readonly Mark[]): void {
    const writer = new Writer();
    for (const { wallMs, row } of marks) writer.u48(Math.floor(wallMs)).varint(row);
    this.#store.setMeta("history_marks", writer.finish());
  }
}
