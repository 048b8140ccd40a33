import { compare, equal } from "../../lib/base/bytes.ts";
import { MAX_WAITING_TRANSACTIONS } from "../../lib/base/limits.ts";
import { buildTransaction, type CheckedTransaction, toBytes } from "../../lib/data/transaction.ts";
import type { TransactionBytes } from "../../lib/wire/bundle.ts";
import { briefOf } from "../../lib/wire/brief_frontier.ts";
import type { Frontier } from "../../lib/wire/frontier.ts";
import { type Message, MESSAGE_KINDS } from "../../lib/wire/message.ts";
import type { Operation } from "../../lib/wire/operation.ts";
import type { Stamp, VersionId, WriterId } from "../../lib/wire/transaction.ts";
import type { Equivocation } from "./checks/forks.ts";
import { putOf } from "./forgeries.ts";
import type { Prng } from "./prng.ts";
import type { SimPeer } from "./sim_peer.ts";

/** What a member can do that its signature allows, or that needs none. */
export const MISCHIEF = ["equivocate", "flood", "far_future", "claim", "replay", "truncate", "confirm"] as const;
export type Mischief = typeof MISCHIEF[number];

/** Something to be sent: a message, or a frame that is none. */
export type Shot = Message | { readonly type: "raw"; readonly kind: number; readonly body: Uint8Array };

/** Floods of one simulation: each costs as much as a hundred honest writes. */
const MAX_FLOODS = 2;

interface Chain {
  readonly writer: WriterId;
  /** Two histories of one writer: number by number they differ. */
  readonly sides: readonly [CheckedTransaction[], CheckedTransaction[]];
}

/** What a real member sends that its own program would not, though it may. */
export class MischiefMaker {
  readonly #member: SimPeer;
  readonly #prng: Prng;
  readonly #equivocations: Equivocation[];
  #chain: Chain | null = null;
  #floods = 0;

  /** @param equivocations takes what is signed twice. */
  constructor(member: SimPeer, prng: Prng, equivocations: Equivocation[]) {
    this.#member = member;
    this.#prng = prng;
    this.#equivocations = equivocations;
  }

  /** What to send to a target; nothing where the member is not in yet. */
  draw(kind: Mischief, target: SimPeer, space: Uint8Array): Shot[] {
    const { store } = this.#member;
    const prng = this.#prng;
    if (kind === "truncate") return [{ type: "raw", kind: MESSAGE_KINDS.transactions, body: prng.bytes(100) }];
    if (kind === "claim") return this.#claims();
    if (kind === "replay") {
      const rows = Array.from(
        { length: Math.min(20, store.transactionsTotal) },
        () => prng.below(store.transactionsTotal),
      );
      return transactions(rows.map((row) => store.load(row + 1)));
    }
    const standing = this.#standing();
    if (standing === null) return [];
    if (kind === "equivocate") return this.#equivocate(target, space, standing);
    if (kind === "confirm") return this.#confirm(target, space, standing);
    if (kind === "far_future") {
      return transactions([toBytes(this.#write(space, standing, { clock: { ms: 2 ** 47, count: 7 } }))]);
    }
    if (++this.#floods > MAX_FLOODS) return [];
    const parents = [prng.bytes(32)];
    const flood = Array.from(
      { length: MAX_WAITING_TRANSACTIONS + 20 },
      () => this.#write(space, standing, { parents }),
    );
    return transactions(flood.map(toBytes));
  }

  /** Says that it holds all of the target's newest checkpoint, whatever it holds. */
  #confirm(target: SimPeer, space: Uint8Array, standing: VersionId): Shot[] {
    const newest = target.store.membershipRows().findLast(({ operations }) => operations[0]?.kind === "checkpoint");
    if (newest === undefined) return [];
    const { id } = newest.transaction;
    const confirm = { kind: "confirm", checkpoint: { transaction: id, index: 0 } } as const;
    return transactions([
      toBytes(this.#write(space, standing, { parents: [id], entry: { operation: confirm, value: null } })),
    ]);
  }

  /** Each half of the peers hears one of two histories. */
  #equivocate(target: SimPeer, space: Uint8Array, standing: VersionId): Shot[] {
    const chain = this.#chain ??= {
      writer: { peer: this.#member.identity.peerId, instance: this.#prng.bytes(16) },
      sides: [[], []],
    };
    const { writer, sides } = chain;
    if (sides[0].length === 0 || this.#prng.chance(0.3)) {
      const made = sides.map((side) => {
        const next = this.#write(space, standing, { writer, after: side.at(-1) ?? null });
        side.push(next);
        return next.id;
      });
      this.#equivocations.push({ writer, sequence: sides[0].length, ids: made });
    }
    const side = sides[target.index % 2] as CheckedTransaction[];
    return transactions(side.map(toBytes));
  }

  /** Frontiers with heads that nobody has, under real writers and under such as do not exist; and states that are lies. */
  #claims(): Shot[] {
    const prng = this.#prng;
    const real = this.#member.store.frontier();
    const entries: Frontier = real.map(({ writer, heads }) => ({
      writer,
      heads: prng.chance(0.5)
        ? heads
        : [{ sequence: (heads.at(-1)?.sequence ?? 0) + prng.between(1, 5), id: prng.bytes(32) }],
    }));
    const unknown = { peer: prng.bytes(32), instance: prng.bytes(16) };
    const made = [...entries, { writer: unknown, heads: [{ sequence: 2 ** 40, id: prng.bytes(32) }] }];
    made.sort((a, b) => compare(a.writer.peer, b.writer.peer) || compare(a.writer.instance, b.writer.instance));
    return [
      { type: "frontier", entries: made },
      { type: "state", frontierHash: prng.bytes(32), digest: prng.bytes(32), entries: 2 ** 50, operations: 2 ** 50 },
      ...(prng.chance(0.5) ? [{ type: "summary", hash: prng.bytes(32), operations: 2 ** 50 } as const] : []),
      ...(prng.chance(0.5) ? [{ type: "brief", pulls: prng.chance(0.5), entries: briefOf(made) } as const] : []),
      { type: "pull" },
      ...(prng.chance(0.5) ? [{ type: "pulled" } as const] : []),
    ];
  }

  #write(
    space: Uint8Array,
    standing: VersionId,
    plan: {
      parents?: Uint8Array[];
      clock?: Stamp;
      writer?: WriterId;
      after?: CheckedTransaction | null;
      entry?: { operation: Operation; value: Uint8Array | null };
    },
  ): CheckedTransaction {
    const { identity, store, now } = this.#member;
    const { after = null } = plan;
    const writer = plan.writer ?? { peer: identity.peerId, instance: this.#prng.bytes(16) };
    const parents = (plan.parents ?? store.tips()).filter((id) => after === null || !equal(id, after.id));
    return buildTransaction(identity, space, {
      ...writer,
      sequence: (after?.header.sequence ?? 0) + 1,
      previous: after?.id ?? null,
      parents,
      standing,
      clock: plan.clock ?? { ms: Math.floor(now.wallMs), count: 0 },
      firstOperation: after === null ? 0 : after.header.firstOperation + after.header.operationCount,
    }, [plan.entry ?? putOf(`hot/${this.#prng.below(4)}`, this.#prng.bytes(8))]);
  }

  /** The redeem or genesis that the member acts under. */
  #standing(): VersionId | null {
    const { store, identity } = this.#member;
    for (let row = store.transactionsTotal; row > 0; row--) {
      const { header, id } = store.transactionByRow(row);
      if (equal(header.peer, identity.peerId)) return header.standing ?? { transaction: id, index: 0 };
    }
    return null;
  }
}

function transactions(list: readonly TransactionBytes[]): Shot[] {
  return list.length === 0 ? [] : [{ type: "transactions", list }];
}
