import { toHex } from "../base/bytes.ts";
import type { Frontier } from "../wire/frontier.ts";
import type { Genesis, Grant, Redeem, Revoke } from "../wire/operation.ts";
import { type Act, versionKey } from "./acts.ts";

/** What is asked of the history beside the membership acts. */
export interface HistoryPort {
  /** Whether the membership transaction in a row is in a past. */
  inContext(context: number, row: number): boolean;
  /** Whether the transaction in a row is one of a frontier's heads, or before one on its writer's own chain. */
  isInside(frontier: Frontier, row: number): boolean;
}

/** An act by which a peer came to a standing. */
export interface Admission {
  /** `versionKey` of the genesis, redeem or grant. */
  readonly key: string;
  readonly act: Act<Genesis | Redeem | Grant>;
  /** Hexadecimal id of whose it is. */
  readonly holder: string;
  /** Genesis 0; else one more than that of the standing under which it was granted. */
  readonly depth: number;
  /** What grants it: the invite of a redeem, or the act itself; null for a genesis. */
  readonly grant: Act<Grant> | null;
}

/** A revoke that ends a standing. */
export interface Ending {
  readonly revoke: Act<Revoke>;
  /** Whether it ends it as one that came in by an invite which the removal closed. */
  readonly isVoid: boolean;
}

/**
 * Who came to which standing by what, and which revokes end it: what holds whoever prevails, since it follows from
 * each act's own past alone (lib/wire/PROTOCOL.md, "Membership").
 */
export class Standings {
  readonly #port: HistoryPort;
  readonly #byKey = new Map<string, Admission>();
  readonly #byHolder = new Map<string, Admission[]>();
  readonly #redeems = new Map<string, Admission[]>();
  readonly #invitesBy = new Map<string, Act<Grant>[]>();
  readonly #grants = new Map<string, Act<Grant>>();
  readonly #under = new Map<string, Act[]>();
  readonly #byRow = new Map<number, Act[]>();
  readonly #revokesOf = new Map<string, Act<Revoke>[]>();
  /** By invite: the removals that closed it. */
  readonly #closedBy = new Map<string, Act<Revoke>[]>();
  readonly #revokes: Act<Revoke>[] = [];
  #hasRemovals = false;

  constructor(port: HistoryPort) {
    this.#port = port;
  }

  /** Takes in an act; those in its past were taken in before. */
  add(act: Act): void {
    const { operation } = act;
    push(this.#under, act.standing, act);
    push(this.#byRow, act.row, act);
    switch (operation.kind) {
      case "genesis":
        return this.#admit(act as Act<Genesis>, act.peer, null, 0);
      case "redeem": {
        const grant = this.#grants.get(versionKey(operation.grant));
        if (grant === undefined) return;
        this.#admit(act as Act<Redeem>, act.peer, grant, this.#depthUnder(grant));
        push(this.#redeems, versionKey(grant.version), this.#byKey.get(versionKey(act.version)) as Admission);
        return;
      }
      case "grant": {
        const grant = act as Act<Grant>;
        this.#grants.set(versionKey(act.version), grant);
        if (operation.subjectKind === "invite") push(this.#invitesBy, toHex(act.peer), grant);
        else this.#admit(grant, operation.subject, grant, this.#depthUnder(grant));
        return;
      }
      case "revoke":
        return this.#addRevoke(act as Act<Revoke>);
    }
  }

  /** Whether any revoke has a frontier; without one, nothing is ever undone. */
  get hasRemovals(): boolean {
    return this.#hasRemovals;
  }

  /** Every revoke of a peer, in the order in which they were applied. */
  get revokes(): readonly Act<Revoke>[] {
    return this.#revokes;
  }

  /** Hexadecimal ids of all that are or were members, in the order in which they came in. */
  holders(): Iterable<string> {
    return this.#byHolder.keys();
  }

  /** The admission with a `versionKey`. */
  get(key: string): Admission | null {
    return this.#byKey.get(key) ?? null;
  }

  /** All admissions of a peer, in the order in which they were applied. */
  of(holder: string): readonly Admission[] {
    return this.#byHolder.get(holder) ?? [];
  }

  /** A grant that was applied, by its `versionKey`. */
  grant(key: string): Act<Grant> | null {
    return this.#grants.get(key) ?? null;
  }

  /** The admissions by an invite, by its `versionKey`. */
  redeemsOf(invite: string): readonly Admission[] {
    return this.#redeems.get(invite) ?? [];
  }

  /** What was done under a standing, by its `versionKey`. */
  actsUnder(standing: string): readonly Act[] {
    return this.#under.get(standing) ?? [];
  }

  /** The acts of the membership transaction in a row. */
  actsIn(row: number): readonly Act[] {
    return this.#byRow.get(row) ?? [];
  }

  /** The removals that closed an invite: of who granted it, or of who came in by it. */
  closersOf(invite: Act<Grant>): readonly Act<Revoke>[] {
    return this.#closedBy.get(versionKey(invite.version)) ?? [];
  }

  /** The revokes that end a standing, whether or not they prevail. */
  endingsOf(admission: Admission): Ending[] {
    const { act, grant } = admission;
    const { inContext } = this.#port;
    const endings: Ending[] = [];
    for (const revoke of this.#revokesOf.get(admission.holder) ?? []) {
      if (!inContext(act.context, revoke.row)) endings.push({ revoke, isVoid: false });
    }
    if (act.operation.kind !== "redeem") return endings;
    for (const revoke of this.closersOf(grant as Act<Grant>)) {
      if (revoke.row !== act.row && !inContext(revoke.context, act.row)) endings.push({ revoke, isVoid: true });
    }
    return endings;
  }

  /** Order of the ranks of two standings: depth, then peer id. */
  compareRanks(a: Admission, b: Admission): number {
    return a.depth - b.depth || (a.holder < b.holder ? -1 : a.holder > b.holder ? 1 : 0);
  }

  /** Whether a standing was ended in a past, by a revoke that nothing there speaks against. */
  isEndedIn(admission: Admission, context: number): boolean {
    const ended = this.endingsOf(admission).some(({ revoke }) => this.#bindsIn(revoke, context));
    return ended || (admission.grant !== null && this.isUndoneIn(admission.grant, context));
  }

  /** Whether an invite was closed in a past, by a removal that nothing there speaks against. */
  isClosedIn(invite: Act<Grant>, closes: readonly Act<Revoke>[], context: number): boolean {
    const closed = [...closes, ...this.closersOf(invite)].some((revoke) => this.#bindsIn(revoke, context));
    return closed || this.isUndoneIn(invite, context);
  }

  /** Whether a grant was undone in a past, by a removal that nothing there speaks against. */
  isUndoneIn(grant: Act<Grant>, context: number): boolean {
    const standing = this.#byKey.get(grant.standing);
    if (standing === undefined) return false;
    const undone = this.endingsOf(standing).some(({ revoke, isVoid }) =>
      this.undoes(revoke, grant, isVoid) && this.#ranksBefore(revoke, standing) && this.#bindsIn(revoke, context)
    );
    return undone || (standing.grant !== null && this.isUndoneIn(standing.grant, context));
  }

  /** Whether a removal that ends a standing reaches an act under it: one outside of the removal's frontier. */
  undoes({ operation, row }: Act<Revoke>, act: Pick<Act, "row">, isVoid: boolean): boolean {
    if (operation.frontier === null || row === act.row) return false;
    return isVoid || !this.#port.isInside(operation.frontier, act.row);
  }

  #ranksBefore(revoke: Act<Revoke>, standing: Admission): boolean {
    const own = this.#byKey.get(revoke.standing);
    return own !== undefined && this.compareRanks(own, standing) < 0;
  }

  /**
   * Whether a revoke is in a past, and no other there may have undone it. Of one that is contested it is left to all that
   * was applied who prevails: a past does not tell which checkpoints are final.
   */
  #bindsIn(revoke: Act<Revoke>, context: number): boolean {
    const { inContext } = this.#port;
    if (!inContext(context, revoke.row)) return false;
    for (let act: Act | null = revoke; act !== null;) {
      const { context: before, standing } = act;
      const under = this.get(standing);
      if (under === null) return true;
      const contested = this.endingsOf(under).some(({ revoke: other }) =>
        other !== revoke && inContext(context, other.row) &&
        (other.operation.frontier !== null || inContext(before, other.row))
      );
      if (contested) return false;
      act = under.grant;
    }
    return true;
  }

  #addRevoke(act: Act<Revoke>): void {
    const { target, frontier } = act.operation;
    if (target.kind === "invite") return;
    const peer = toHex(target.peer);
    this.#revokes.push(act);
    push(this.#revokesOf, peer, act);
    if (frontier === null) return;
    this.#hasRemovals = true;
    const { inContext } = this.#port;
    const closed = new Set(this.#invitesBy.get(peer) ?? []);
    for (const { act: { operation, row }, grant } of this.of(peer)) {
      if (operation.kind === "redeem" && inContext(act.context, row)) closed.add(grant as Act<Grant>);
    }
    for (const invite of closed) {
      if (inContext(act.context, invite.row)) push(this.#closedBy, versionKey(invite.version), act);
    }
  }

  #admit(act: Act<Genesis | Redeem | Grant>, peer: Uint8Array, grant: Act<Grant> | null, depth: number): void {
    const admission = { key: versionKey(act.version), act, holder: toHex(peer), depth, grant };
    this.#byKey.set(admission.key, admission);
    push(this.#byHolder, admission.holder, admission);
  }

  #depthUnder(grant: Act<Grant>): number {
    return (this.#byKey.get(grant.standing)?.depth ?? 0) + 1;
  }
}

/** Adds to a list in a map. */
export function push<Key, Item>(map: Map<Key, Item[]>, key: Key, item: Item): void {
  const items = map.get(key);
  if (items === undefined) map.set(key, [item]);
  else items.push(item);
}
