import { equal, fromHex, toHex } from "../base/bytes.ts";
import type { CheckedTransaction } from "../data/transaction.ts";
import type { CheckedPartial } from "../data/partial.ts";
import { isMembership, type Verify } from "../data/transaction.ts";
import type { Genesis, Grant, Operation, Redeem, Revoke } from "../wire/operation.ts";
import { DOMAINS } from "../wire/domains.ts";
import { redeemMessage } from "../wire/authenticated.ts";
import { compareVersionIds, type Header, type VersionId } from "../wire/transaction.ts";
import { type Act, type MembershipOperation, versionKey } from "./acts.ts";
import { Checkpoints } from "./checkpoints.ts";
import { Renewals } from "./epochs.ts";

/** What a member may do. */
export type Role = Grant["role"];

const POWERS: readonly Role[] = ["reader", "writer", "admin"];

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
  readonly #admissionsByPeer = new Map<string, Act<Genesis | Redeem | Grant>[]>();
  readonly #redeemsByGrant = new Map<string, Act<Redeem>[]>();
  readonly #revokesByTarget = new Map<string, Act<Revoke>[]>();
  readonly #checkpoints = new Checkpoints({
    inContext: (context, row) => this.#inContext(context, row),
    membersAt: (context) => this.#membersAt(context),
  });
  readonly #renewals = new Renewals((context, row) => this.#inContext(context, row));
  readonly #contextRows: (context: number) => readonly number[];
  readonly #verify: Verify;

  /** @param contextRows the rows of the membership transactions in a context, sorted; looked up again each time. */
  constructor(contextRows: (context: number) => readonly number[], verify: Verify) {
    this.#contextRows = contextRows;
    this.#verify = verify;
  }

  /** How many membership operations were applied. */
  get size(): number {
    return this.#acts.size;
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
    this.#admissionsByPeer.clear();
    this.#redeemsByGrant.clear();
    this.#revokesByTarget.clear();
    this.#checkpoints.clear();
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
    let standing: Standing | null;
    if (header.standing !== null) {
      standing = this.#standingAt(header.standing, header.peer, context);
    } else if (first?.kind === "genesis") {
      return context === 0 && equal(transaction.id, space) ? null : "it founds another space";
    } else if (first?.kind === "redeem") {
      const refusal = this.#judgeRedeem(first, header.peer, context, space);
      if (refusal !== null) return refusal;
      standing = this.#standingOfRedeem(first, { transaction: transaction.id, index: 0 }, header.peer, 0);
    } else {
      return "it has no standing";
    }
    if (standing === null) return "its writer has no standing in its past";
    for (const { operation } of operations) {
      const refusal = judgeOperation(operation, standing, header);
      if (refusal !== null) return refusal;
    }
    return null;
  }

  /**
   * The standing under which a peer may act now, by all that was applied: of several the one that allows most. Null for
   * one that is no member.
   */
  standingOf(peer: Uint8Array): Standing | null {
    let best: Standing | null = null;
    for (const act of this.#admissionsByPeer.get(toHex(peer)) ?? []) {
      if (this.#revokesOf(peer).some((revoke) => !this.#inContext(act.context, revoke.row))) continue;
      const standing = this.#standingFrom(act);
      if (standing !== null && (best === null || compareStandings(standing, best) > 0)) best = standing;
    }
    return best;
  }

  /** Whether a peer is or was a member. */
  wasAdmitted(peer: Uint8Array): boolean {
    return this.#admissionsByPeer.has(toHex(peer));
  }

  /** Every present member's standing, in the order in which they came in. */
  members(): Standing[] {
    const members: Standing[] = [];
    for (const peer of this.#admissionsByPeer.keys()) {
      const standing = this.standingOf(fromHex(peer));
      if (standing !== null) members.push(standing);
    }
    return members;
  }

  /** The revoke by which a former member is none any more; null for one that is a member, or never was. */
  endOf(peer: Uint8Array): Act<Revoke> | null {
    if (!this.wasAdmitted(peer) || this.standingOf(peer) !== null) return null;
    return this.#revokesOf(peer).at(-1) ?? null;
  }

  /** Every former member, with the revoke by which it is none any more. */
  removed(): { readonly peer: Uint8Array; readonly revoke: Act<Revoke> }[] {
    return [...this.#admissionsByPeer.keys()].flatMap((id) => {
      const peer = fromHex(id);
      const revoke = this.endOf(peer);
      return revoke === null ? [] : [{ peer, revoke }];
    });
  }

  /** Every invite that was ever granted, the newest first. */
  invites(): Act<Grant>[] {
    return [...this.#invites].reverse();
  }

  /** Whether an invite may still be redeemed: not used up, closed or past its time, and its granter is still here. */
  isOpen(invite: Act<Grant>, wallMs: number): boolean {
    const { uses, expiresMs } = invite.operation;
    return this.redeemsOf(invite.version).length < uses &&
      (expiresMs === 0 || wallMs < expiresMs) &&
      !this.isClosed(invite.version) &&
      this.standingOf(invite.peer) !== null;
  }

  /** Whether an invite was closed. */
  isClosed(invite: VersionId): boolean {
    return this.#revokesByTarget.has(versionKey(invite));
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
    this.#checkpoints.add(act);
    this.#renewals.add(act);
    if (operation.kind === "genesis") push(this.#admissionsByPeer, toHex(act.peer), act as Act<Genesis>);
    if (operation.kind === "redeem") {
      push(this.#admissionsByPeer, toHex(act.peer), act as Act<Redeem>);
      push(this.#redeemsByGrant, versionKey(operation.grant), act as Act<Redeem>);
      const grant = this.grant(operation.grant);
      if (grant !== null && this.redeemsOf(grant.version).length > grant.operation.uses) this.#overUsed.push(grant);
    }
    if (operation.kind === "grant" && operation.subjectKind === "invite") this.#invites.push(act as Act<Grant>);
    if (operation.kind === "grant" && operation.subjectKind === "peer") {
      push(this.#admissionsByPeer, toHex(operation.subject), act as Act<Grant>);
    }
    if (operation.kind === "revoke") {
      const target = operation.target.kind === "peer"
        ? toHex(operation.target.peer)
        : versionKey(operation.target.grant);
      push(this.#revokesByTarget, target, act as Act<Revoke>);
    }
  }

  /** The members in a past. */
  #membersAt(context: number): Uint8Array[] {
    const members: Uint8Array[] = [];
    for (const [peer, admissions] of this.#admissionsByPeer) {
      const id = fromHex(peer);
      if (admissions.some(({ version }) => this.#standingAt(version, id, context) !== null)) members.push(id);
    }
    return members;
  }

  #standingAt(version: VersionId, peer: Uint8Array, context: number): Standing | null {
    const act = this.#acts.get(versionKey(version));
    if (act === undefined || !this.#inContext(context, act.row)) return null;
    if (!isAdmission(act)) return null;
    if (act.operation.kind === "grant" && act.operation.subjectKind === "invite") return null;
    const standing = this.#standingFrom(act);
    if (standing === null || !equal(standing.peer, peer)) return null;
    for (const revoke of this.#revokesOf(peer)) {
      if (this.#inContext(context, revoke.row) && !this.#inContext(act.context, revoke.row)) return null;
    }
    return standing;
  }

  #standingFrom(act: Act<Genesis | Redeem | Grant>): Standing | null {
    const { operation } = act;
    if (operation.kind === "redeem") return this.#standingOfRedeem(operation, act.version, act.peer, act.timeMs);
    const granted = operation.kind === "grant";
    return {
      version: act.version,
      peer: granted ? operation.subject : act.peer,
      role: granted ? operation.role : "admin",
      prefix: granted ? operation.prefix : "",
      expiresMs: granted ? operation.standingExpiresMs : 0,
      sinceMs: act.timeMs,
      grantedBy: act.peer,
    };
  }

  #standingOfRedeem(redeem: Redeem, version: VersionId, peer: Uint8Array, sinceMs: number): Standing | null {
    const grant = this.grant(redeem.grant);
    if (grant === null) return null;
    const { role, prefix, standingExpiresMs } = grant.operation;
    return { version, peer, role, prefix, expiresMs: standingExpiresMs, sinceMs, grantedBy: grant.peer };
  }

  #judgeRedeem(redeem: Redeem, joiner: Uint8Array, context: number, space: Uint8Array): string | null {
    const grant = this.grant(redeem.grant);
    if (grant === null || !this.#inContext(context, grant.row)) return "it redeems an unknown invite";
    if (grant.operation.subjectKind !== "invite") return "it redeems what is no invite";
    const closes = this.#revokesByTarget.get(versionKey(grant.version)) ?? [];
    if (closes.some((revoke) => this.#inContext(context, revoke.row))) return "it redeems a closed invite";
    const used = this.redeemsOf(grant.version).filter((other) => this.#inContext(context, other.row)).length;
    if (used >= grant.operation.uses) return "it redeems an invite that is used up";
    if (!this.#verify(DOMAINS.redeem, grant.operation.subject, redeemMessage(space, joiner), redeem.signature)) {
      return "it redeems an invite without its key";
    }
    return null;
  }

  #revokesOf(peer: Uint8Array): readonly Act<Revoke>[] {
    return this.#revokesByTarget.get(toHex(peer)) ?? [];
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
function compareStandings(a: Standing, b: Standing): number {
  return POWERS.indexOf(a.role) - POWERS.indexOf(b.role) || b.prefix.length - a.prefix.length ||
    (a.expiresMs || Infinity) - (b.expiresMs || Infinity) || compareVersionIds(a.version, b.version);
}

function isAdmission(act: Act): act is Act<Genesis | Redeem | Grant> {
  const { kind } = act.operation;
  return kind === "genesis" || kind === "redeem" || kind === "grant";
}

function judgeOperation(
  operation: CheckedTransaction["operations"][number]["operation"],
  standing: Standing,
  header: Header,
): string | null {
  if (!isMembership(operation)) {
    if (standing.role === "reader") return "its writer may only read";
    if ((operation.kind === "put" || operation.kind === "del") && !operation.key.startsWith(standing.prefix)) {
      return "its writer may not write under this key";
    }
    return null;
  }
  if (operation.kind === "grant") {
    if (standing.role !== "admin") return "only an admin may grant";
    return operation.prefix.startsWith(standing.prefix) ? null : "its writer may not grant more keys than it may write";
  }
  if (operation.kind === "checkpoint" && standing.role !== "admin") return "only an admin may write a checkpoint";
  if (operation.kind === "revoke") {
    const leaves = operation.target.kind === "peer" && equal(operation.target.peer, header.peer);
    if (standing.role !== "admin" && !(leaves && operation.frontier === null)) return "only an admin may revoke";
    const named = (operation.frontier ?? []).flatMap(({ heads }) => heads);
    return named.every(({ id }) => header.parents.some((parent) => equal(parent, id)))
      ? null
      : "its frontier is not among what it builds upon";
  }
  return null;
}

function push<Item>(map: Map<string, Item[]>, key: string, item: Item): void {
  const items = map.get(key);
  if (items === undefined) map.set(key, [item]);
  else items.push(item);
}
