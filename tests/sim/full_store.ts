import { KithError } from "../../lib/base/errors.ts";
import type { Store } from "../../lib/store/store.ts";

/** A store on a disk that is full whenever `isFull` says so: a commit then fails, and holds nothing. */
export function fullStore(store: Store, isFull: () => boolean): Store {
  return new Proxy(store, {
    get(target, name) {
      if (name === "commit") {
        return () => {
          if (!target.inTransaction || !isFull()) return target.commit();
          target.rollback();
          throw new KithError("store_full", { path: target.path });
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
