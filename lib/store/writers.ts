import { equal } from "../base/bytes.ts";
import { type WriterId, writerKey } from "../wire/transaction.ts";
import { DamagedError } from "./damaged_error.ts";
import type { Database } from "./database.ts";
import { recordHash } from "./record_hash.ts";

/** The writers of the space, each with its small number in this store. All are held in memory (`MAX_WRITERS`). */
export class Writers {
  readonly #select;
  readonly #insert;
  #numbers: Map<string, number> | null = null;
  #writers = new Map<number, WriterId>();

  constructor(database: Database) {
    this.#select = database.statement("SELECT id, peer, instance, record_hash FROM writers ORDER BY id");
    this.#insert = database.statement("INSERT INTO writers (id, peer, instance, record_hash) VALUES (?, ?, ?, ?)");
  }

  /** Forgets what is in memory, after a rollback. */
  reset(): void {
    this.#numbers = null;
  }

  /** The number of a writer; null where nothing of it is held. */
  numberOf(writer: WriterId): number | null {
    return this.#load().get(writerKey(writer)) ?? null;
  }

  /** The number of a writer, a new one where it has none yet. */
  numberFor(writer: WriterId): number {
    const numbers = this.#load();
    const key = writerKey(writer);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const number = numbers.size + 1;
    // Copies: the header's arrays may be views of a whole received frame.
    const kept = { peer: writer.peer.slice(), instance: writer.instance.slice() };
    this.#insert.run(number, kept.peer, kept.instance, recordHash(number, kept.peer, kept.instance));
    numbers.set(key, number);
    this.#writers.set(number, kept);
    return number;
  }

  /** The writer with a number that this store gave. */
  writer(number: number): WriterId {
    this.#load();
    return this.#writers.get(number) as WriterId;
  }

  /** Checks that a number stands for a writer still. @throws {DamagedError} */
  check(number: number, writer: WriterId): void {
    if (this.numberOf(writer) !== number) throw new DamagedError("writers", number, null);
  }

  /** Whether a number stands for a writer, as far as can be told. */
  isAt(number: number, writer: WriterId): boolean {
    try {
      return this.numberOf(writer) === number;
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      return true;
    }
  }

  /** All writers as (key, number), in no order that matters. */
  all(): IterableIterator<[string, number]> {
    return this.#load().entries();
  }

  #load(): Map<string, number> {
    if (this.#numbers !== null) return this.#numbers;
    const numbers = new Map<string, number>();
    this.#writers = new Map();
    for (const columns of this.#select.all()) {
      const [id, peer, instance, hash] = columns as [number, Uint8Array, Uint8Array, Uint8Array];
      if (!equal(hash, recordHash(id, peer, instance))) throw new DamagedError("writers", id, null);
      numbers.set(writerKey({ peer, instance }), id);
      this.#writers.set(id, { peer, instance });
    }
    return this.#numbers = numbers;
  }
}
