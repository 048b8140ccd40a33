import { equal, toHex } from "../../lib/base/bytes.ts";
import type { Checkpoint, Grant, Operation, Revoke } from "../../lib/wire/operation.ts";
import type { Frontier } from "../../lib/wire/frontier.ts";
import type { Header, VersionId } from "../../lib/wire/transaction.ts";

/** A transaction of a history. */
export interface Told {
  /** Hexadecimal, as all ids here. */
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly header: Header;
  readonly operations: readonly Operation[];
}

interface Act {
  readonly told: Told;
  readonly operation: Operation;
  readonly key: string;
}

interface Admission {
  readonly act: Act;
  readonly holder: string;
  readonly depth: number;
  readonly role: Grant["role"];
  readonly prefix: string;
  readonly grant: Act | null;
}

type Place = readonly { readonly layer: number; readonly depth: number; readonly peer: string }[];

/**
 * The rules of lib/wire/PROTOCOL.md, "Membership", over a whole history and nothing else: every past is walked anew, and
 * nothing is kept but what is asked for twice.
 */
export class NaiveJudge {
  readonly #byId: ReadonlyMap<string, Told>;
  readonly #pasts = new Map<string, ReadonlySet<string>>();
  readonly #acts: readonly Act[];
  readonly #admissions: readonly Admission[];
  readonly #finals: readonly Told[];
  #outcome: { undone: ReadonlySet<string>; prevailing: ReadonlySet<Act> } | null = null;

  /**
   * @param history parents before children; only what was accepted.
   * @param withFinals whether checkpoints may be final: a past by itself does not tell. Default: true.
   */
  constructor(readonly history: readonly Told[], withFinals = true) {
    this.#byId = new Map(history.map((told) => [told.id, told]));
    this.#acts = history.filter(({ header }) => header.class === "membership").flatMap((told) =>
      told.operations.map((operation, index) => ({ told, operation, key: `${told.id}/${index}` }))
    );
    this.#admissions = this.#acts.flatMap((act) => this.admissionOf(act));
    this.#finals = withFinals ? this.#finalCheckpoints() : [];
  }

  /** Ids of all in a transaction's past. */
  past(of: Pick<Told, "id" | "header">): ReadonlySet<string> {
    const known = this.#pasts.get(of.id);
    if (known !== undefined) return known;
    const past = new Set<string>();
    for (const parent of parentsOf(of.header)) {
      past.add(parent);
      for (const earlier of this.past(this.#byId.get(parent) as Told)) past.add(earlier);
    }
    this.#pasts.set(of.id, past);
    return past;
  }

  /** Whether its own past allows a transaction, which need not be of the history. */
  accepts(told: Told): boolean {
    const past = this.past(told);
    const own = told.operations[0];
    const standing = told.header.standing === null
      ? own?.kind === "redeem" ? this.#byRedeem(own.grant, past) : null
      : this.#held(told, past);
    if (standing === null) return own?.kind === "genesis" && past.size === 0;
    return told.operations.every((operation) => {
      switch (operation.kind) {
        case "put":
        case "del":
          return standing.role !== "reader" && operation.key.startsWith(standing.prefix);
        case "grant":
          return standing.role === "admin" && operation.prefix.startsWith(standing.prefix);
        case "checkpoint":
          return standing.role === "admin";
        case "revoke": {
          const leaves = operation.target.kind === "peer" && equal(operation.target.peer, told.header.peer);
          const named = (operation.frontier ?? []).flatMap(({ heads }) => heads.map(({ id }) => toHex(id)));
          return (standing.role === "admin" || (leaves && operation.frontier === null)) &&
            named.every((id) => told.header.parents.some((parent) => toHex(parent) === id));
        }
        case "confirm":
          return this.#mayConfirm(told, keyOf(operation.checkpoint));
        default:
          return true;
      }
    });
  }

  /** A writer confirms each checkpoint in its past once. */
  #mayConfirm(told: Told, checkpoint: string): boolean {
    const past = this.past(told);
    const confirmsIn = (operations: readonly Operation[]) =>
      operations.filter((other) => other.kind === "confirm" && keyOf(other.checkpoint) === checkpoint).length;
    let before = confirmsIn(told.operations);
    for (let { previous } = told.header; previous !== null;) {
      const { header, operations } = this.#byId.get(toHex(previous)) as Told;
      before += confirmsIn(operations);
      previous = header.previous;
    }
    const isThere = this.#acts.some(({ operation, key, told: { id } }) =>
      operation.kind === "checkpoint" && key === checkpoint && past.has(id)
    );
    return isThere && before === 1;
  }

  /** Ids of all transactions that are undone. */
  undone(): Set<string> {
    const { undone } = this.#judged();
    const all = new Set(undone);
    for (const told of this.history) if (told.header.class === "data" && this.#isUndone(told)) all.add(told.id);
    return all;
  }

  /** Who is a member, as `peer role prefix` of each standing that holds, sorted. */
  members(): string[] {
    return this.#admissions.filter((admission) => this.holds(admission))
      .map(({ holder, role, prefix }) => `${holder} ${role} ${prefix}`).sort();
  }

  /** Standings of a peer that hold. */
  standingsOf(peer: Uint8Array): Admission[] {
    return this.#admissions.filter((admission) => admission.holder === toHex(peer) && this.holds(admission));
  }

  /** Whether a standing holds. */
  holds(admission: Admission): boolean {
    const { undone, prevailing } = this.#judged();
    if (undone.has(admission.act.told.id) || (admission.grant !== null && undone.has(admission.grant.told.id))) {
      return false;
    }
    return !this.#acts.some((act) => prevailing.has(act) && this.#ends(act, admission));
  }

  /** How often an invite was redeemed in a past. */
  usesIn(grant: string, past: ReadonlySet<string>): number {
    return this.#acts.filter(({ operation, told }) =>
      operation.kind === "redeem" && keyOf(operation.grant) === grant && past.has(told.id)
    ).length;
  }

  /** The standing that an act gives, if it gives one. */
  admissionOf(act: Act): Admission[] {
    const { operation, told } = act;
    if (operation.kind === "genesis") {
      return [{ act, holder: toHex(told.header.peer), depth: 0, role: "admin", prefix: "", grant: null }];
    }
    const grant = operation.kind === "redeem"
      ? this.#acts.find(({ key }) => key === keyOf(operation.grant))
      : operation.kind === "grant" && operation.subjectKind === "peer"
      ? act
      : undefined;
    if (grant === undefined || grant.operation.kind !== "grant") return [];
    const { role, prefix, subject } = grant.operation;
    const holder = operation.kind === "redeem" ? told.header.peer : subject;
    const depth = (this.#admissionUnder(grant)?.depth ?? 0) + 1;
    return [{ act, holder: toHex(holder), depth, role, prefix, grant }];
  }

  #admissionUnder(act: Act): Admission | null {
    const { header, id } = act.told;
    const key = header.standing === null ? `${id}/0` : keyOf(header.standing);
    const found = this.#acts.find((other) => other.key === key);
    return found === undefined ? null : this.admissionOf(found)[0] ?? null;
  }

  #held(told: Told, past: ReadonlySet<string>): Admission | null {
    const act = this.#acts.find(({ key }) => key === keyOf(told.header.standing as VersionId));
    const admission = act === undefined ? undefined : this.admissionOf(act)[0];
    if (admission === undefined || !past.has(admission.act.told.id)) return null;
    if (admission.holder !== toHex(told.header.peer)) return null;
    const isEnded = this.#acts.some((other) => this.#ends(other, admission) && this.#binds(other, past));
    return isEnded || (admission.grant !== null && this.#isGrantUndoneIn(admission.grant, past)) ? null : admission;
  }

  #byRedeem(invite: VersionId, past: ReadonlySet<string>): Admission | null {
    const grant = this.#acts.find(({ key }) => key === keyOf(invite));
    if (grant?.operation.kind !== "grant" || !past.has(grant.told.id)) return null;
    if (grant.operation.subjectKind !== "invite") return null;
    const isClosed = this.#acts.some((act) =>
      (this.#closes(act, grant) || isCloseOf(act, grant)) && this.#binds(act, past)
    );
    if (isClosed || this.#isGrantUndoneIn(grant, past)) return null;
    if (this.usesIn(grant.key, past) >= grant.operation.uses) return null;
    const { role, prefix } = grant.operation;
    return { act: grant, holder: "", depth: 0, role, prefix, grant };
  }

  #isGrantUndoneIn(grant: Act, past: ReadonlySet<string>): boolean {
    const under = this.#admissionUnder(grant);
    if (under === null) return false;
    const undone = this.#acts.some((act) => {
      const standing = this.#admissionUnder(act);
      return this.#ends(act, under) && this.#reaches(act, grant.told, under) && standing !== null &&
        comparePlaces([rankOf(standing, 0)], [rankOf(under, 0)]) < 0 && this.#binds(act, past);
    });
    return undone || (under.grant !== null && this.#isGrantUndoneIn(under.grant, past));
  }

  /** Whether a revoke is in a past, and not contested there. */
  #binds(revoke: Act, past: ReadonlySet<string>): boolean {
    if (!past.has(revoke.told.id)) return false;
    // The revoke itself, the grant of its standing, the grant of that one's, and so on.
    for (let act: Act | null = revoke; act !== null;) {
      const under = this.#admissionUnder(act);
      const before = this.past(act.told);
      const contested = this.#acts.some((other) =>
        other !== revoke && past.has(other.told.id) && under !== null && this.#ends(other, under) &&
        (frontierOf(other) !== null || before.has(other.told.id))
      );
      if (contested) return false;
      act = under?.grant ?? null;
    }
    return true;
  }

  #ends(revoke: Act, admission: Admission): boolean {
    return this.#endsDirectly(revoke, admission) || this.#endsAsVoid(revoke, admission);
  }

  #endsDirectly({ operation, told }: Act, { holder, act }: Admission): boolean {
    return operation.kind === "revoke" && operation.target.kind === "peer" && toHex(operation.target.peer) === holder &&
      !this.past(act.told).has(told.id);
  }

  #endsAsVoid(revoke: Act, { act, grant }: Admission): boolean {
    return act.operation.kind === "redeem" && this.#closes(revoke, grant as Act) && act.told !== revoke.told &&
      !this.past(revoke.told).has(act.told.id);
  }

  /** Whether a removal closes an invite. */
  #closes(revoke: Act, invite: Act): boolean {
    const { operation, told } = revoke;
    if (operation.kind !== "revoke" || operation.target.kind !== "peer" || operation.frontier === null) return false;
    const target = operation.target.peer;
    const past = this.past(told);
    if (!past.has(invite.told.id)) return false;
    return equal(invite.told.header.peer, target) ||
      this.#acts.some((act) =>
        act.operation.kind === "redeem" && keyOf(act.operation.grant) === invite.key && past.has(act.told.id) &&
        equal(act.told.header.peer, target)
      );
  }

  /** Whether a removal that ends a standing reaches a transaction under it. */
  #reaches(revoke: Act, told: Told, admission: Admission): boolean {
    const frontier = frontierOf(revoke);
    if (frontier === null || revoke.told === told) return false;
    return this.#endsAsVoid(revoke, admission) || !this.#isInside(frontier, told);
  }

  #isInside(frontier: Frontier, { id, header }: Told): boolean {
    return frontier.some(({ writer, heads }) =>
      heads.some((head) => {
        for (let at = this.#byId.get(toHex(head.id)), first = true; at !== undefined; first = false) {
          if (!equal(at.header.peer, writer.peer) || !equal(at.header.instance, writer.instance)) return false;
          if (first && at.header.sequence !== head.sequence) return false;
          if (at.id === id) return equal(header.peer, writer.peer);
          at = at.header.previous === null ? undefined : this.#byId.get(toHex(at.header.previous));
        }
        return false;
      })
    );
  }

  #finalCheckpoints(): Told[] {
    const checkpoints = this.#acts.filter(({ operation }) => operation.kind === "checkpoint");
    const revokes = this.#acts.filter(({ operation }) => operation.kind === "revoke");
    const final = checkpoints.filter((checkpoint) => {
      const past = this.past(checkpoint.told);
      const before = new NaiveJudge(this.history.filter(({ id }) => past.has(id)), false);
      const members = new Set(before.members().map((text) => text.split(" ")[0] as string));
      const confirmed = new Set([toHex(checkpoint.told.header.peer)]);
      for (const { operation, told } of this.#acts) {
        if (operation.kind !== "confirm" || keyOf(operation.checkpoint) !== checkpoint.key) continue;
        const known = this.past(told);
        const isNews = (act: Act) => act !== checkpoint && known.has(act.told.id) && !past.has(act.told.id);
        if (!known.has(checkpoint.told.id) || revokes.some(isNews) || checkpoints.some(isNews)) continue;
        confirmed.add(toHex(told.header.peer));
      }
      const absent = new Set((checkpoint.operation as Checkpoint).absent.map(toHex));
      const count = [...members].filter((member) => confirmed.has(member)).length;
      return [...members].every((member) => absent.has(member) || confirmed.has(member)) && 2 * count >= members.size;
    });
    const sizeOf = ({ told }: Act) => {
      const past = this.past(told);
      return this.history.filter(({ id, header, operations }) =>
        past.has(id) && header.class === "membership" && !operations.every(({ kind }) => kind === "confirm")
      ).length;
    };
    return final.sort((a, b) => sizeOf(a) - sizeOf(b) || (a.told.id < b.told.id ? -1 : 1)).map(({ told }) => told);
  }

  #layerOf(told: Told): number {
    const layer = this.#finals.findIndex((final) => this.past(final).has(told.id));
    return layer < 0 ? this.#finals.length : layer;
  }

  /** The revokes in an act's past that end its standing, or one that this rests upon. */
  #knewOf(act: Act): Act[] {
    const admission = this.#admissionUnder(act);
    if (admission === null) return [];
    const past = this.past(act.told);
    const own = this.#acts.filter((other) => other !== act && past.has(other.told.id) && this.#ends(other, admission));
    return admission.grant === null ? own : [...own, ...this.#knewOf(admission.grant)];
  }

  #placeOf(act: Act): Place {
    const own = rankOf(this.#admissionUnder(act) as Admission, this.#layerOf(act.told));
    const places = this.#knewOf(act).map((revoke): Place => [...this.#placeOf(revoke), own]);
    return [[own], ...places].reduce((a, b) => comparePlaces(a, b) >= 0 ? a : b);
  }

  #judged(): { undone: ReadonlySet<string>; prevailing: ReadonlySet<Act> } {
    if (this.#outcome !== null) return this.#outcome;
    const undone = new Set<string>();
    const prevailing = new Set<Act>();
    const removals = this.#acts.filter(({ operation }) =>
      operation.kind === "revoke" && operation.target.kind === "peer"
    );
    const inOrder = removals.map((act) => ({ act, place: this.#placeOf(act) }))
      .sort((a, b) => comparePlaces(a.place, b.place));
    for (const { act: revoke, place } of inOrder) {
      if (undone.has(revoke.told.id)) continue;
      if (this.#knewOf(revoke).some((other) => prevailing.has(other))) {
        this.#undo(revoke.told.id, undone);
        continue;
      }
      prevailing.add(revoke);
      for (const admission of this.#admissions) {
        if (!this.#ends(revoke, admission)) continue;
        for (const act of this.#actsUnder(admission)) {
          const isBehind = comparePlaces(this.#placeOf(act), place) > 0;
          if (isBehind && this.#reaches(revoke, act.told, admission)) this.#undo(act.told.id, undone);
        }
      }
    }
    for (const act of this.#acts) {
      const admission = this.#admissionUnder(act) as Admission;
      const past = this.past(act.told);
      const knew = [...prevailing].some((revoke) => past.has(revoke.told.id) && this.#ends(revoke, admission));
      if (knew) this.#undo(act.told.id, undone);
    }
    return this.#outcome = { undone, prevailing };
  }

  #undo(id: string, undone: Set<string>): void {
    const isConfirm = this.#byId.get(id)?.operations.every(({ kind }) => kind === "confirm");
    if (undone.has(id) || isConfirm) return;
    undone.add(id);
    for (const act of this.#acts) {
      if (act.operation.kind === "redeem" && keyOf(act.operation.grant).startsWith(`${id}/`)) {
        this.#undo(act.told.id, undone);
      }
      const { standing } = act.told.header;
      if (standing !== null && keyOf(standing).startsWith(`${id}/`)) this.#undo(act.told.id, undone);
    }
  }

  #actsUnder(admission: Admission): Act[] {
    return this.#acts.filter((act) => this.#admissionUnder(act)?.act === admission.act);
  }

  #isUndone(told: Told): boolean {
    const { undone, prevailing } = this.#judged();
    const key = keyOf(told.header.standing as VersionId);
    const admission = this.#admissions.find(({ act }) => act.key === key) as Admission;
    if (undone.has(admission.act.told.id) || (admission.grant !== null && undone.has(admission.grant.told.id))) {
      return true;
    }
    return [...prevailing].some((revoke) => {
      if (!this.#ends(revoke, admission)) return false;
      if (this.past(told).has(revoke.told.id)) return true;
      const isKept = this.#finals.some((final) =>
        !this.past(final).has(revoke.told.id) &&
        final.operations.some((operation) =>
          operation.kind === "checkpoint" && this.#isInside(operation.frontier, told)
        )
      );
      return this.#reaches(revoke, told, admission) && !isKept;
    });
  }
}

function isCloseOf({ operation }: Act, invite: Act): boolean {
  return operation.kind === "revoke" && operation.target.kind === "invite" &&
    keyOf(operation.target.grant) === invite.key;
}

function frontierOf({ operation }: Act): Frontier | null {
  return operation.kind === "revoke" ? (operation as Revoke).frontier : null;
}

function rankOf({ depth, holder }: Admission, layer: number): Place[number] {
  return { layer, depth, peer: holder };
}

function comparePlaces(a: Place, b: Place): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const [x, y] = [a[i] as Place[number], b[i] as Place[number]];
    const order = x.layer - y.layer || x.depth - y.depth || (x.peer < y.peer ? -1 : x.peer > y.peer ? 1 : 0);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function parentsOf({ previous, parents }: Header): string[] {
  return [...(previous === null ? [] : [previous]), ...parents].map(toHex);
}

function keyOf({ transaction, index }: VersionId): string {
  return `${toHex(transaction)}/${index}`;
}
