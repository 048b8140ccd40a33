import { Identity } from "../../lib/crypto/identity.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { buildTransaction, type CheckedTransaction, type TransactionPlan } from "../../lib/data/transaction.ts";
import type { Operation } from "../../lib/wire/operation.ts";
import { compare } from "../../lib/base/bytes.ts";
import { Prng } from "../sim/prng.ts";

/** A founder, its space, and transactions in it, rightly signed and numbered unless a test changes that. */
export class Writer {
  readonly random: Prng;
  readonly identity: Identity;
  readonly genesis: CheckedTransaction;
  #last: CheckedTransaction;

  constructor(seed = 1) {
    this.random = new Prng(seed);
    this.identity = Identity.generate(this.random);
    const operation: Operation = {
      kind: "genesis",
      nonce: this.random.bytes(32),
      sealingKey: this.identity.sealingPublicKey,
    };
    this.genesis = buildTransaction(this.identity, null, {
      peer: this.identity.peerId,
      instance: new Uint8Array(16).fill(seed),
      sequence: 1,
      previous: null,
      parents: [],
      standing: null,
      clock: { ms: 1, count: 0 },
      firstOperation: 0,
    }, [{ operation, value: null }]);
    this.#last = this.genesis;
  }

  /** The space's id. */
  get space(): Uint8Array {
    return this.genesis.id;
  }

  /** A transaction that puts a text, behind the last one; `change` alters its header. */
  put(key: string, text = "v", change: Partial<TransactionPlan> = {}): CheckedTransaction {
    const value = new TextEncoder().encode(text);
    const operation: Operation = {
      kind: "put",
      key,
      names: [],
      media: "text/plain",
      length: value.length,
      hash: sha256(value),
    };
    return this.write([{ operation, value }], change);
  }

  /** A transaction behind the last one. */
  write(
    entries: readonly { operation: Operation; value: Uint8Array | null }[],
    change: Partial<TransactionPlan> = {},
  ): CheckedTransaction {
    const { header } = this.#last;
    const plan = {
      peer: header.peer,
      instance: header.instance,
      sequence: header.sequence + 1,
      previous: this.#last.id,
      parents: [],
      standing: { transaction: this.space, index: 0 },
      clock: { ms: header.clock.ms + 1, count: 0 },
      firstOperation: header.firstOperation + header.operationCount,
      ...change,
    };
    const parents = [...plan.parents].sort(compare);
    this.#last = buildTransaction(this.identity, this.space, { ...plan, parents }, entries);
    return this.#last;
  }
}
