import { equal, fromHex, toHex } from "../base/bytes.ts";
import type { CheckedTransaction } from "../data/transaction.ts";
import type { CheckedPartial } from "../data/partial.ts";
import type { Verify } from "../data/transaction.ts";
import type { Grant, Operation, Redeem, Revoke } from "../wire/operation.ts";
import { DOMAINS } from "../wire/domains.ts";
import { redeemMessage } from "../wire/authenticated.ts";
import { compareVersionIds, type Header, type VersionId } from "../wire/transaction.ts";
import { type Act, type MembershipOperation, versionKey } from "./acts.ts";
import { Checkpoints } from "./checkpoints.ts";
import { type Renewal, Renewals } from "./epochs.ts";
import { Outcome } from "./outcome.ts";
import { Removal, type RemovalPort } from "./removal.ts";
import { operationRefusal, type Rights } from "./rights.ts";
import { type Admission, type Ending, type HistoryPort, push, Standings } from "./standings.ts";

/** What a member may do. */
export type Role = Grant["role"];

const POWERS: readonly Role[] = ["reader", "writer", "admin"];

/** What the founder may do. */
const FOUNDING = { role: "admin", prefix: "", standingExpiresMs: 0 } as const;

/** What a standing allows, and since when and by whom it is held. */
export interface Standing {
  /** The genesis, redeem or grant that it comes from. */
  readonly version: VersionId;
  readonly peer: Uint8Array;
  readonly role: Role;
  /** Keys must begin with it to be written; empty for all. */
  readonly prefix: string;
  /** When the door closes to it, milliseconds since 1970; 0 for never. Checked by who links, not by who applies. */
  readonly expiresMs: number;
  readonly sinceMs: number;
  /** Who granted it; the founder's own id for a genesis. */
  readonly grantedBy: Uint8Array;
}

/**
 * Who may be in a space, and what a transaction may do. A transaction is judged by its own past alone (DESIGN 6,
 * "Membership"), so that every peer comes to the same judgement in whatever order things arrive; who may link, be
 * let in or be listed is judged by all that was applied so far.
 */
export class Membership {
  readonly #acts = new Map<string, Act>();
  /** Rows of the transactions that only confirm. */
  readonly #confirmRows = new Set<number>();
  readonly #invites: Act<Grant>[] = [];
  #overUsed: Act<Grant>[] = [];
  readonly #redeemsByGrant = new Map<string, Act<Redeem>[]>();
  readonly #closesByInvite = new Map<string, Act<Revoke>[]>();
  readonly #port: RemovalPort & HistoryPort;
  readonly #checkpoints = new Checkpoints({
    inContext: (context, row) => this.#inContext(context, row),
    isInside: (frontier, row) => this.#port.isInside(frontier, row),
    membersAt: (context) => this.#membersAt(context),
    sizeOf: (context) => this.#contextRows(context).length,
  });
  #standings: Standings;
  #removal: Removal;
  readonly #renewals = new Renewals((context, row) => this.#inContext(context, row));
  readonly #contextRows: (context: number) => readonly number[];
  readonly #verify: Verify;

  /** @param contextRows the rows of the membership transactions in a context, sorted; looked up again each time. */
  constructor(contextRows: (context: number) => readonly number[], verify: Verify, history: RemovalPort) {
    this.#contextRows = contextRows;
    this.#verify = verify;
    this.#port = {
      inContext: (context, row) => this.#inContext(context, row),
      isInside: (frontier, row) => history.isInside(frontier, row),
      isUndone: (row) => history.isUndone(row),
      dataOf: (peer, bound) => history.dataOf(peer, bound),
    };
    this.#standings = new Standings(this.#port);
    this.#removal = this.#newRemoval();
  }

  /** How many membership operations were applied. */
  get size(): number {
    return this.#acts.size;
  }

  /** Those of them that count for the bound: confirms do not, of which there is one for each writer and checkpoint. */
  get countedActs(): number {
    return this.#acts.size - this.#checkpoints.confirms;
  }

  /** Whether a transaction is an admin's, or of somebody who comes in by an invite that is not used up. */
  isByAdmins({ header, operations }: Pick<CheckedTransaction | CheckedPartial, "header" | "operations">): boolean {
    const admission = header.standing === null ? null : this.#standings.get(versionKey(header.standing));
    if (admission !== null) return standingFrom(admission).role === "admin";
    const first = operations[0]?.operation;
    const grant = first?.kind === "redeem" ? this.grant(first.grant) : null;
    return first?.kind !== "redeem" || (grant !== null && this.redeemsOf(grant.version).length < grant.operation.uses);
  }

  /**
   * Whether anything is judged by the membership transaction in a row. Nothing is by one that only confirms: contexts
   * do without them, since there is one for each member and checkpoint.
   */
  isJudgedBy(row: number): boolean {
    return !this.#confirmRows.has(row);
  }

  /** Forgets everything. */
  clear(): void {
    this.#confirmRows.clear();
    this.#acts.clear();
    this.#invites.length = 0;
    this.#overUsed = [];
    this.#redeemsByGrant.clear();
    this.#closesByInvite.clear();
    this.#checkpoints.clear();
    this.#standings = new Standings(this.#port);
    this.#removal = this.#newRemoval();
    this.#renewals.clear();
  }

  /** The checkpoints of the space, and how far each has come. */
  get checkpoints(): Checkpoints {
    return this.#checkpoints;
  }

  /** The epochs that removals began. */
  get renewals(): Renewals {
    return this.#renewals;
  }

  /** Those of them whose removal stands: who was removed for good knows the secret of an epoch that it began itself. */
  renewalsInForce(): Renewal[] {
    const { undone } = this.#removal.outcome;
    return this.#renewals.all().filter(({ act }) => !undone.has(act.row));
  }

  /** Whether an act came about in the knowledge of every removal, so that who was removed need not know of it. */
  isAfterRemovals(act: Act): boolean {
    return this.renewalsInForce().every((renewal) => this.#inContext(act.context, renewal.act.row));
  }

  /** What removals undo. */
  get removal(): Removal {
    return this.#removal;
  }

  /** Takes in an applied membership transaction. */
  add(
    transaction: { readonly id: Uint8Array; readonly header: Header },
    operations: readonly Operation[],
    row: number,
    context: number,
  ): void {
    const { header } = transaction;
    if (operations.every(({ kind }) => kind === "confirm")) this.#confirmRows.add(row);
    for (const [index, operation] of operations.entries()) {
      const act = {
        operation: operation as MembershipOperation,
        version: { transaction: transaction.id, index },
        row,
        peer: header.peer,
        standing: versionKey(header.standing ?? { transaction: transaction.id, index: 0 }),
        context,
        timeMs: header.clock.ms,
      };
      this.#acts.set(versionKey(act.version), act);
      this.#index(act);
    }
  }

  /**
   * Whether its own past allows a transaction.
   *
   * @param context the membership transactions in its past.
   * @returns null, or why not.
   */
  judge(transaction: CheckedTransaction | CheckedPartial, context: number, space: Uint8Array): string | null {
    const { header, operations } = transaction;
    const first = operations[0]?.operation;
    let standing: Rights | null;
    if (header.standing !== null) {
      standing = this.#standingAt(header.standing, header.peer, context);
    } else if (first?.kind === "genesis") {
      return context === 0 && equal(transaction.id, space) ? null : "it founds another space";
    } else if (first?.kind === "redeem") {
      const refusal = this.#judgeRedeem(first, header.peer, context, space);
      if (refusal !== null) return refusal;
      standing = (this.grant(first.grant) as Act<Grant>).operation;
    } else {
      return "it has no standing";
    }
    if (standing === null) return "its writer has no standing in its past";
    for (const { operation } of operations) {
      const refusal = operationRefusal(operation, standing, header);
      if (refusal !== null) return refusal;
    }
    const confirms = operations.flatMap(({ operation }) => operation.kind === "confirm" ? operation : []);
    return confirms.length === 0 ? null : this.#checkpoints.confirmRefusal(confirms, header, context);
  }

  /**
   * The standing under which a peer may act now, by all that was applied: of several the one that allows most. Null for
   * one that is no member.
   */
  standingOf(peer: Uint8Array): Standing | null {
    let best: { readonly standing: Standing; readonly depth: number } | null = null;
    for (const admission of this.#standings.of(toHex(peer))) {
      if (!this.#isLive(admission)) continue;
      const candidate = { standing: standingFrom(admission), depth: admission.depth };
      if (best === null || compareStandings(candidate, best) > 0) best = candidate;
    }
    return best?.standing ?? null;
  }

  /** Whether a peer is or was a member. */
  wasAdmitted(peer: Uint8Array): boolean {
    return this.#standings.of(toHex(peer)).length > 0;
  }

  /** Every present member's standing, in the order in which they came in. */
  members(): Standing[] {
    const members: Standing[] = [];
    for (const peer of this.#standings.holders()) {
      const standing = this.standingOf(fromHex(peer));
      if (standing !== null) members.push(standing);
    }
    return members;
  }

  /** The revoke by which a former member is none any more; null for one that is a member, or never was. */
  endOf(peer: Uint8Array): Act<Revoke> | null {
    const last = this.#standings.of(toHex(peer)).at(-1);
    if (last === undefined || this.standingOf(peer) !== null) return null;
    const { undoneBy, endings } = this.#standings.hasRemovals
      ? this.#removal.outcome.endOf(last)
      : { undoneBy: null, endings: this.#standings.endingsOf(last) };
    // One that knew of another ended nothing.
    const isFirst = ({ revoke }: Ending) => !endings.some((other) => this.#inContext(revoke.context, other.revoke.row));
    return undoneBy ?? endings.findLast(isFirst)?.revoke ?? null;
  }

  /** Who left last by itself, where no epoch began since: it knows the secret of the present one. Null for nobody. */
  get knowingLeaver(): Uint8Array | null {
    const renewals = this.renewalsInForce();
    const knowing = this.removed().filter(({ peer, revoke }) =>
      equal(peer, revoke.peer) && !renewals.some(({ act }) => this.#inContext(act.context, revoke.row))
    );
    return knowing.at(-1)?.peer ?? null;
  }

  /** Every former member, with the revoke by which it is none any more. */
  removed(): { readonly peer: Uint8Array; readonly revoke: Act<Revoke> }[] {
    return [...this.#standings.holders()].flatMap((id) => {
      const peer = fromHex(id);
      const revoke = this.endOf(peer);
      return revoke === null ? [] : [{ peer, revoke }];
    });
  }

  /** The removal that undoes a data transaction; null where it stands. @param row null for one that only now arrives. */
  undoerOf(header: Header, context: number, row: number | null): Act<Revoke> | null {
    if (!this.#standings.hasRemovals || header.standing === null) return null;
    return this.#removal.undoerOf({ row, standing: versionKey(header.standing), context });
  }

  /** Every invite that was ever granted, the newest first. */
  invites(): Act<Grant>[] {
    return [...this.#invites].reverse();
  }

  /**
   * Whether an invite may still be redeemed: not used up, closed or past its time, nor would who comes in by it be, and
   * its granter is still here.
   */
  isOpen(invite: Act<Grant>, wallMs: number): boolean {
    const { uses, expiresMs, standingExpiresMs } = invite.operation;
    return this.redeemsOf(invite.version).length < uses &&
      (expiresMs === 0 || wallMs < expiresMs) &&
      (standingExpiresMs === 0 || wallMs < standingExpiresMs) &&
      !this.isClosed(invite.version) &&
      this.standingOf(invite.peer) !== null;
  }

  /** Whether an invite was closed, by itself or by a removal. */
  isClosed(invite: VersionId): boolean {
    const grant = this.grant(invite);
    const closes = this.#closesByInvite.get(versionKey(invite)) ?? [];
    if (grant === null || !this.#standings.hasRemovals) return closes.length > 0;
    const { outcome } = this.#removal;
    return outcome.undone.has(grant.row) || closes.some(({ row }) => !outcome.undone.has(row)) ||
      this.#standings.closersOf(grant).some((revoke) => outcome.isEffective(revoke));
  }

  /** The redeems of a grant, in the order in which they were applied here. */
  redeemsOf(grant: VersionId): readonly Act<Redeem>[] {
    return this.#redeemsByGrant.get(versionKey(grant)) ?? [];
  }

  /** The invites that were redeemed more often than they may be, since the last call. */
  takeOverUsed(): readonly Act<Grant>[] {
    const taken = this.#overUsed;
    if (taken.length > 0) this.#overUsed = [];
    return taken;
  }

  /** A grant that was applied. */
  grant(version: VersionId): Act<Grant> | null {
    const act = this.#acts.get(versionKey(version));
    return act?.operation.kind === "grant" ? act as Act<Grant> : null;
  }

  #index(act: Act): void {
    const { operation } = act;
    this.#standings.add(act);
    this.#checkpoints.add(act);
    this.#renewals.add(act);
    this.#removal.added(act);
    if (operation.kind === "redeem") {
      push(this.#redeemsByGrant, versionKey(operation.grant), act as Act<Redeem>);
      const grant = this.grant(operation.grant);
      if (grant !== null && this.redeemsOf(grant.version).length > grant.operation.uses) this.#overUsed.push(grant);
    }
    if (operation.kind === "grant" && operation.subjectKind === "invite") this.#invites.push(act as Act<Grant>);
    if (operation.kind === "revoke" && operation.target.kind === "invite") {
      push(this.#closesByInvite, versionKey(operation.target.grant), act as Act<Revoke>);
    }
  }

  #newRemoval(): Removal {
    return new Removal(this.#standings, this.#port, () => this.#checkpoints.finals);
  }

  #isLive(admission: Admission): boolean {
    if (this.#standings.hasRemovals) return this.#removal.outcome.isLive(admission);
    return this.#standings.endingsOf(admission).length === 0;
  }

  /** The members in a past, by that past alone. */
  #membersAt(context: number): Uint8Array[] {
    const standings = this.#standings;
    const outcome = standings.hasRemovals ? new Outcome({ standings, port: this.#port, finals: [], context }) : null;
    const isMember = (admission: Admission) =>
      this.#inContext(context, admission.act.row) &&
      (outcome?.isLive(admission) ??
        !standings.endingsOf(admission).some(({ revoke }) => this.#inContext(context, revoke.row)));
    return [...standings.holders()].filter((holder) => standings.of(holder).some(isMember)).map(fromHex);
  }

  #standingAt(version: VersionId, peer: Uint8Array, context: number): Standing | null {
    const admission = this.#standings.get(versionKey(version));
    if (admission === null || !this.#inContext(context, admission.act.row)) return null;
    if (admission.holder !== toHex(peer) || this.#standings.isEndedIn(admission, context)) return null;
    return standingFrom(admission);
  }

  #judgeRedeem(redeem: Redeem, joiner: Uint8Array, context: number, space: Uint8Array): string | null {
    const grant = this.grant(redeem.grant);
    if (grant === null || !this.#inContext(context, grant.row)) return "it redeems an unknown invite";
    if (grant.operation.subjectKind !== "invite") return "it redeems what is no invite";
    const closes = this.#closesByInvite.get(versionKey(grant.version)) ?? [];
    if (this.#standings.isClosedIn(grant, closes, context)) return "it redeems a closed invite";
    const used = this.redeemsOf(grant.version).filter((other) => this.#inContext(context, other.row)).length;
    if (used >= grant.operation.uses) return "it redeems an invite that is used up";
    if (!this.#verify(DOMAINS.redeem, grant.operation.subject, redeemMessage(space, joiner), redeem.signature)) {
      return "it redeems an invite without its key";
    }
    return null;
  }

  #inContext(context: number, row: number): boolean {
    const rows = this.#contextRows(context);
    let from = 0;
    for (let to = rows.length; from < to;) {
      const middle = (from + to) >> 1;
      if ((rows[middle] as number) < row) from = middle + 1;
      else to = middle;
    }
    return rows[from] === row;
  }
}

/** Which of two standings of a peer allows more: positive where it is the first. All peers agree on it. */
function compareStandings(
  { standing: a, depth: aDepth }: { readonly standing: Standing; readonly depth: number },
  { standing: b, depth: bDepth }: { readonly standing: Standing; readonly depth: number },
): number {
  return POWERS.indexOf(a.role) - POWERS.indexOf(b.role) || b.prefix.length - a.prefix.length || bDepth - aDepth ||
    (a.expiresMs || Infinity) - (b.expiresMs || Infinity) || compareVersionIds(a.version, b.version);
}

function standingFrom({ act, grant }: Admission): Standing {
  const { role, prefix, standingExpiresMs } = grant?.operation ?? FOUNDING;
  return {
    version: act.version,
    peer: act.operation.kind === "grant" ? act.operation.subject : act.peer,
    ...{ role, prefix, expiresMs: standingExpiresMs, sinceMs: act.timeMs },
    grantedBy: grant?.peer ?? act.peer,
  };
}
