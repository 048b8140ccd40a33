import { equal } from "../../lib/base/bytes.ts";
import { SigningKey } from "../../lib/crypto/sign.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { buildTransaction, type CheckedTransaction, toBytes } from "../../lib/data/transaction.ts";
import type { TransactionBytes } from "../../lib/wire/bundle.ts";
import type { Operation } from "../../lib/wire/operation.ts";
import { encodeHeader, type Header } from "../../lib/wire/transaction.ts";
import type { Prng } from "./prng.ts";
import type { SimPeer } from "./sim_peer.ts";

/** Makes what nobody may apply: transactions in others' names, with other values, or under no right standing. */
export class Forgeries {
  readonly #member: SimPeer;
  readonly #prng: Prng;

  /** @param member whose keys are used, and whose store says what there is to forge. */
  constructor(member: SimPeer, prng: Prng) {
    this.#member = member;
    this.#prng = prng;
  }

  /** Some forgeries for a target; none where there is nothing to forge from. */
  draw(target: SimPeer, space: Uint8Array): TransactionBytes[] {
    const { store } = this.#member;
    if (store.transactionsTotal === 0) return [];
    const honest = store.transactionByRow(1 + this.#prng.below(store.transactionsTotal));
    const genuine = store.load(honest.row);
    switch (this.#prng.below(6)) {
      case 0:
        // The next transaction of somebody else, under that writer's name, with a signature of its last one.
        return [this.#inNameOf(honest.header, honest.id, genuine.signature)];
      case 1: {
        // The same, signed by this member.
        const forged = this.#inNameOf(honest.header, honest.id, genuine.signature);
        return [{ ...forged, signature: this.#member.identity.sign("kith transaction 1", forged.header) }];
      }
      case 2: {
        // Genuine, with another value.
        const operations = genuine.operations.map(({ leaf, value }) => ({ leaf, value: value && this.#prng.bytes(9) }));
        return target.store.hasTransaction(honest.id) ? [] : [{ ...genuine, operations }];
      }
      case 3:
        // Rightly signed, under a standing that is somebody else's, or none.
        if (equal(honest.header.peer, this.#member.identity.peerId)) return [];
        return [toBytes(this.#signed(space, { standing: { transaction: honest.id, index: 0 } }, target.store.tips()))];
      case 4:
        // An unknown past, that will never come.
        return [toBytes(this.#signed(space, {}, [this.#prng.bytes(32)]))];
      default: {
        // Not allowed, and so that it has to wait: the sin shows when an honest parent comes.
        const parents = store.tips().filter((id) => !target.store.hasTransaction(id));
        if (parents.length === 0) return [];
        return [toBytes(this.#signed(space, { standing: { transaction: honest.id, index: 1 } }, parents))];
      }
    }
  }

  #inNameOf(last: Header, previous: Uint8Array, signature: Uint8Array): TransactionBytes {
    const made = buildTransaction(this.#member.identity, this.#prng.bytes(32), {
      ...last,
      sequence: last.sequence + 1,
      previous,
      parents: [],
      standing: last.standing ?? { transaction: previous, index: 0 },
      firstOperation: last.firstOperation + last.operationCount,
    }, [putOf(`forged/${this.#prng.below(100)}`, this.#prng.bytes(8))]);
    return { ...toBytes(made), header: encodeHeader(made.header), signature };
  }

  #signed(space: Uint8Array, change: Partial<Header>, parents: readonly Uint8Array[]): CheckedTransaction {
    const { identity } = this.#member;
    const grant: Operation = {
      kind: "grant",
      subjectKind: "peer",
      subject: SigningKey.fromSeed(this.#prng.bytes(32)).publicKey,
      role: "admin",
      prefix: "",
      expiresMs: 0,
      standingExpiresMs: 0,
      uses: 1,
      derivation: 1,
      mac: new Uint8Array(32),
    };
    const put = putOf(`forged/${this.#prng.below(100)}`, this.#prng.bytes(8));
    return buildTransaction(identity, space, {
      peer: identity.peerId,
      instance: this.#prng.bytes(16),
      sequence: 1,
      previous: null,
      parents,
      standing: { transaction: this.#prng.bytes(32), index: 0 },
      clock: { ms: 2 ** 40, count: 0 },
      firstOperation: 0,
      ...change,
    }, [this.#prng.chance(0.5) ? { operation: grant, value: null } : put]);
  }
}

/** A put that replaces nothing. */
export function putOf(key: string, value: Uint8Array): { operation: Operation; value: Uint8Array } {
  const operation: Operation = {
    kind: "put",
    key,
    names: [],
    media: "text/plain",
    length: value.length,
    hash: sha256(value),
  };
  return { operation, value };
}
