import type { Checkpoint, Revoke } from "../wire/operation.ts";
import { type Act, versionKey } from "./acts.ts";
import type { Admission, Ending, HistoryPort, Standings } from "./standings.ts";

/** When an act is judged: what is compared first comes first; a rank is a layer, a depth and a peer. */
type Turn = readonly { readonly layer: number; readonly standing: Admission }[];

/** What an outcome is judged upon. */
export interface OutcomeParts {
  readonly standings: Standings;
  readonly port: HistoryPort;
  /** The final checkpoints, in an order that all peers share: those in the past of another come before it. */
  readonly finals: readonly Act<Checkpoint>[];
  /** Only acts in this past count; null for all. */
  readonly context: number | null;
}

/** How a standing ends, given who prevails. */
export interface End {
  /** Whether what admitted it is undone, and with it all that was done under it; by which removal. */
  readonly undoneBy: Act<Revoke> | null;
  /** The revokes that end it and prevail. */
  readonly endings: readonly Ending[];
}

/**
 * Who prevails (DESIGN 6): revokes are judged in one pass, lowest rank of their standing first; one that is not undone by
 * then undoes membership acts under standings that rank after its own, and ends standings whatever their rank. What a
 * final checkpoint has in its past comes before all that it has not.
 */
export class Outcome {
  readonly #parts: OutcomeParts;
  readonly #effective = new Set<Act<Revoke>>();
  /** By row of the membership transactions that are undone: the removal that did it. */
  readonly #undone = new Map<number, Act<Revoke>>();
  readonly #turns = new Map<Act, Turn>();

  constructor(parts: OutcomeParts) {
    this.#parts = parts;
    const revokes = parts.standings.revokes.filter(({ row }) => this.#counts(row));
    const inTurn = revokes.map((revoke) => ({ revoke, turn: this.#turnOf(revoke) }));
    inTurn.sort((a, b) => this.#compareTurns(a.turn, b.turn));
    const kills = this.#killsOf(new Set(revokes));
    for (const { revoke, turn } of inTurn) this.#judge(revoke, turn, kills.get(revoke) ?? []);
    for (const revoke of this.#effective) {
      for (const { admission } of kills.get(revoke) ?? []) {
        for (const act of parts.standings.actsUnder(admission.key)) this.#undoWhatKnew(act, revoke);
      }
    }
  }

  /** How many final checkpoints it is judged upon. */
  get finals(): number {
    return this.#parts.finals.length;
  }

  /** The membership transactions that are undone, by row, each with the removal that did it. */
  get undone(): ReadonlyMap<number, Act<Revoke>> {
    return this.#undone;
  }

  /** Whether a revoke counts and was not undone. */
  isEffective(revoke: Act<Revoke>): boolean {
    return this.#effective.has(revoke);
  }

  /** How a standing ends. */
  endOf(admission: Admission): End {
    const { act, grant } = admission;
    const undoneBy = this.#undone.get(act.row) ?? (grant === null ? undefined : this.#undone.get(grant.row)) ?? null;
    const endings = this.#parts.standings.endingsOf(admission).filter(({ revoke }) => this.#effective.has(revoke));
    return { undoneBy, endings };
  }

  /** Whether a standing holds. */
  isLive(admission: Admission): boolean {
    const { undoneBy, endings } = this.endOf(admission);
    return this.#counts(admission.act.row) && undoneBy === null && endings.length === 0;
  }

  /** Which final checkpoint is the first to have a membership transaction in its past; as many as there are for none. */
  layerOf(row: number): number {
    const { finals, port } = this.#parts;
    const layer = finals.findIndex(({ context }) => port.inContext(context, row));
    return layer < 0 ? finals.length : layer;
  }

  #counts(row: number): boolean {
    const { context, port } = this.#parts;
    return context === null || port.inContext(context, row);
  }

  #judge(revoke: Act<Revoke>, turn: Turn, kills: readonly Kill[]): void {
    const { standings } = this.#parts;
    if (this.#undone.has(revoke.row)) return;
    const knew = this.#lifting(revoke).find((other) => this.#effective.has(other));
    if (knew !== undefined) {
      this.#undo(revoke.row, knew);
      return;
    }
    this.#effective.add(revoke);
    for (const { admission, isVoid } of kills) {
      for (const act of standings.actsUnder(admission.key)) {
        if (!this.#counts(act.row) || !standings.undoes(revoke, act, isVoid)) continue;
        if (this.#compareTurns(this.#turnOf(act), turn) > 0) this.#undo(act.row, revoke);
      }
    }
  }

  /** Undoes a membership transaction, and all that was done under what it admits. */
  #undo(row: number, by: Act<Revoke>): void {
    if (this.#undone.has(row) || !this.#counts(row)) return;
    const { standings } = this.#parts;
    // A confirm counts by its own past alone, and pasts are told without confirms.
    if (standings.actsIn(row).every(({ operation }) => operation.kind === "confirm")) return;
    this.#undone.set(row, by);
    for (const act of standings.actsIn(row)) {
      if (act.operation.kind === "grant" && act.operation.subjectKind === "invite") {
        for (const redeem of standings.redeemsOf(versionKey(act.version))) this.#undo(redeem.act.row, by);
      } else if (act.operation.kind === "redeem" || act.operation.kind === "grant") {
        for (const under of standings.actsUnder(versionKey(act.version))) this.#undo(under.row, by);
      }
    }
  }

  /** An act that had an effective revoke of its own standing in its past was never allowed. */
  #undoWhatKnew(act: Act, revoke: Act<Revoke>): void {
    if (this.#parts.port.inContext(act.context, revoke.row)) this.#undo(act.row, revoke);
  }

  /** Which standings each revoke ends. */
  #killsOf(revokes: ReadonlySet<Act<Revoke>>): Map<Act<Revoke>, Kill[]> {
    const { standings } = this.#parts;
    const kills = new Map<Act<Revoke>, Kill[]>();
    for (const holder of standings.holders()) {
      for (const admission of standings.of(holder)) {
        if (!this.#counts(admission.act.row)) continue;
        for (const { revoke, isVoid } of standings.endingsOf(admission)) {
          if (!revokes.has(revoke)) continue;
          const ofRevoke = kills.get(revoke);
          if (ofRevoke === undefined) kills.set(revoke, [{ admission, isVoid }]);
          else ofRevoke.push({ admission, isVoid });
        }
      }
    }
    return kills;
  }

  /** The revokes in an act's past that end the standing it was done under, or one that this rests upon. */
  #lifting(act: Act): Act<Revoke>[] {
    const { standings, port } = this.#parts;
    const admission = standings.get(act.standing);
    if (admission === null) return [];
    const own = standings.endingsOf(admission).map(({ revoke }) => revoke)
      .filter((revoke) => revoke !== act && this.#counts(revoke.row) && port.inContext(act.context, revoke.row));
    return admission.grant === null ? own : [...own, ...this.#lifting(admission.grant)];
  }

  #turnOf(act: Act): Turn {
    const known = this.#turns.get(act);
    if (known !== undefined) return known;
    const standing = this.#parts.standings.get(act.standing) as Admission;
    const own = { layer: this.layerOf(act.row), standing };
    let turn: Turn = [own];
    for (const revoke of this.#lifting(act)) {
      const before = this.#turnOf(revoke);
      if (this.#compareTurns(before, [own]) >= 0) {
        const lifted = [...before, own];
        if (this.#compareTurns(lifted, turn) > 0) turn = lifted;
      }
    }
    this.#turns.set(act, turn);
    return turn;
  }

  #compareTurns(a: Turn, b: Turn): number {
    const { standings } = this.#parts;
    for (let i = 0; i < a.length && i < b.length; i++) {
      const [x, y] = [a[i] as Turn[number], b[i] as Turn[number]];
      const order = x.layer - y.layer || standings.compareRanks(x.standing, y.standing);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  }
}

/** A standing that a revoke ends. */
interface Kill {
  readonly admission: Admission;
  readonly isVoid: boolean;
}
