import { Identity, signWith, verifySigned } from "../../lib/crypto/identity.ts";
import { SigningKey } from "../../lib/crypto/sign.ts";
import { buildTransaction, type CheckedTransaction } from "../../lib/data/transaction.ts";
import { Membership } from "../../lib/space/membership.ts";
import { redeemMessage } from "../../lib/wire/authenticated.ts";
import { DOMAINS } from "../../lib/wire/domains.ts";
import type { Frontier } from "../../lib/wire/frontier.ts";
import type { Grant, Operation } from "../../lib/wire/operation.ts";
import type { VersionId } from "../../lib/wire/transaction.ts";
import { compare } from "../../lib/base/bytes.ts";
import { Prng } from "../sim/prng.ts";

/** A transaction of a history, with the rows of the membership transactions in its past. */
export interface Entry {
  readonly transaction: CheckedTransaction;
  readonly row: number;
  readonly past: ReadonlySet<number>;
}

/** An invite: its grant, and the key that a ticket holds. */
export interface Invite {
  readonly entry: Entry;
  readonly key: SigningKey;
  readonly version: VersionId;
}

/** A membership history that a test writes by hand, with whatever past it likes; each entry says what was its past. */
export class History {
  readonly random = new Prng(5);
  readonly membership: Membership;
  readonly founder = this.peer();
  readonly genesis: Entry;
  readonly space: Uint8Array;
  readonly #contexts: (readonly number[])[] = [[]];
  readonly #sequences = new Map<Identity, { count: number; last: Uint8Array | null; operations: number }>();
  readonly #headers: CheckedTransaction[] = [];
  #rows = 0;

  constructor() {
    this.membership = new Membership((context) => this.#contexts[context] as readonly number[], verifySigned, {
      isInside: (frontier, row) => this.#isInside(frontier, row),
      isUndone: () => false,
      dataOf: () => [],
    });
    const transaction = this.#build(
      this.founder,
      [{
        kind: "genesis",
        nonce: this.random.bytes(32),
        sealingKey: this.founder.sealingPublicKey,
      }],
      null,
      [],
      null,
    );
    this.space = transaction.id;
    this.genesis = this.add(transaction, []);
  }

  /** An identity. */
  peer(): Identity {
    return Identity.generate(this.random);
  }

  /** The standing of operation 0 of an entry. */
  standing(entry: Entry): VersionId {
    return { transaction: entry.transaction.id, index: 0 };
  }

  /** Why a transaction is refused, given its past; null where it is not. It is not taken in. */
  judge(
    writer: Identity,
    operations: readonly Operation[],
    standing: VersionId | null,
    past: readonly Entry[],
  ): string | null {
    const transaction = this.#build(writer, operations, standing, past, this.space);
    return this.membership.judge(transaction, this.#context(past), this.space);
  }

  /** Writes a membership transaction, and takes it in whatever the judgement. */
  write(writer: Identity, operations: readonly Operation[], standing: VersionId | null, past: readonly Entry[]): Entry {
    return this.add(this.#build(writer, operations, standing, past, this.space), past);
  }

  /** Takes a transaction in. */
  add(transaction: CheckedTransaction, past: readonly Entry[]): Entry {
    const row = ++this.#rows;
    this.#headers.push(transaction);
    const context = this.#context(past);
    this.membership.add(transaction, transaction.operations.map(({ operation }) => operation), row, context);
    return { transaction, row, past: new Set(this.#contexts[context]) };
  }

  /** An admin's invite. */
  invite(admin: Identity, standing: VersionId, past: readonly Entry[], change: Partial<Grant> = {}): Invite {
    const key = SigningKey.fromSeed(this.random.bytes(32));
    const grant: Grant = {
      kind: "grant",
      subjectKind: "invite",
      subject: key.publicKey,
      role: "writer",
      prefix: "",
      expiresMs: 0,
      standingExpiresMs: 0,
      uses: 1,
      derivation: 1,
      mac: new Uint8Array(32),
      ...change,
    };
    const entry = this.write(admin, [grant], standing, past);
    return { entry, key, version: this.standing(entry) };
  }

  /** The operation by which a peer takes up an invite. */
  redeem(joiner: Identity, invite: Invite, key: SigningKey = invite.key): Operation {
    return {
      kind: "redeem",
      grant: invite.version,
      signature: signWith(key, DOMAINS.redeem, redeemMessage(this.space, joiner.peerId)),
      sealingKey: joiner.sealingPublicKey,
    };
  }

  /** No writer here has a fork. */
  #isInside(frontier: Frontier, row: number): boolean {
    const { header } = this.#headers[row - 1] as CheckedTransaction;
    return frontier.some(({ writer, heads }) =>
      compare(writer.peer, header.peer) === 0 && heads.some(({ sequence }) => sequence >= header.sequence)
    );
  }

  #context(past: readonly Entry[]): number {
    const rows = new Set<number>();
    for (const { row, past: before } of past) {
      rows.add(row);
      for (const earlier of before) rows.add(earlier);
    }
    return this.#contexts.push([...rows].sort((a, b) => a - b)) - 1;
  }

  #build(
    writer: Identity,
    operations: readonly Operation[],
    standing: VersionId | null,
    past: readonly Entry[],
    space: Uint8Array | null,
  ): CheckedTransaction {
    const before = this.#sequences.get(writer) ?? { count: 0, last: null, operations: 0 };
    const parents = past.map(({ transaction }) => transaction.id)
      .filter((id) => before.last === null || compare(id, before.last) !== 0).sort(compare);
    const transaction = buildTransaction(writer, space, {
      peer: writer.peerId,
      instance: new Uint8Array(16),
      sequence: before.count + 1,
      previous: before.last,
      parents,
      standing,
      clock: { ms: 1000 + this.#rows, count: 0 },
      firstOperation: before.operations,
    }, operations.map((operation) => ({ operation, value: null })));
    this.#sequences.set(writer, {
      count: before.count + 1,
      last: transaction.id,
      operations: before.operations + operations.length,
    });
    return transaction;
  }
}
