import { compare, toHex, utf8Encode } from "../../lib/base/bytes.ts";
import { DIGEST_LEAF_OPERATIONS } from "../../lib/base/limits.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { DIGEST_FAN_OUT, DIGEST_INNER_LEVELS, digestRoot, innerHash, leafHash } from "../../lib/data/digest.ts";
import type { CheckedTransaction } from "../../lib/data/transaction.ts";
import { compareHeads, encodeFrontier, type Frontier } from "../../lib/wire/frontier.ts";
import { compareStamps, compareVersionIds, compareWriterIds, type VersionId } from "../../lib/wire/transaction.ts";

/** One operation on a key, as the model sees it. */
export interface ModelVersion {
  readonly id: VersionId;
  readonly transaction: CheckedTransaction;
  readonly operation: CheckedTransaction["operations"][number]["operation"];
  readonly value: Uint8Array | null;
}

/** The state of a space by the rules alone: everything is worked out again from the list of transactions. */
export class Model {
  /** @param undone ids of the transactions that are undone, in hexadecimal. */
  constructor(readonly held: readonly CheckedTransaction[], readonly undone: ReadonlySet<string> = new Set()) {}

  isUndone({ id }: CheckedTransaction): boolean {
    return this.undone.has(toHex(id));
  }

  /** All operations, in row order. */
  versions(): ModelVersion[] {
    return this.held.flatMap((transaction) =>
      transaction.operations.map(({ operation, value }, index) => ({
        id: { transaction: transaction.id, index },
        transaction,
        operation,
        value,
      }))
    );
  }

  /** The live versions of every key, the winner first; keys in order. */
  live(): Map<string, ModelVersion[]> {
    const live = this.unnamed("put");
    for (const versions of live.values()) {
      versions.sort((a, b) =>
        compareStamps(b.transaction.header.clock, a.transaction.header.clock) || compareVersionIds(b.id, a.id)
      );
    }
    return new Map([...live].sort(([a], [b]) => compare(utf8Encode(a), utf8Encode(b))));
  }

  /** By key, the puts or the dels that are not undone, and that none that is not undone replaces, in row order. */
  unnamed(kind: "put" | "del"): Map<string, ModelVersion[]> {
    const namers = this.namers();
    const isReplaced = (id: string): boolean =>
      (namers.get(id) ?? []).some((by) => !this.isUndone(by.transaction) || isReplaced(textOf(by.id)));
    const unnamed = new Map<string, ModelVersion[]>();
    for (const version of this.versions()) {
      const { operation, id, transaction } = version;
      if (operation.kind !== kind || this.isUndone(transaction) || isReplaced(textOf(id))) continue;
      unnamed.set(operation.key, [...unnamed.get(operation.key) ?? [], version]);
    }
    return unnamed;
  }

  /** By version, the operations that name it under its own key. */
  namers(): Map<string, ModelVersion[]> {
    const byId = new Map(this.versions().map((version) => [textOf(version.id), version]));
    const namers = new Map<string, ModelVersion[]>();
    for (const by of byId.values()) {
      const { operation } = by;
      for (const name of operation.kind === "put" || operation.kind === "del" ? operation.names : []) {
        const named = byId.get(textOf(name))?.operation;
        if (named === undefined || !("key" in named) || !("key" in operation) || named.key !== operation.key) continue;
        namers.set(textOf(name), [...namers.get(textOf(name)) ?? [], by]);
      }
    }
    return namers;
  }

  /** The undone puts and dels that nothing names, in row order. */
  undoneEnds(): ModelVersion[] {
    const namers = this.namers();
    return this.versions().filter(({ id, transaction, operation }) =>
      this.isUndone(transaction) && "key" in operation && !namers.has(textOf(id))
    );
  }

  /** Transactions that none names as previous or parent. */
  tips(): Uint8Array[] {
    const named = new Set(
      this.held.flatMap(({ header }) => [header.previous ?? new Uint8Array(), ...header.parents].map(toHex)),
    );
    return this.held.map(({ id }) => id).filter((id) => !named.has(toHex(id))).sort(compare);
  }

  frontier(): Frontier {
    const previous = new Set(this.held.map(({ header }) => toHex(header.previous ?? new Uint8Array())));
    const byWriter = Map.groupBy(this.held, ({ header }) => toHex(header.peer) + toHex(header.instance));
    return [...byWriter.values()].map((transactions) => ({
      writer: { peer: transactions[0]!.header.peer, instance: transactions[0]!.header.instance },
      heads: transactions.filter(({ id }) => !previous.has(toHex(id))).map(({ id, header }) => ({
        sequence: header.sequence,
        id,
      })).sort(compareHeads),
    })).sort((a, b) => compareWriterIds(a.writer, b.writer));
  }

  frontierHash(): Uint8Array {
    return sha256(encodeFrontier(this.frontier()));
  }

  digest(): Uint8Array {
    const live = [...this.live().values()].flat();
    const byWriter = Map.groupBy(live, ({ transaction: { header } }) => toHex(header.peer) + toHex(header.instance));
    const writers = [...byWriter.values()].map((versions) => {
      const leaves = Map.groupBy(versions, (version) => Math.floor(numberOf(version) / DIGEST_LEAF_OPERATIONS));
      let level = new Map(
        [...leaves].map(([leaf, inLeaf]) => {
          const sorted = inLeaf.toSorted((a, b) => numberOf(a) - numberOf(b) || compareVersionIds(a.id, b.id));
          return [leaf, leafHash(sorted.map(({ id }) => id))];
        }),
      );
      for (let i = 0; i < DIGEST_INNER_LEVELS; i++) {
        const parents = Map.groupBy(level.keys(), (node) => Math.floor(node / DIGEST_FAN_OUT));
        level = new Map(
          [...parents].map(([parent, nodes]) => [
            parent,
            innerHash(
              nodes.toSorted((a, b) => a - b).map((node) => ({
                position: node % DIGEST_FAN_OUT,
                hash: level.get(node) as Uint8Array,
              })),
            ),
          ]),
        );
      }
      return { writer: versions[0]!.transaction.header, tree: level.get(0) as Uint8Array };
    });
    const acts = this.versions().filter(({ transaction }) =>
      transaction.header.class === "membership" && !this.isUndone(transaction)
    );
    return digestRoot(writers, acts.map(({ id }) => id));
  }

  /** Rows of transactions above the sequence numbers that another has. */
  lackingRows(theirs: ReadonlyMap<string, number>): number[] {
    return this.held.flatMap(({ header }, i) =>
      header.sequence > (theirs.get(toHex(header.peer) + toHex(header.instance)) ?? 0) ? [i + 1] : []
    );
  }
}

/** A version id as text. */
export function textOf({ transaction, index }: VersionId): string {
  return `${toHex(transaction)} ${index}`;
}

function numberOf({ transaction, id }: ModelVersion): number {
  return transaction.header.firstOperation + id.index;
}
