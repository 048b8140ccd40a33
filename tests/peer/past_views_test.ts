import { assertEquals, assertThrows } from "@std/assert";
import { type ErrorCode, KithError } from "../../lib/base/errors.ts";
import { versionText } from "../../lib/data/version_text.ts";
import { findVersion, historyOf, versionOf } from "../../lib/peer/past_views.ts";
import { Store } from "../../lib/store/store.ts";
import { countingRandom, transactionOf, versionOf as idOf } from "../store/histories.ts";

function refused(act: () => unknown, code: ErrorCode): void {
  assertEquals(assertThrows(act, KithError).code, code);
}

function setUp() {
  const store = Store.open(":memory:", { random: countingRandom() });
  const first = transactionOf({ operations: [{ put: "k", value: "old" }, { put: "other" }] });
  const second = transactionOf({ previous: first, operations: [{ del: "k", names: [idOf(first)] }] });
  const third = transactionOf({ writer: 1, parents: [first], operations: [{ put: "k", value: "new" }] });
  for (const transaction of [first, second, third]) store.append(transaction, 0);
  return {
    store,
    old: versionText(idOf(first)),
    gone: versionText(idOf(second)),
    now: versionText(idOf(third)),
    first,
  };
}

Deno.test("history says what stands, what is shown, and what was replaced", () => {
  const { store, old, gone, now } = setUp();
  const past = historyOf(store, "k", undefined, 9);
  assertEquals(past.map(({ version, kind, state, winner, replaced }) => [version, kind, state, winner, replaced]), [
    [now, "put", "live", true, []],
    [gone, "del", "open", false, [old]],
    [old, "put", "replaced", false, []],
  ]);
  assertEquals(historyOf(store, "k", now, 1).map(({ version }) => version), [gone]);
  assertEquals(historyOf(store, "k", old, 9), []);
  refused(() => historyOf(store, "k", "nonsense", 9), "version_unknown");
  store.close();
});

Deno.test("any version that is held can be read, also by its first letters", () => {
  const { store, old, gone, now } = setUp();
  for (const [version, value, state] of [[old, "old", "replaced"], [now, "new", "live"]] as const) {
    for (const text of [version, version.slice(0, 8), version.slice(0, 4), version.slice(0, 52)]) {
      const view = versionOf(store, "k", text);
      assertEquals([view.version, new TextDecoder().decode(view.value), view.state], [version, value, state]);
    }
  }
  refused(() => versionOf(store, "k", gone), "version_is_delete");
  store.close();
});

Deno.test("what is no version, not of this key, or not held is refused, each in its own words", () => {
  const { store, old, first } = setUp();
  for (const text of ["", "abc", "ABCDEFGH", "abcd.0", "!".repeat(52), old + "0", old.slice(1)]) {
    refused(() => findVersion(store, "k", text), "version_invalid");
  }
  refused(() => findVersion(store, "other", old), "version_unknown");
  refused(() => findVersion(store, "k", versionText(idOf(first, 1))), "version_unknown");
  refused(() => findVersion(store, "k", versionText(idOf(first, 2))), "version_unknown");
  refused(() => findVersion(store, "missing", old.slice(0, 8)), "version_unknown");
  const elsewhere = transactionOf({ writer: 7, operations: [{ put: "k" }] });
  refused(() => findVersion(store, "k", versionText(idOf(elsewhere))), "version_not_held");
  store.close();
});

Deno.test("the first letters of two versions name neither", () => {
  const store = Store.open(":memory:", { random: countingRandom() });
  const seen = new Set<string>();
  let last = transactionOf({ operations: [{ put: "k" }] });
  store.append(last, 0);
  // 20 bits: two of some thousand versions share them.
  for (let i = 0; !seen.has(versionText(idOf(last)).slice(0, 4)); i++) {
    seen.add(versionText(idOf(last)).slice(0, 4));
    last = transactionOf({ previous: last, operations: [{ put: "k", value: `${i}` }] });
    store.append(last, 0);
  }
  const version = versionText(idOf(last));
  refused(() => findVersion(store, "k", version.slice(0, 4)), "version_ambiguous");
  assertEquals(findVersion(store, "k", version.slice(0, 16)).versionId, idOf(last));
  store.close();
});
