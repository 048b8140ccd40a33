import { assertEquals } from "@std/assert";
import { KithError } from "../../lib/base/errors.ts";
import { DamagedError } from "../../lib/store/damaged_error.ts";
import { Lab } from "../sim/lab.ts";
import type { SimPeer } from "../sim/sim_peer.ts";

/** Has the commits of a peer fail, as on a full disk, as long as `fails` says so. */
function failCommits(peer: SimPeer, fails: () => boolean): void {
  const { store } = peer;
  const commit = store.commit.bind(store);
  store.commit = () => {
    if (!store.inTransaction || !fails()) return commit();
    store.rollback();
    throw new KithError("store_full", { path: "sim" });
  };
}

Deno.test("what came in a turn that the disk refused comes again, without another write", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2) as [SimPeer, SimPeer];
  // Both have long compared what they last told each other.
  lab.wait(60_000);
  let refused = 0;
  failCommits(b, () => refused++ === 0);
  lab.set(a, "k", "v");
  lab.untilHealed();
  assertEquals(refused >= 1, true);
});

Deno.test("a welcome does not leave where the disk refused the redeem, and the joiner gets in later", () => {
  const lab = new Lab();
  const founder = lab.add();
  lab.ask(founder, { type: "create_space" });
  const keys = lab.invite(founder);
  let refused = 0;
  failCommits(founder, () => founder.store.transactionsTotal > 2 && refused++ === 0);
  const joiner = lab.add();
  lab.join(joiner, keys, founder);
  lab.untilHealed();
  assertEquals(refused >= 1, true);
  lab.set(joiner, "k", "v");
  lab.untilHealed();
});

Deno.test("a damaged record that another peer asks for refuses no write", () => {
  const lab = new Lab();
  const founder = lab.add();
  lab.ask(founder, { type: "create_space" });
  lab.set(founder, "damaged", "v");
  const keys = lab.invite(founder);
  const { store } = founder;
  const load = store.load.bind(store);
  store.load = (row) => {
    if (row === 2) throw new DamagedError("operations", row, null);
    return load(row);
  };
  const joiner = lab.add();
  lab.join(joiner, keys, founder);
  for (let i = 0; i < 20; i++) {
    lab.wait(500);
    lab.set(founder, `k${i}`, "v");
  }
});

Deno.test("a peer whose disk is full gives away what it holds, also over links that it dials", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2) as [SimPeer, SimPeer];
  let isFull = false;
  failCommits(a, () => isFull);
  lab.network.cut(a, b);
  for (const end of lab.network.connections()) lab.network.lose(end);
  lab.set(a, "k", "v");
  // Nobody else knows where it is now.
  a.move("10.0.9.9:5484");
  isFull = true;
  lab.wait(1000);
  lab.network.mend(a, b);
  lab.until(() => b.machine?.get("k") !== null, "the write to come");
});

Deno.test("a store that refuses in the middle of what came in does not break the link", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2) as [SimPeer, SimPeer];
  b.crash(false);
  for (let i = 0; i < 20; i++) lab.set(a, `k${i}`, "v".repeat(100_000));
  b.boot();
  let refuses = true;
  const begin = b.store.begin.bind(b.store);
  b.store.begin = () => {
    if (refuses) throw new KithError("store_io", { path: "sim", detail: "" });
    begin();
  };
  const closings = () => [a, b].map(({ events }) => [events.get("link_closed"), events.get("link_refused")]);
  const before = closings();
  lab.until(() => lab.isLinked(a, b) && lab.isLinked(b, a), "the two to be linked");
  lab.wait(2000);
  refuses = false;
  lab.untilHealed();
  assertEquals(closings(), before);
});
