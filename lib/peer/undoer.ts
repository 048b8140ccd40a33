import { toBase32 } from "../base/base32.ts";
import type { PeerEvent } from "../base/event.ts";
import { UNDOING_STEP_OPERATIONS } from "../base/limits.ts";
import type { Membership } from "../space/membership.ts";
import type { Store } from "../store/store.ts";

/** What is undone, and who is told. */
export interface UndoerParts {
  readonly store: Store;
  readonly membership: Membership;
  /** How many operations are undone at a time, or so. Default: UNDOING_STEP_OPERATIONS. */
  readonly undoingStep?: number | undefined;
  readonly emit: (event: PeerEvent) => void;
  /** Keys were changed by it. */
  readonly changed: (keys: Iterable<string>) => void;
}

/** Undoes in the store what removals undo, and takes back what they do not undo any more: much of it a step a turn. */
export class Undoer {
  readonly #parts: UndoerParts;
  /** How many transactions are undone, or back, since that was told last; by whose they are, and who undid them. */
  readonly #undone = new Map<string, number>();

  constructor(parts: UndoerParts) {
    this.#parts = parts;
  }

  /**
   * Undoes what is undone by what was applied so far: once all that came in is applied, and before anything is written
   * upon it or committed. Of much data only some; the rest is left to `tick`.
   */
  settle(): void {
    const acts = this.#parts.membership.removal.takeActs();
    if (acts === null) return;
    this.#undo(acts);
    this.#undoData();
  }

  /** Settles, and does the next step of what was left. @returns whether nothing is left any more. */
  tick(): boolean {
    if (this.isSettling) this.#undoData();
    this.settle();
    return !this.isSettling;
  }

  /** Whether anything is left. */
  get isSettling(): boolean {
    return this.#parts.membership.removal.isOpen;
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    return this.isSettling ? 0 : Infinity;
  }

  /** Nothing of the turn happened. */
  turnFailed(): void {
    this.#undone.clear();
  }

  #undoData(): void {
    const { store, membership: { removal }, undoingStep = UNDOING_STEP_OPERATIONS } = this.#parts;
    this.#undo(removal.takeData(undoingStep));
    store.undoing.isUnderWay = removal.isOpen;
    if (!removal.isOpen) this.#tell();
  }

  #undo(changes: ReadonlyMap<number, boolean>): void {
    const { store, membership, changed } = this.#parts;
    changed(store.undoing.set(changes));
    for (const [row, isUndone] of changes) {
      const { header, context } = store.transactionByRow(row);
      const by = membership.removal.outcome.undone.get(row) ?? membership.undoerOf(header, context, row);
      const text = `${toBase32(header.peer)} ${isUndone && by !== null ? toBase32(by.peer) : ""}`;
      this.#undone.set(text, (this.#undone.get(text) ?? 0) + 1);
    }
  }

  /** Says whose transactions are undone newly, how many, and by whom; and how many are back. */
  #tell(): void {
    const { emit } = this.#parts;
    for (const [text, transactions] of this.#undone) {
      const [peer, by] = text.split(" ") as [string, string];
      const fields = by === "" ? { peer, transactions } : { peer, by, transactions };
      const [name, reason] = by === "" ? ["redone", "its removal is undone"] : ["undone", "its writer was removed"];
      emit({ name, level: "warning", reason, fields });
    }
    this.#undone.clear();
  }
}
