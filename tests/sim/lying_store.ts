import type { Store } from "../../lib/store/store.ts";

/**
 * A planted bug: a store whose `commit` returns before anything is durable. What it took in becomes so only with the
 * next turn, and a crash in between loses it, though it was acknowledged.
 */
export function lyingStore(store: Store): Store {
  let owed = false;
  const settle = () => {
    if (owed) store.commit();
    owed = false;
  };
  return new Proxy(store, {
    get(target, name) {
      if (name === "commit") {
        return () => {
          owed = target.inTransaction;
        };
      }
      if (name === "begin") {
        return () => {
          settle();
          target.begin();
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
