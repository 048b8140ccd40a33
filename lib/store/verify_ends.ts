import { toHex } from "../base/bytes.ts";
import { parentsOf } from "./heads.ts";
import type { Found, TransactionRow } from "./rows.ts";
import type { VerifyParts } from "./verifier.ts";

/** Computes heads and tips again from the transactions as they come, and compares them with what is kept. */
export class VerifyEnds {
  readonly #parts: VerifyParts;
  readonly #found: Found;
  readonly #selectHeads;
  readonly #selectTips;
  readonly #heads = new Map<string, { readonly writer: number; readonly row: number }>();
  readonly #tips = new Map<string, number>();
  #isComplete = true;

  constructor(parts: VerifyParts, found: Found) {
    this.#parts = parts;
    this.#found = found;
    this.#selectHeads = parts.database.statement("SELECT writer, transaction_row FROM heads");
    this.#selectTips = parts.database.statement("SELECT transaction_row FROM tips");
  }

  /** The next transaction in row order. */
  take({ id, row, writer, header }: TransactionRow): void {
    const key = toHex(id);
    if (header.previous !== null) this.#heads.delete(toHex(header.previous));
    for (const parent of parentsOf(header)) this.#tips.delete(toHex(parent));
    this.#heads.set(key, { writer, row });
    this.#tips.set(key, row);
  }

  /** A transaction could not be read, so that ends cannot be told. */
  incomplete(): void {
    this.#isComplete = false;
  }

  /** All transactions were taken. */
  compare(): void {
    if (!this.#isComplete) return;
    const heads = [...this.#heads.values()].map(({ writer, row }) => [writer, row] as const);
    const tips = [...this.#tips.values()];
    const mend = () => this.#parts.heads.rewrite(heads, tips);
    if (differ(this.#selectHeads.all(), heads)) this.#found({ table: "heads", row: 0, key: null, mend });
    if (differ(this.#selectTips.all(), tips.map((row) => [row]))) {
      this.#found({ table: "tips", row: 0, key: null, mend });
    }
  }
}

function differ(a: readonly (readonly unknown[])[], b: readonly (readonly unknown[])[]): boolean {
  const kept = new Set(a.map((columns) => columns.join()));
  return kept.size !== b.length || b.some((columns) => !kept.has(columns.join()));
}
