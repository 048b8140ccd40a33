import { compare, fromHex, toHex } from "../../lib/base/bytes.ts";
import type { Frontier } from "../../lib/wire/frontier.ts";
import type { Grant, Operation } from "../../lib/wire/operation.ts";
import type { VersionId } from "../../lib/wire/transaction.ts";
import type { Prng } from "../sim/prng.ts";
import { NaiveJudge, type Told } from "./naive_judge.ts";

const PREFIXES = ["", "", "", "a/"];

interface Person {
  readonly peer: Uint8Array;
  /** Ids that it has seen, in the order of the history. */
  seen: Set<string>;
  /** Ids of its own, in order. */
  readonly own: Told[];
}

/**
 * A membership history by chance: some people who see each other's writes now and then, and let in, remove and promote
 * each other, write, use invites too often, and sometimes act upon less than they have seen.
 */
export class RemovalHistory {
  /** What was accepted, parents before children. */
  readonly accepted: Told[] = [];
  /** What its own past does not allow. */
  readonly refused: Told[] = [];
  readonly #prng: Prng;
  readonly #people: Person[] = [];
  /** By hexadecimal id of the transaction, the peer whose invite it is. */
  readonly #invites: { readonly grant: VersionId; readonly uses: number }[] = [];
  #isOwnDoing = true;

  constructor(prng: Prng, steps: number) {
    this.#prng = prng;
    for (let i = 0; i < 6; i++) this.#people.push({ peer: prng.bytes(32).slice(), seen: new Set(), own: [] });
    const founder = this.#people[0] as Person;
    this.#write(
      founder,
      [{ kind: "genesis", nonce: new Uint8Array(32), sealingKey: new Uint8Array(32) }],
      null,
      founder.seen,
    );
    this.#settle();
    for (let i = 0; i < steps; i++) this.#step();
  }

  /** A peer that, by all it has seen, is a member, could not write; null where there was none. */
  lockedOut: string | null = null;

  /** Everybody of the first three is let in as an admin, so that there is somebody to disagree. */
  #settle(): void {
    const [founder, ...others] = this.#people as [Person, ...Person[]];
    for (const [i, person] of others.entries()) {
      if (i > 2) return;
      this.#see(person, founder);
      this.#invite(founder, i < 2 ? "admin" : "writer", "", 1 + this.#prng.below(2));
      this.#redeem(person, founder);
      this.#see(founder, person);
    }
  }

  #step(): void {
    const { pick, chance, below } = this.#bound();
    const person = pick(this.#people);
    const other = pick(this.#people.filter((one) => one !== person));
    // Some act upon less than they know, as who back-dates does.
    this.#isOwnDoing = chance(0.85);
    switch (below(14)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return this.#see(person, other);
      case 4:
      case 5:
      case 6:
        return this.#act(person, () => [{ kind: "del", key: pick(["a/1", "b/1"]), names: [] }]);
      case 7:
        return this.#invite(person, pick(["admin", "admin", "writer", "reader"]), pick(PREFIXES), 1 + below(2));
      case 8:
        return this.#redeem(person, other);
      case 9:
        return this.#act(
          person,
          () => [this.#grantTo(other.peer, pick(["admin", "writer", "reader"]), pick(PREFIXES))],
        );
      case 10:
      case 11:
        return this.#remove(person, other);
      case 12:
        return this.#act(person, () => [revokeOf(chance(0.5) ? person.peer : other.peer, null)]);
      default:
        return chance(0.4) ? this.#close(person) : this.#checkpoint(person);
    }
  }

  #bound() {
    const prng = this.#prng;
    return {
      pick: <Item>(items: readonly Item[]) => prng.pick(items),
      chance: (p: number) => prng.chance(p),
      below: (limit: number) => prng.below(limit),
    };
  }

  #see(person: Person, other: Person): void {
    person.seen = new Set([...person.seen, ...other.seen]);
  }

  /** Acts under one of its standings; where it acts by all that it has seen and is a member, that must be allowed. */
  #act(person: Person, make: (seen: ReadonlySet<string>) => Operation[], upon: readonly string[] = []): void {
    const seen = this.#view(person);
    const view = new NaiveJudge(this.accepted.filter(({ id }) => person.seen.has(id)));
    const live = view.standingsOf(person.peer);
    const any = this.accepted.flatMap((told) =>
      told.operations.flatMap((operation, index) => view.admissionOf({ told, operation, key: `${told.id}/${index}` }))
    ).filter(({ holder, act }) => holder === toHex(person.peer) && person.seen.has(act.told.id));
    const standing = this.#isOwnDoing ? live.at(-1) : any.length === 0 ? undefined : this.#prng.pick(any);
    if (standing === undefined) return;
    const { told, key } = standing.act;
    const isAllowed = this.#write(
      person,
      make(seen),
      { transaction: told.bytes, index: Number(key.split("/")[1]) },
      new Set([...seen, ...upon]),
      upon,
    );
    if (!isAllowed && this.#isOwnDoing && standing.role === "admin" && standing.prefix === "") {
      this.lockedOut ??= `${this.refused.at(-1)?.id} by ${standing.holder}`;
    }
  }

  /** What a write builds upon: all that its writer has seen, or its own past and some of the rest. */
  #view(person: Person): Set<string> {
    if (this.#isOwnDoing || person.seen.size === 0) return person.seen;
    const last = person.own.at(-1);
    const seen = new Set<string>(last === undefined ? [] : [last.id, ...new NaiveJudge(this.accepted).past(last)]);
    const from = this.#prng.pick([...person.seen]);
    const told = this.accepted.find(({ id }) => id === from) as Told;
    for (const id of [from, ...new NaiveJudge(this.accepted).past(told)]) seen.add(id);
    return seen;
  }

  #invite(person: Person, role: Grant["role"], prefix: string, uses: number): void {
    const before = this.accepted.length;
    this.#act(
      person,
      () => [{ ...this.#grantTo(this.#prng.bytes(32).slice(), role, prefix), subjectKind: "invite", uses }],
    );
    const told = this.accepted[before];
    if (told !== undefined) this.#invites.push({ grant: { transaction: told.bytes, index: 0 }, uses });
  }

  #redeem(person: Person, door: Person): void {
    const known = this.#invites.filter(({ grant }) => door.seen.has(toHex(grant.transaction)));
    if (known.length === 0) return;
    const { grant } = this.#prng.pick(known);
    const redeem: Operation = { kind: "redeem", grant, signature: new Uint8Array(64), sealingKey: new Uint8Array(32) };
    this.#write(person, [redeem], null, new Set([...door.seen, ...person.own.map(({ id }) => id)]));
    if (person.own.at(-1)?.operations[0] === redeem) this.#see(person, door);
  }

  #grantTo(subject: Uint8Array, role: Grant["role"], prefix: string): Grant {
    return {
      ...{ kind: "grant", subjectKind: "peer", subject, role, prefix, expiresMs: 0, standingExpiresMs: 0, uses: 1 },
      ...{ derivation: 1, mac: new Uint8Array(32) },
    };
  }

  /** A removal; with the frontier that its writer has seen, or with one that goes back behind it. */
  #remove(person: Person, target: Person): void {
    const seen = this.#view(person);
    const last = target.own.findLast(({ id }) => seen.has(id));
    const head = this.#prng.chance(0.8)
      ? last
      : this.#prng.pick([undefined, ...target.own.filter(({ id }) => seen.has(id))]);
    const frontier: Frontier = head === undefined ? [] : [{
      writer: { peer: target.peer, instance: new Uint8Array(16) },
      heads: [{ sequence: head.header.sequence, id: head.bytes }],
    }];
    this.#act(person, () => [revokeOf(target.peer, frontier)], head === undefined ? [] : [head.id]);
  }

  #close(person: Person): void {
    const known = this.#invites.filter(({ grant }) => person.seen.has(toHex(grant.transaction)));
    if (known.length === 0) return;
    const { grant } = this.#prng.pick(known);
    this.#act(person, () => [{ kind: "revoke", target: { kind: "invite", grant }, frontier: null, sealed: [] }]);
  }

  /** An admin's checkpoint, and the confirms of all that are members to it, so that it may become final. */
  #checkpoint(person: Person): void {
    const before = this.accepted.length;
    const heads = new Map<Person, Told>();
    for (const other of this.#people) {
      const inside = other.own.filter(({ id }) => person.seen.has(id));
      const head = inside[this.#prng.below(inside.length + 1)];
      if (head !== undefined) heads.set(other, head);
    }
    const frontier: Frontier = [...heads].map(([{ peer }, { header, bytes }]) => ({
      writer: { peer, instance: new Uint8Array(16) },
      heads: [{ sequence: header.sequence, id: bytes }],
    })).sort((a, b) => compare(a.writer.peer, b.writer.peer));
    const digest = new Uint8Array(32);
    this.#isOwnDoing = true;
    this.#act(person, () => [{ kind: "checkpoint", frontier, digest, absent: [] }]);
    const told = this.accepted[before];
    if (told === undefined) return;
    const checkpoint = { transaction: told.bytes, index: 0 };
    for (const other of this.#people) {
      if (other === person || this.#prng.chance(0.1)) continue;
      this.#see(other, person);
      this.#act(other, () => [{ kind: "confirm", checkpoint }]);
      if (this.#prng.chance(0.5)) this.#see(person, other);
    }
  }

  #write(
    person: Person,
    operations: readonly Operation[],
    standing: VersionId | null,
    upon: ReadonlySet<string>,
    also: readonly string[] = [],
  ): boolean {
    const judge = new NaiveJudge(this.accepted);
    const last = person.own.at(-1);
    const covered = new Set(
      [...upon].flatMap((id) => [...judge.past(this.accepted.find((told) => told.id === id) as Told)]),
    );
    const parents = [...new Set([...[...upon].filter((id) => !covered.has(id)), ...also])].filter((id) =>
      id !== last?.id
    );
    const bytes = this.#prng.bytes(32).slice();
    const isData = operations.every(({ kind }) => kind === "put" || kind === "del");
    const told: Told = {
      id: toHex(bytes),
      bytes,
      header: {
        ...{ peer: person.peer, instance: new Uint8Array(16), sequence: person.own.length + 1 },
        previous: last?.bytes ?? null,
        parents: parents.map(fromHex).sort(compare),
        ...{
          standing,
          clock: { ms: this.accepted.length, count: 0 },
          firstOperation: 0,
          operationCount: operations.length,
        },
        ...{ class: isData ? "data" : "membership", root: new Uint8Array(32) },
      },
      operations,
    };
    if (!judge.accepts(told)) {
      this.refused.push(told);
      return false;
    }
    this.accepted.push(told);
    person.own.push(told);
    person.seen = new Set([...person.seen, ...upon, told.id]);
    return true;
  }
}

function revokeOf(peer: Uint8Array, frontier: Frontier | null): Operation {
  return { kind: "revoke", target: { kind: "peer", peer }, frontier, sealed: [] };
}
