import type { SimPeer } from "../sim_peer.ts";

/** Which rows each peer has taken in since a checker looked last. */
export class NewRows {
  readonly #seen = new Map<number, number>();

  /** The rows above those that were looked at, in order. */
  of({ index, store }: SimPeer): number[] {
    const total = store.transactionsTotal;
    const seen = this.#seen.get(index) ?? 0;
    const rows: number[] = [];
    // Who enters another space starts from nothing.
    for (let row = total < seen ? 1 : seen + 1; row <= total; row++) rows.push(row);
    this.#seen.set(index, total);
    return rows;
  }

  /** A crash took back what was not committed, or more: what is held now was looked at, if it was there before. */
  shortened({ index, store }: SimPeer): void {
    this.#seen.set(index, Math.min(this.#seen.get(index) ?? 0, store.transactionsTotal));
  }
}
