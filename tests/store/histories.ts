import fc from "fast-check";
import { sha256 } from "../../lib/crypto/hash.ts";
import type { CheckedTransaction } from "../../lib/data/transaction.ts";
import { MerkleTree } from "../../lib/data/merkle_tree.ts";
import { utf8Encode } from "../../lib/base/bytes.ts";
import type { Random } from "../../lib/base/random.ts";
import { encodeOperation, type Operation } from "../../lib/wire/operation.ts";
import {
  compareVersionIds,
  encodeHeader,
  type Header,
  type VersionId,
  type WriterId,
} from "../../lib/wire/transaction.ts";
import { compare, toHex } from "../../lib/base/bytes.ts";

/** A random source that counts: each call gives other bytes. */
export function countingRandom(): Random {
  let calls = 0;
  return { bytes: (size) => sha256(utf8Encode(`random ${calls++}`)).slice(0, size) };
}

/** A writer by number. */
export function writerOf(number: number): WriterId {
  return { peer: sha256(utf8Encode(`peer ${number}`)), instance: sha256(utf8Encode(`life ${number}`)).slice(0, 16) };
}

/** What a test wants an operation to be. */
export type OperationPlan =
  | { put: string; value?: string | Uint8Array; names?: readonly VersionId[] }
  | { del: string; names?: readonly VersionId[] }
  | { genesis: number };

/** What a test wants a transaction to be. */
export interface TransactionPlan {
  writer?: number;
  previous?: CheckedTransaction | null;
  parents?: readonly CheckedTransaction[];
  ms?: number;
  /** Numbers left out before its first operation, so that few operations reach into many leaves of the digest. */
  gap?: number;
  operations: readonly OperationPlan[];
}

/** A transaction as it would be after its check; its signature is not one. */
export function transactionOf(plan: TransactionPlan): CheckedTransaction {
  const { writer = 0, previous = null, parents = [], ms = 1_000, gap = 0 } = plan;
  const operations = plan.operations.map(recordOf);
  const { root, subtrees } = MerkleTree.over(operations.map(({ leaf }) => leaf));
  const before = previous?.header;
  const header: Header = {
    ...writerOf(writer),
    sequence: (before?.sequence ?? 0) + 1,
    previous: previous?.id ?? null,
    parents: parents.map(({ id }) => id).filter((id) => previous === null || toHex(id) !== toHex(previous.id))
      .sort(compare),
    standing: null,
    clock: { ms, count: 0 },
    firstOperation: before === undefined ? 0 : before.firstOperation + before.operationCount + gap,
    operationCount: operations.length,
    class: plan.operations.some((operation) => "genesis" in operation) ? "membership" : "data",
    root,
  };
  const headerBytes = encodeHeader(header).slice();
  const id = sha256(headerBytes);
  return { id, header, headerBytes, signature: new Uint8Array([...id, ...id]), operations, subtrees };
}

/** The version that an operation of a transaction is. */
export function versionOf(transaction: CheckedTransaction, index = 0): VersionId {
  return { transaction: transaction.id, index };
}

function recordOf(plan: OperationPlan): CheckedTransaction["operations"][number] {
  if ("genesis" in plan) {
    const nonce = sha256(utf8Encode(`genesis ${plan.genesis}`));
    const operation: Operation = { kind: "genesis", nonce, sealingKey: nonce };
    return { operation, leaf: encodeOperation(operation).slice(), value: null };
  }
  const names = [...plan.names ?? []].sort(compareVersionIds);
  if ("del" in plan) {
    const operation: Operation = { kind: "del", key: plan.del, names };
    return { operation, leaf: encodeOperation(operation).slice(), value: null };
  }
  const value = plan.value instanceof Uint8Array ? plan.value : utf8Encode(plan.value ?? "v");
  const operation: Operation = {
    kind: "put",
    key: plan.put,
    names,
    media: "text/plain",
    length: value.length,
    hash: sha256(value),
  };
  return { operation, leaf: encodeOperation(operation).slice(), value };
}

const KEYS = ["a", "a/b", "a/ü", "b", "zz/\u{1f600}"];

const operationChoice = fc.record({
  key: fc.nat(),
  isDel: fc.boolean(),
  names: fc.array(fc.nat(), { maxLength: 3 }),
  value: fc.string({ maxLength: 8 }),
});

const transactionChoice = fc.record({
  writer: fc.nat(3),
  /** Whether it follows an older transaction of its writer than the newest: a fork. */
  isFork: fc.boolean(),
  previous: fc.nat(),
  parents: fc.array(fc.nat(), { maxLength: 2 }),
  ms: fc.nat(5),
  gap: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(1_000_000) }),
  isMembership: fc.boolean(),
  operations: fc.array(operationChoice, { maxLength: 5 }),
});

/**
 * Histories: transactions in an order in which each follows its parents, with forks, concurrent writes, dels,
 * membership, and names of any earlier version, of another key, and of places where there is no operation.
 */
export const histories: fc.Arbitrary<CheckedTransaction[]> = historiesOver(KEYS.length, false);

/** The same with names of late versions of the same key: in long chains. */
export const chains: fc.Arbitrary<CheckedTransaction[]> = historiesOver(2, true);

function historiesOver(keyCount: number, sameKey: boolean): fc.Arbitrary<CheckedTransaction[]> {
  return fc.array(transactionChoice, { minLength: sameKey ? 12 : 1, maxLength: 25, size: "max" })
    .map((choices) => historyOf(choices, KEYS.slice(0, keyCount), sameKey));
}

type TransactionChoice = typeof transactionChoice extends fc.Arbitrary<infer T> ? T : never;

function historyOf(
  choices: readonly TransactionChoice[],
  among: readonly string[],
  sameKey: boolean,
): CheckedTransaction[] {
  const history: CheckedTransaction[] = [];
  const versions: VersionId[] = [];
  const ofKey = new Map<string, VersionId[]>();
  const seen = new Set<string>();
  for (const [i, choice] of choices.entries()) {
    const peer = toHex(writerOf(choice.writer).peer);
    const own = history.filter(({ header }) => toHex(header.peer) === peer);
    const previous = choice.isFork ? own[choice.previous % (own.length + 1)] : own.at(-1);
    const parents = new Set(choice.parents.flatMap((n) => history[n % Math.max(1, history.length)] ?? []));
    const keys = new Set<string>();
    const operations: OperationPlan[] = choice.isMembership
      ? [{ genesis: i }]
      : choice.operations.flatMap((choice): OperationPlan[] => {
        const key = among[choice.key % among.length] as string;
        if (keys.has(key)) return [];
        keys.add(key);
        const named = sameKey ? (ofKey.get(key) ?? []).slice(-2) : versions;
        const picked = choice.names.map((n) => named[n % Math.max(1, named.length)]);
        const names = distinct(picked.filter((name) => name !== undefined));
        return choice.isDel ? [{ del: key, names }] : [{ put: key, names, value: choice.value }];
      });
    const { writer, ms, gap } = choice;
    const transaction = transactionOf({
      writer,
      previous: previous ?? null,
      parents: [...parents],
      ms,
      gap,
      operations,
    });
    if (seen.has(toHex(transaction.id))) continue;
    seen.add(toHex(transaction.id));
    history.push(transaction);
    for (const [index, { operation }] of transaction.operations.entries()) {
      versions.push(versionOf(transaction, index));
      if (!("key" in operation)) continue;
      ofKey.set(operation.key, [...ofKey.get(operation.key) ?? [], versionOf(transaction, index)]);
    }
    if (choice.isFork) versions.push(versionOf(transaction, 9));
  }
  return history;
}

/** The transactions of a history whose parents are held. */
export function ready(
  history: readonly CheckedTransaction[],
  held: readonly CheckedTransaction[],
): CheckedTransaction[] {
  const ids = new Set(held.map(({ id }) => toHex(id)));
  return history.filter(({ id, header }) =>
    !ids.has(toHex(id)) && (header.previous === null || ids.has(toHex(header.previous))) &&
    header.parents.every((parent) => ids.has(toHex(parent)))
  );
}

function distinct(names: readonly VersionId[]): VersionId[] {
  return [...new Map(names.map((name) => [`${toHex(name.transaction)} ${name.index}`, name])).values()];
}
