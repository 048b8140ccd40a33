import { fromHex, toHex } from "../base/bytes.ts";
import { MAX_WAITING_BYTES, MAX_WAITING_TRANSACTIONS, MAX_WANTED } from "../base/limits.ts";
import type { CheckedTransaction } from "../data/transaction.ts";

interface Waiting {
  readonly transaction: CheckedTransaction;
  readonly connection: number;
  readonly missing: Set<string>;
  readonly sizeBytes: number;
}

/**
 * Transactions whose parents have not been applied yet. A bounded cache per link: what finds no room is not kept, and
 * is pulled again in causal order (DESIGN 6).
 */
export class WaitingRoom {
  readonly #waiting = new Map<string, Waiting>();
  readonly #byParent = new Map<string, Set<string>>();
  readonly #loads = new Map<number, { count: number; sizeBytes: number }>();

  /** How many wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Whether a transaction waits, by its id in hexadecimal. */
  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** Whether a link may have another one wait, whatever its size. */
  hasRoom(connection: number): boolean {
    const load = this.#loads.get(connection);
    return load === undefined || (load.count < MAX_WAITING_TRANSACTIONS && load.sizeBytes < MAX_WAITING_BYTES);
  }

  /** Keeps a transaction until its parents come. @returns false when its link's share is used up. */
  add(transaction: CheckedTransaction, missing: readonly Uint8Array[], connection: number): boolean {
    const id = toHex(transaction.id);
    const sizeBytes = transaction.headerBytes.length +
      transaction.operations.reduce((sum, { leaf, value }) => sum + leaf.length + (value?.length ?? 0), 0);
    const load = this.#loads.get(connection) ?? { count: 0, sizeBytes: 0 };
    if (load.count >= MAX_WAITING_TRANSACTIONS || load.sizeBytes + sizeBytes > MAX_WAITING_BYTES) return false;
    load.count++;
    load.sizeBytes += sizeBytes;
    this.#loads.set(connection, load);
    const parents = new Set(missing.map(toHex));
    this.#waiting.set(id, { transaction, connection, missing: parents, sizeBytes });
    for (const parent of parents) {
      const children = this.#byParent.get(parent);
      if (children === undefined) this.#byParent.set(parent, new Set([id]));
      else children.add(id);
    }
    return true;
  }

  /** A transaction was applied: takes out those that waited for it alone. */
  applied(id: Uint8Array): { transaction: CheckedTransaction; connection: number }[] {
    const parent = toHex(id);
    const children = this.#byParent.get(parent);
    if (children === undefined) return [];
    this.#byParent.delete(parent);
    const ready: { transaction: CheckedTransaction; connection: number }[] = [];
    for (const child of children) {
      const waiting = this.#waiting.get(child) as Waiting;
      waiting.missing.delete(parent);
      if (waiting.missing.size > 0) continue;
      this.#remove(child, waiting);
      ready.push({ transaction: waiting.transaction, connection: waiting.connection });
    }
    return ready;
  }

  /** A transaction was refused: forgets all that build upon it. */
  refused(id: Uint8Array): void {
    const ids = [toHex(id)];
    for (let parent = ids.pop(); parent !== undefined; parent = ids.pop()) {
      for (const child of [...this.#byParent.get(parent) ?? []]) {
        this.#remove(child, this.#waiting.get(child) as Waiting);
        ids.push(child);
      }
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#waiting.clear();
    this.#byParent.clear();
    this.#loads.clear();
  }

  /** Forgets what came by a link. */
  drop(connection: number): void {
    for (const [id, waiting] of this.#waiting) if (waiting.connection === connection) this.#remove(id, waiting);
    this.#loads.delete(connection);
  }

  /** The parents that are missed and do not wait themselves, at most `MAX_WANTED`. */
  missingParents(): Uint8Array[] {
    const missing: Uint8Array[] = [];
    for (const parent of this.#byParent.keys()) {
      if (missing.length >= MAX_WANTED) break;
      if (!this.#waiting.has(parent)) missing.push(fromHex(parent));
    }
    return missing;
  }

  #remove(id: string, waiting: Waiting): void {
    this.#waiting.delete(id);
    const load = this.#loads.get(waiting.connection);
    if (load !== undefined) {
      load.count--;
      load.sizeBytes -= waiting.sizeBytes;
    }
    for (const parent of waiting.missing) {
      const children = this.#byParent.get(parent);
      children?.delete(id);
      if (children?.size === 0) this.#byParent.delete(parent);
    }
  }
}
