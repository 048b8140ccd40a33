import { toHex, utf8Encode } from "../../lib/base/bytes.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import type { Identity } from "../../lib/crypto/identity.ts";
import { HybridClock } from "../../lib/data/clock.ts";
import type { CheckedTransaction, Verify } from "../../lib/data/transaction.ts";
import { WaitingRoom } from "../../lib/peer/waiting_room.ts";
import { Store } from "../../lib/store/store.ts";
import { Replica } from "../../lib/sync/replica.ts";
import type { CheckerName } from "./checks.ts";
import type { Habits } from "./habits.ts";
import { lyingStore } from "./lying_store.ts";
import type { Prng } from "./prng.ts";

/** The peer in which a bug is planted. */
export interface PlantedPeer {
  readonly index: number;
  readonly identity: Identity;
  readonly prng: Prng;
}

/** A bug that is planted, to see that a checker finds it. */
export interface Plant {
  /** Who is to find it, by itself; null for the end of the run, which must come. */
  readonly checker: CheckerName | null;
  /** What it says then. */
  readonly finding: RegExp;
  /** What has to be on, so that the bug can show. */
  readonly habits?: Partial<Habits>;
  /** Puts another store in front of the true one. */
  readonly wrap?: (store: Store, peer: PlantedPeer) => Store;
  /** Checks signatures in place of the true check. */
  readonly verify?: Verify;
  /** Puts the bug into the code itself. @returns what takes it out again. */
  readonly install?: () => () => void;
}

/** All of them, by name. */
export const PLANTS: Readonly<Record<string, Plant>> = {
  ack_before_commit: {
    checker: "no_write_lost",
    finding: /lost the (?:put|del) of \S+ that peer \d+ acknowledged/,
    wrap: lyingStore,
  },
  tell_before_commit: { checker: "frontiers", finding: /went back/, wrap: lyingStore },
  skip_signature: {
    checker: "signed",
    finding: /applied the forged transaction|signature is wrong/,
    habits: { attacks: ["forge"] },
    verify: () => true,
  },
  believe_in_parents: { checker: "causality", finding: /before its parent/, wrap: credulousStore },
  keep_instance: {
    checker: "numbers",
    finding: /signed number \d+ twice|goes on counting/,
    habits: { loseCommits: 0.3 },
    wrap: (store) => standIn(store, { renewInstance: () => store.instance }),
  },
  trust_clocks: {
    checker: "clocks",
    finding: /ahead of its clock/,
    habits: { attacks: ["far_future"] },
    install: () =>
      replace(HybridClock.prototype, "observe", (observe) =>
        function (this: HybridClock, stamp) {
          return observe.call(this, stamp, Infinity);
        }),
  },
  endless_waiting: {
    checker: "bounds",
    finding: /keeps \d+ waiting/,
    habits: { attacks: ["flood"], attack: 4, peers: 2 },
    install: () => {
      let fresh = 2 ** 40;
      return replace(WaitingRoom.prototype, "add", (add) =>
        function (this: WaitingRoom, transaction, missing) {
          return add.call(this, transaction, missing, fresh++);
        });
    },
  },
  weak_digest: {
    checker: "digests",
    finding: /the digest of peer \d+, worked out anew/,
    install: () =>
      replace(Store.prototype, "digest", () =>
        function (this: Store) {
          return sha256(utf8Encode(`${this.entries}`));
        }),
  },
  other_winner: {
    checker: "one_outcome",
    finding: /(?:entries|conflicts) of peer/,
    wrap: (store, { index }) =>
      index % 2 === 0 ? store : standIn(store, { live: (key: string) => store.live(key).reverse() }),
  },
  hide_forks: {
    checker: "forks",
    finding: /tells nobody of the fork/,
    habits: { attacks: ["equivocate"], attack: 4 },
    install: () =>
      replace(Store.prototype, "frontier", (frontier) =>
        function (this: Store) {
          return frontier.call(this).map(({ writer, heads }) => ({ writer, heads: heads.slice(-1) }));
        }),
  },
  never_pull: {
    checker: null,
    finding: /not healed/,
    install: () => replace(Replica.prototype, "unknownHeads", () => function* () {}),
  },
};

/** Believes now and then that it holds what it does not, as by a filter that answers wrongly. */
function credulousStore(store: Store, { prng }: PlantedPeer): Store {
  const believed = new Set<string>();
  return standIn(store, {
    hasTransaction: (id: Uint8Array) => {
      if (store.hasTransaction(id)) return true;
      const isBelieved = store.transactionsTotal > 0 && prng.chance(0.05);
      if (isBelieved) believed.add(toHex(id));
      return isBelieved;
    },
    transaction: (id: Uint8Array) =>
      store.transaction(id) ?? (believed.has(toHex(id)) ? store.transactionByRow(1) : null),
    append: (transaction: CheckedTransaction, context: number) => {
      const parents = transaction.header.parents.filter((parent) => store.hasTransaction(parent));
      const header = { ...transaction.header, parents };
      const keys = store.append({ ...transaction, header }, context);
      // The store relies upon the header it was given, and what it holds says whom it came before.
      Object.assign(header, { parents: transaction.header.parents });
      return keys;
    },
  });
}

/** The store with some of its methods exchanged. */
function standIn(store: Store, methods: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, name) {
      const planted: unknown = Reflect.get(methods, name);
      if (planted !== undefined) return planted;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Exchanges a method of a class. @returns what puts the true one back. */
function replace<Class extends object, Name extends keyof Class>(
  prototype: Class,
  name: Name,
  make: (before: Class[Name]) => Class[Name],
): () => void {
  const before = prototype[name];
  prototype[name] = make(before);
  return () => prototype[name] = before;
}
