import { MAX_SENDER_RUNS } from "../base/limits.ts";

/** One run of a sender. */
interface Run {
  readonly id: string;
  /** The number that its next post has. */
  next: number;
}

/** What of a batch is to be delivered. */
export interface Taken {
  /** How many of its posts were there already; all of them where it is late. */
  readonly skipped: number;
  /** How many posts before it never came. */
  readonly missed: number;
}

/** How far the posts of each sender have come: each is taken once at the most, and none behind a later one. */
export class PostOrder {
  /** The latest run last. There are no more senders than members. */
  readonly #senders = new Map<string, Run[]>();

  /** Takes posts of a run of a sender in, from number `first` on. What came before its first batch was not missed. */
  take(sender: string, run: string, first: number, count: number): Taken {
    const runs = this.#senders.get(sender) ?? [];
    if (runs.length === 0) this.#senders.set(sender, runs);
    const known = runs.find(({ id }) => id === run);
    if (known === undefined) {
      runs.push({ id: run, next: first + count });
      if (runs.length > MAX_SENDER_RUNS) runs.shift();
      return { skipped: 0, missed: 0 };
    }
    const skipped = Math.min(count, Math.max(0, known.next - first));
    const missed = Math.max(0, first - known.next);
    known.next = Math.max(known.next, first + count);
    return { skipped, missed };
  }
}
