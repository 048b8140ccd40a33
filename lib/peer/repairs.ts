import { toHex } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { KithError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import { MAX_LISTED_DAMAGE, MAX_WANTED } from "../base/limits.ts";
import { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";
import { sha256 } from "../crypto/hash.ts";
import type { Verify } from "../data/transaction.ts";
import type { Damage } from "../store/rows.ts";
import type { Store } from "../store/store.ts";
import type { TransactionBytes } from "../wire/bundle.ts";
import { readText, writeText } from "../wire/text.ts";
import { ID_BYTES } from "../wire/transaction.ts";
import type { Applier } from "./applier.ts";
import type { Links } from "./links.ts";
import type { DamageView, StoreCheck } from "./reads.ts";
import type { SpaceState } from "./space_state.ts";

/** How long a member may take to send what it was asked for, before the next one is asked. */
const ASK_NEXT_MS = 5_000;
/** A table's name, and a key, as they are remembered. */
const MAX_TEXT_BYTES = 1024;

/** A transaction some of whose records are damaged. */
interface Wanted {
  readonly id: Uint8Array;
  /** What was found, in words. */
  readonly records: Set<string>;
  /** Connections of members that were asked. */
  readonly asked: Set<number>;
  /** Whether it was told that nobody who is linked has it. */
  told: boolean;
}

/** What repairs work upon. */
export interface RepairParts {
  readonly store: Store;
  readonly space: SpaceState;
  readonly applier: Applier;
  readonly links: Links;
  readonly verify: Verify;
  readonly emit: (event: PeerEvent) => void;
}

/**
 * Remembers which records of the store are damaged, asks members for their transactions, and puts them back. What only
 * a store that is made anew can put right is remembered too.
 */
export class Repairs {
  readonly #parts: RepairParts;
  readonly #wanted = new Map<string, Wanted>();
  /** Records of which it is not known what they belong to. */
  readonly #lost = new Set<string>();
  /** Those that were put right in the turn under way. */
  #repaired: Wanted[] = [];
  #nextAskMs = Infinity;
  #changed = false;

  constructor(parts: RepairParts) {
    this.#parts = parts;
    this.#load();
  }

  /** What is damaged still, and how much of that no linked member has, or nobody can send. */
  get counts(): { readonly damaged: number; readonly unrecovered: number } {
    let [damaged, unrecovered] = [this.#lost.size, this.#lost.size];
    for (const { records, told } of this.#wanted.values()) {
      damaged += records.size;
      if (told) unrecovered += records.size;
    }
    return { damaged, unrecovered };
  }

  /** Whether there are records that no member can send, since nobody can tell what they belong to. */
  get needsNewStore(): boolean {
    return this.#lost.size > 0;
  }

  /** A record was found that is not as it was written. */
  note({ table, row, key }: Damage): void {
    const words = `${table} ${row}${key === null ? "" : ` ${key}`}`;
    const id = this.#parts.store.upkeep.damagedTransaction(table, row);
    if (id === null) {
      if (this.#lost.has(words) || this.#lost.size >= MAX_LISTED_DAMAGE) return;
      this.#lost.add(words);
      this.#changed = true;
      return;
    }
    const name = toHex(id);
    let wanted = this.#wanted.get(name);
    if (wanted === undefined) {
      if (this.#wanted.size >= MAX_LISTED_DAMAGE) return;
      wanted = { id, records: new Set(), asked: new Set(), told: false };
      this.#wanted.set(name, wanted);
    }
    if (wanted.records.size >= MAX_LISTED_DAMAGE || wanted.records.has(words)) return;
    wanted.records.add(words);
    this.#changed = true;
    this.#nextAskMs = -Infinity;
  }

  /** A member is linked: it may have what the others lack. */
  linked(): void {
    if (this.#wanted.size > 0) this.#nextAskMs = -Infinity;
  }

  /**
   * A transaction came in. @returns whether it was one that was asked for, and is right now.
   *
   * @throws {ProtocolError} where it is not valid.
   */
  take(bytes: TransactionBytes, space: Uint8Array): boolean {
    if (this.#wanted.size === 0) return false;
    const name = toHex(sha256(bytes.header));
    const wanted = this.#wanted.get(name);
    if (wanted === undefined) return false;
    if (!this.#parts.applier.mend(bytes, space)) return false;
    this.#wanted.delete(name);
    this.#repaired.push(wanted);
    this.#changed = true;
    this.#parts.emit({
      name: "record_repaired",
      level: "info",
      fields: { transaction: name, records: [...wanted.records].join("; ") },
    });
    return true;
  }

  /** The turn's repairs are on disk. */
  committed(): void {
    if (this.#repaired.length > 0) this.#repaired = [];
  }

  /** The turn is taken back: what was repaired in it is not. */
  turnFailed(): void {
    for (const wanted of this.#repaired) this.#wanted.set(toHex(wanted.id), wanted);
    this.committed();
  }

  /** Asks for what is damaged, each time another member. */
  tick(now: Now): void {
    if (now.monotonicMs < this.#nextAskMs) return;
    this.#nextAskMs = this.#wanted.size === 0 ? Infinity : now.monotonicMs + ASK_NEXT_MS;
    const members = [...this.#parts.links.members()];
    let isOpen = false;
    const asks = new Map<number, Uint8Array[]>();
    const linked = new Set(members.map(({ number }) => number));
    for (const wanted of this.#wanted.values()) {
      for (const number of wanted.asked) if (!linked.has(number)) wanted.asked.delete(number);
      const next = members.find(({ number }) => !wanted.asked.has(number));
      if (next === undefined) {
        this.#tellLost(wanted);
        continue;
      }
      isOpen = true;
      const ids = asks.get(next.number) ?? [];
      if (ids.length >= MAX_WANTED) continue;
      asks.set(next.number, [...ids, wanted.id]);
      wanted.asked.add(next.number);
    }
    for (const [number, ids] of asks) this.#parts.links.send(number, { type: "want", ids }, "control");
    if (!isOpen) this.#nextAskMs = Infinity;
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    return this.#nextAskMs;
  }

  /** Remembers what is damaged, within the store's transaction. @returns whether there was anything to write. */
  save(): boolean {
    if (!this.#changed) return false;
    this.#changed = false;
    const writer = new Writer();
    const wanted = [...this.#wanted.values()];
    writer.varint(wanted.length);
    for (const { id, records } of wanted) {
      writer.raw(id).varint(records.size);
      for (const words of records) writeText(writer, words, 0, MAX_TEXT_BYTES);
    }
    writer.varint(this.#lost.size);
    for (const words of this.#lost) writeText(writer, words, 0, MAX_TEXT_BYTES);
    const isEmpty = wanted.length === 0 && this.#lost.size === 0;
    this.#parts.store.setMeta("damage", isEmpty ? null : writer.finish());
    return true;
  }

  /** A check of everything on disk. */
  check(structure: boolean): StoreCheck {
    const { store, space, verify } = this.#parts;
    const verifier = store.upkeep.verifier({ space: space.space, verify, structure });
    let told = 0;
    const take = (damage: Damage): DamageView => {
      const { table, row, key, mend } = damage;
      const mended = mend !== undefined && this.#mend(mend);
      if (!mended) this.note(damage);
      this.#parts.emit({
        name: "record_damaged",
        level: "error",
        reason: mended ? "found by a check, and put right" : "found by a check",
        fields: { table, row, key },
      });
      return { table, row, key, mended };
    };
    return {
      step: (rows) => {
        const isDone = verifier.step(rows);
        const found = verifier.damages.slice(told);
        told = verifier.damages.length;
        return isDone && found.length === 0 ? null : found.map(take);
      },
      get checkedRows() {
        return verifier.checkedRows;
      },
      get totalRows() {
        return verifier.totalRows;
      },
      get damaged() {
        return verifier.damageCount;
      },
    };
  }

  #mend(mend: () => void): boolean {
    const { store } = this.#parts;
    try {
      store.begin();
      mend();
      store.commit();
      return true;
    } catch (error) {
      store.rollback();
      if (!(error instanceof KithError)) throw error;
      return false;
    }
  }

  #tellLost(wanted: Wanted): void {
    if (wanted.told) return;
    wanted.told = true;
    this.#parts.emit({
      name: "record_lost",
      level: "error",
      reason: "no linked member has it; it is asked for again when another one is linked",
      fields: { records: [...wanted.records].join("; ") },
    });
  }

  #load(): void {
    const bytes = this.#parts.store.getMeta("damage");
    if (bytes === null) return;
    const reader = new Reader(bytes);
    for (let left = reader.varint(MAX_LISTED_DAMAGE); left > 0; left--) {
      const id = reader.raw(ID_BYTES).slice();
      const records = new Set<string>();
      for (let of = reader.varint(MAX_LISTED_DAMAGE); of > 0; of--) records.add(readText(reader, 0, MAX_TEXT_BYTES));
      this.#wanted.set(toHex(id), { id, records, asked: new Set(), told: false });
    }
    for (let left = reader.varint(MAX_LISTED_DAMAGE); left > 0; left--) {
      this.#lost.add(readText(reader, 0, MAX_TEXT_BYTES));
    }
    this.linked();
  }
}
