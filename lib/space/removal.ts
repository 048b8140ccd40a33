import { assert } from "../base/assert.ts";
import { fromHex, toHex } from "../base/bytes.ts";
import type { Frontier } from "../wire/frontier.ts";
import type { Checkpoint, Revoke } from "../wire/operation.ts";
import type { Act } from "./acts.ts";
import { Outcome } from "./outcome.ts";
import type { Ending, HistoryPort, Standings } from "./standings.ts";

/** A data transaction, as far as it is judged. */
export interface JudgedData {
  readonly row: number;
  /** The standing that it was written under, as `versionKey`. */
  readonly standing: string;
  readonly context: number;
  /** How many operations it has. */
  readonly operations: number;
}

/** What a removal asks of the store. */
export interface RemovalPort {
  /** Whether the transaction in a row is one of a frontier's heads, or before one on its writer's own chain. */
  isInside(frontier: Frontier, row: number): boolean;
  /** Whether the store has the transaction in a row as undone. */
  isUndone(row: number): boolean;
  /** A peer's data transactions outside of one of the frontiers, or behind a row, and maybe others; null for all. */
  dataOf(peer: Uint8Array, bound: DataBound | null): Iterable<JudgedData>;
}

/** Which of a peer's data transactions a rule may be about. */
export interface DataBound {
  readonly frontiers: readonly Frontier[];
  /** Those behind this row as well. */
  readonly afterRow: number;
}

/** What decides about the data of a peer. */
interface Rule {
  /** Equal for rules that decide alike. */
  readonly text: string;
  /** Null where it may be about any of the peer's transactions. */
  readonly bound: DataBound | null;
}

/**
 * Which transactions are undone by what was applied so far, and what of that is news to the store. While no revoke has a
 * frontier there is nothing to judge; else acts that change nothing cost a look, and data transactions one as well. Acts
 * that are undone are news at once; data may be much, and are gone through in steps.
 */
export class Removal {
  readonly #standings: Standings;
  readonly #port: RemovalPort & HistoryPort;
  readonly #finals: () => readonly Act<Checkpoint>[];
  #outcome: Outcome | null = null;
  /** The outcome that the store has. */
  #settled: Outcome | null = null;
  /** By holder. */
  #rules = new Map<string, Rule>();
  /** Holders whose data are still to be gone through, with what bounds them. */
  readonly #open = new Map<string, DataBound | null>();
  /** The way through the data of the first of them. */
  #walk: Iterator<JudgedData> | null = null;
  /** Membership transactions that the store has as undone. */
  #undoneActs = new Set<number>();

  constructor(standings: Standings, port: RemovalPort & HistoryPort, finals: () => readonly Act<Checkpoint>[]) {
    this.#standings = standings;
    this.#port = port;
    this.#finals = finals;
  }

  /** Who prevails by all that was applied. */
  get outcome(): Outcome {
    return this.#outcome ??= new Outcome({
      standings: this.#standings,
      port: this.#port,
      finals: this.#finals(),
      context: null,
    });
  }

  /** The first removal that prevails and is in the past of no final checkpoint: who was removed may yet undo it. */
  get open(): Act<Revoke> | null {
    if (!this.#standings.hasRemovals) return null;
    const { outcome } = this;
    return this.#standings.revokes.find((revoke) =>
      revoke.operation.frontier !== null && outcome.isEffective(revoke) &&
      outcome.layerOf(revoke.row) === outcome.finals
    ) ?? null;
  }

  /** Notes that an act was applied. */
  added(act: Act): void {
    if (this.#outcome === null || this.#isPlain(act, this.#outcome)) return;
    this.#outcome = null;
  }

  /**
   * Takes what the store holds as judged already: it is what was applied, judged by this very class.
   *
   * @param isPart whether the store was not told of all data before it was closed: all are gone through again.
   */
  loaded(isPart: boolean): void {
    if (!this.#standings.hasRemovals) return;
    this.#undoneActs = new Set(this.outcome.undone.keys());
    this.#rules = this.#rulesNow();
    this.#settled = this.#outcome;
    if (isPart) { for (const holder of this.#standings.holders()) this.#open.set(holder, null); }
  }

  /** Whether `takeData` has more, or nothing that is held was judged yet. */
  get isOpen(): boolean {
    return this.#open.size > 0 || (this.#settled === null && this.#standings.hasRemovals);
  }

  /**
   * The acts that are undone newly (true), and those that are no more (false), by transaction row, since the last call: to
   * be set in the store within the commit of the acts that are the cause. Null where nothing can have changed.
   */
  takeActs(): ReadonlyMap<number, boolean> | null {
    if (!this.#standings.hasRemovals || (this.#outcome !== null && this.#outcome === this.#settled)) return null;
    const changes = new Map<number, boolean>();
    const { undone } = this.outcome;
    for (const row of undone.keys()) if (!this.#undoneActs.has(row)) changes.set(row, true);
    for (const row of this.#undoneActs) if (!undone.has(row)) changes.set(row, false);
    this.#undoneActs = new Set(undone.keys());
    const before = this.#rules;
    this.#rules = this.#rulesNow();
    for (const holder of new Set([...before.keys(), ...this.#rules.keys()])) {
      const [was, is] = [before.get(holder), this.#rules.get(holder)];
      if (was?.text === is?.text) continue;
      this.#open.set(holder, union([was?.bound, is?.bound, this.#open.get(holder)]));
      this.#walk = null;
    }
    this.#settled = this.#outcome;
    return changes;
  }

  /**
   * The next data transactions that are undone newly (true), or no more (false), by row, behind what `takeActs` gave: to be
   * set in the store.
   *
   * @param operations after about so many it pauses: one for each transaction that is looked at, and its own where it
   * changes.
   */
  takeData(operations: number): ReadonlyMap<number, boolean> {
    const changes = new Map<number, boolean>();
    let left = operations;
    for (const [holder, bound] of this.#open) {
      this.#walk ??= this.#port.dataOf(fromHex(holder), bound)[Symbol.iterator]();
      for (let next = this.#walk.next(); next.done !== true; next = this.#walk.next()) {
        const data = next.value;
        const isUndone = this.undoerOf(data) !== null;
        left--;
        if (isUndone !== this.#port.isUndone(data.row)) {
          changes.set(data.row, isUndone);
          left -= data.operations;
        }
        if (left <= 0) return changes;
      }
      this.#walk = null;
      this.#open.delete(holder);
    }
    return changes;
  }

  /**
   * The removal that undoes a data transaction; null where it stands.
   *
   * @param data `row` null for one that only now arrives; the changes so far are taken by then.
   */
  undoerOf(
    { row, standing, context }: Pick<JudgedData, "standing" | "context"> & { readonly row: number | null },
  ): Act<Revoke> | null {
    if (!this.#standings.hasRemovals) return null;
    assert(row !== null || this.#outcome === this.#settled, "what arrives is judged upon the outcome that was taken");
    const admission = this.#standings.get(standing);
    if (admission === null) return null;
    const { undoneBy, endings } = this.outcome.endOf(admission);
    return undoneBy ?? endings.find((ending) => this.#reaches(ending, row, context))?.revoke ?? null;
  }

  /**
   * Whether a former member may have done what comes, by rank, before the revoke that ended it, unknown here: it was an
   * admin, ranks before who ended it, and no final checkpoint rests upon that.
   */
  mayPrevail(peer: Uint8Array, end: Act<Revoke>): boolean {
    const { outcome } = this;
    if (outcome.layerOf(end.row) < outcome.finals) return false;
    const by = this.#standings.get(end.standing);
    return by !== null &&
      this.#standings.of(toHex(peer)).some((admission) =>
        (admission.grant?.operation.role ?? "admin") === "admin" && this.#standings.compareRanks(admission, by) < 0
      );
  }

  /** Whether an act leaves the outcome as it is: nothing speaks against its standing, and it speaks against none. */
  #isPlain({ operation, standing }: Act, outcome: Outcome): boolean {
    if (operation.kind === "revoke" || this.#finals().length !== outcome.finals) return false;
    const admission = this.#standings.get(standing);
    return admission !== null && this.#standings.endingsOf(admission).length === 0 &&
      outcome.endOf(admission).undoneBy === null;
  }

  #reaches({ revoke, isVoid }: Ending, row: number | null, context: number): boolean {
    if (this.#port.inContext(context, revoke.row)) return true;
    const { frontier } = revoke.operation;
    if (frontier === null) return false;
    // What arrives only now is inside of nothing: what is inside of a frontier is applied before it.
    if (row === null) return true;
    if (!isVoid && this.#port.isInside(frontier, row)) return false;
    const layer = this.outcome.layerOf(revoke.row);
    return !this.#finals().slice(0, layer).some(({ operation }) => this.#port.isInside(operation.frontier, row));
  }

  #rulesNow(): Map<string, Rule> {
    const rules = new Map<string, Rule>();
    const finals = this.#finals().map(({ row }) => row).join();
    for (const holder of this.#standings.holders()) {
      const ends = this.#standings.of(holder).map((admission) => ({ admission, ...this.outcome.endOf(admission) }))
        .filter(({ undoneBy, endings }) => undoneBy !== null || endings.length > 0);
      if (ends.length === 0) continue;
      const text = ends.map(({ admission, undoneBy, endings }) =>
        `${admission.key} ${undoneBy?.row ?? endings.map(({ revoke, isVoid }) => `${revoke.row}${isVoid}`)}`
      );
      rules.set(holder, { text: `${text.join(";")} ${finals}`, bound: boundOf(ends) });
    }
    return rules;
  }
}

function boundOf(
  ends: readonly { readonly undoneBy: Act<Revoke> | null; readonly endings: readonly Ending[] }[],
): DataBound | null {
  const frontiers: Frontier[] = [];
  let afterRow = Infinity;
  for (const { undoneBy, endings } of ends) {
    if (undoneBy !== null) return null;
    for (const { revoke, isVoid } of endings) {
      if (isVoid) return null;
      if (revoke.operation.frontier !== null) frontiers.push(revoke.operation.frontier);
      else afterRow = Math.min(afterRow, revoke.row);
    }
  }
  return { frontiers, afterRow };
}

/** What bounds all that one of these bounds; undefined stands for nothing. */
function union(bounds: readonly (DataBound | null | undefined)[]): DataBound | null {
  const frontiers: Frontier[] = [];
  let afterRow = Infinity;
  for (const bound of bounds) {
    if (bound === null) return null;
    if (bound === undefined) continue;
    frontiers.push(...bound.frontiers);
    afterRow = Math.min(afterRow, bound.afterRow);
  }
  return { frontiers, afterRow };
}
