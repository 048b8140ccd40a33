import type { DatabaseSync } from "node:sqlite";
import { assertEquals } from "@std/assert";
import { fromBase32 } from "../../lib/base/base32.ts";
import { toHex } from "../../lib/base/bytes.ts";
import type { Verify } from "../../lib/data/transaction.ts";
import type { Request, Role } from "../../lib/peer/machine.ts";
import { decodeOperation } from "../../lib/wire/operation.ts";
import { NaiveJudge } from "../space/naive_judge.ts";
import { Lab } from "./lab.ts";
import { Prng } from "./prng.ts";
import { copyOf } from "./sim_disk.ts";
import type { SimPeer } from "./sim_peer.ts";

/** Who stays, one for each side: what each side did comes to the other by them. */
const STAYING = 2;
/** Virtual time for those of one side to link, and within which all must agree once the sides have met. */
const LINK_MS = 1000;
const HEAL_MS = 120_000;
const STEP_MS = 250;

/** What happened in one run, summed up over many. */
export interface Happened {
  removals: number;
  undone: number;
  mutual: number;
  forks: number;
}

/** A space that partitions begin with, as it is on everybody's disk: so many admins, then two writers. */
export function settledSpace(admins: number): DatabaseSync[] {
  const lab = new Lab();
  const founder = lab.space(1)[0] as SimPeer;
  const roles: Role[] = [...new Array(admins - 1).fill("admin"), "writer", "writer"];
  for (const role of roles) lab.join(lab.add(), lab.invite(founder, 1, role), founder);
  lab.set(founder, "k/0", "before");
  lab.untilHealed();
  return lab.peers.map((peer) => peer.backup());
}

/**
 * Two sides of a space that grant, remove, write and back-date apart from each other, and then meet: in the end all that
 * are members have the same members and the same digest, and these are what the naive judge says of the whole history.
 */
export function runPartition(
  seed: number,
  disks: readonly DatabaseSync[],
  verify: Verify,
  happened: Happened,
): void {
  const prng = new Prng(seed, 17);
  const lab = new Lab();
  const quiet = { turned: () => {}, crashed: () => {}, lost: () => {}, verify };
  // Every second one undoes in the smallest steps.
  const step = seed % 2 === 0 ? {} : { undoingStep: 1 };
  const peers = disks.map((disk) => lab.add({ ...quiet, ...step, disk: copyOf(disk) }));
  const [left, right] = peers.slice(-STAYING) as [SimPeer, SimPeer];
  const sideOf = new Map<SimPeer, number>([[left, 0], [right, 1]]);
  for (const peer of peers.slice(0, -STAYING)) sideOf.set(peer, prng.below(2));
  for (const a of peers) for (const b of peers) if (sideOf.get(a) !== sideOf.get(b)) lab.network.cut(a, b);
  lab.wait(LINK_MS);
  for (let left = prng.between(5, 9); left > 0; left--) {
    act(lab, prng, peers, disks);
    lab.wait(prng.between(0, 400));
  }
  lab.network.mendAll();
  const membersOf = ({ machine }: SimPeer) => machine?.members().map(({ peer }) => peer).sort() ?? [];
  const isHealed = () => {
    if (toHex(left.fingerprint) !== toHex(right.fingerprint)) return false;
    const members = new Set(membersOf(left));
    return lab.checks.isHealed(peers.filter(({ id }) => members.has(id)));
  };
  for (const endMs = lab.schedule.nowMs + HEAL_MS; !isHealed(); lab.wait(STEP_MS)) {
    if (lab.schedule.nowMs >= endMs) throw new Error(`seed ${seed} does not heal:\n${lab.checks.describe(peers)}`);
  }
  const members = new Set(membersOf(left));
  for (const peer of peers) {
    if (members.has(peer.id)) assertEquals(membersOf(peer), [...members].sort(), `seed ${seed}`);
  }
  assertJudged(left, seed, happened);
}

/** Somebody does something, which may be refused. */
function act(lab: Lab, prng: Prng, peers: readonly SimPeer[], disks: readonly DatabaseSync[]): void {
  const peer = prng.pick(peers);
  const admin = prng.pick(peers.slice(0, -STAYING));
  const target = prng.pick(peers.slice(0, -STAYING).filter((other) => other !== admin));
  switch (prng.below(8)) {
    case 0:
    case 1:
    case 2:
      return put(peer, `k/${prng.below(4)}`);
    case 3:
      return ask(admin, {
        type: "grant",
        peer: target.id,
        role: prng.pick(["admin", "writer"]),
        prefix: "",
        expiresMs: 0,
      });
    case 4:
    case 5:
    case 6:
      return ask(admin, { type: "revoke", peer: target.id });
    default:
      // It goes back to what it knew before all this, tells nobody, and writes upon that.
      if (peers.indexOf(peer) >= peers.length - STAYING) return;
      peer.crash(true);
      peer.restore(copyOf(disks[peers.indexOf(peer)] as DatabaseSync));
      for (const other of peers) if (other !== peer) lab.network.cut(peer, other);
      peer.boot();
      put(peer, `k/${prng.below(4)}`);
      put(peer, "back-dated");
  }
}

function put(peer: SimPeer, key: string): void {
  const value = new TextEncoder().encode(`${peer.index}`);
  ask(peer, { type: "write", writes: [{ kind: "put", key, media: "text/plain", value }] });
}

function ask(peer: SimPeer, request: Request): void {
  peer.request(request, () => {});
}

/** What a peer holds for undone, and whom for members, is what the naive judge says of all that it holds. */
function assertJudged({ store, machine }: SimPeer, seed: number, happened: Happened): void {
  const history = Array.from({ length: store.transactionsTotal }, (_, i) => {
    const { id, header } = store.transactionByRow(i + 1);
    const operations = store.load(i + 1).operations.map(({ leaf }) => decodeOperation(leaf));
    return { id: toHex(id), bytes: id, header, operations };
  });
  const naive = new NaiveJudge(history);
  const undone = naive.undone();
  const held = [...store.undoing.rows()].map((row) => history[row - 1]?.id as string);
  assertEquals(held.sort(), [...undone].sort(), `seed ${seed}: what is undone`);
  const members = machine?.members().map(({ peer }) => toHex(fromBase32(peer))) ?? [];
  const judged = new Set(naive.members().map((text) => text.split(" ")[0] as string));
  assertEquals(members.sort(), [...judged].sort(), `seed ${seed}: members`);
  const removals = history.filter(({ operations }) =>
    operations.some((operation) => operation.kind === "revoke" && operation.frontier !== null)
  );
  happened.removals += removals.length;
  happened.undone += undone.size;
  happened.mutual += removals.some(({ id }) => undone.has(id)) ? 1 : 0;
  happened.forks += machine?.forks().length ?? 0;
}
