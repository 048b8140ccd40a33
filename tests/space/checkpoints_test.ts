import { assert, assertEquals } from "@std/assert";
import { toHex } from "../../lib/base/bytes.ts";
import type { Identity } from "../../lib/crypto/identity.ts";
import type { CheckpointView } from "../../lib/space/checkpoints.ts";
import type { Operation } from "../../lib/wire/operation.ts";
import type { VersionId } from "../../lib/wire/transaction.ts";
import { type Entry, History } from "./history.ts";

interface Member {
  readonly identity: Identity;
  readonly standing: VersionId;
}

/** A space of a founder and so many others, with all of it as the past to write upon. */
class Space {
  readonly history = new History();
  readonly founder: Member;
  readonly others: Member[] = [];
  readonly past: Entry[];

  constructor(others: number) {
    const { history } = this;
    this.founder = { identity: history.founder, standing: history.standing(history.genesis) };
    this.past = [history.genesis];
    const invite = history.invite(history.founder, this.founder.standing, this.past, { uses: 9, role: "reader" });
    this.past.push(invite.entry);
    for (let i = 0; i < others; i++) {
      const identity = history.peer();
      const entry = history.write(identity, [history.redeem(identity, invite)], null, this.past);
      this.others.push({ identity, standing: history.standing(entry) });
      this.past.push(entry);
    }
  }

  checkpoint(absent: readonly Member[] = [], past: readonly Entry[] = this.past): Entry {
    const ids = absent.map(({ identity }) => identity.peerId).sort((a, b) => toHex(a) < toHex(b) ? -1 : 1);
    return this.write(
      this.founder,
      { kind: "checkpoint", frontier: [], digest: new Uint8Array(32), absent: ids },
      past,
    );
  }

  confirm(member: Member, checkpoint: Entry, past: readonly Entry[] = [...this.past, checkpoint]): Entry {
    return this.write(member, { kind: "confirm", checkpoint: this.history.standing(checkpoint) }, past);
  }

  revoke(target: Member, past: readonly Entry[] = this.past): Entry {
    const peer = target.identity.peerId;
    return this.write(
      this.founder,
      { kind: "revoke", target: { kind: "peer", peer }, frontier: null, sealed: [] },
      past,
    );
  }

  get pending(): CheckpointView | null {
    return this.history.membership.checkpoints.pending;
  }

  get isFinal(): boolean {
    return this.history.membership.checkpoints.latestFinal !== null;
  }

  private write(member: Member, operation: Operation, past: readonly Entry[]): Entry {
    return this.history.write(member.identity, [operation], member.standing, past);
  }
}

Deno.test("a checkpoint in a space of one is final at once", () => {
  const space = new Space(0);
  space.checkpoint();
  assert(space.isFinal);
});

Deno.test("a checkpoint is final once every member confirmed it, and says who is missing", () => {
  const space = new Space(2);
  const [a, b] = space.others as [Member, Member];
  const checkpoint = space.checkpoint();
  assertEquals(space.pending?.missing, [a, b].map(({ identity }) => toHex(identity.peerId)));
  space.confirm(a, checkpoint);
  space.confirm(a, checkpoint);
  assertEquals(space.pending?.missing, [toHex(b.identity.peerId)]);
  assert(!space.isFinal);
  space.confirm(b, checkpoint);
  assert(space.isFinal);
  assertEquals(space.pending, null);
});

Deno.test("who is named as absent is not waited for, but half of all must have confirmed", () => {
  const space = new Space(3);
  const [a, b, c] = space.others as [Member, Member, Member];
  const checkpoint = space.checkpoint([a, b, c]);
  assert(!space.isFinal);
  space.confirm(b, checkpoint);
  assert(space.isFinal);
});

Deno.test("a confirm is void whose past lacks the checkpoint, or holds a revoke or a rival that the checkpoint did not know", () => {
  const space = new Space(2);
  const [a, b] = space.others as [Member, Member];
  const checkpoint = space.checkpoint([b]);
  space.confirm(a, checkpoint, space.past);
  assert(!space.isFinal);
  const revoke = space.revoke(b);
  space.confirm(a, checkpoint, [...space.past, checkpoint, revoke]);
  assert(!space.isFinal);
  const rival = space.checkpoint();
  space.confirm(a, checkpoint, [...space.past, checkpoint, rival]);
  assert(!space.isFinal);
  space.confirm(a, checkpoint);
  assert(space.isFinal);
});

Deno.test("a confirm does not count by one who is no member in the checkpoint's past, or was removed in it", () => {
  const space = new Space(2);
  const [a, b] = space.others as [Member, Member];
  const revoke = space.revoke(b);
  const checkpoint = space.checkpoint([], [...space.past, revoke]);
  assertEquals(space.pending?.missing, [toHex(a.identity.peerId)]);
  space.confirm(b, checkpoint);
  space.confirm({ identity: space.history.peer(), standing: a.standing }, checkpoint);
  assert(!space.isFinal);
  space.confirm(a, checkpoint, [...space.past, revoke, checkpoint]);
  assert(space.isFinal);
});

Deno.test("whether to confirm is known beforehand, and what was final stays so", () => {
  const space = new Space(2);
  const [a, b] = space.others as [Member, Member];
  const checkpoint = space.checkpoint([b]);
  const view = space.pending as CheckpointView;
  const { checkpoints } = space.history.membership;
  assert(checkpoints.canBeConfirmed(view));
  space.confirm(a, checkpoint);
  space.revoke(a);
  assert(!checkpoints.canBeConfirmed(view));
  assert(space.isFinal);
});

Deno.test("only an admin may write a checkpoint, and any member one confirm of each that it knows", () => {
  const space = new Space(1);
  const { history, founder, others, past } = space;
  const [a] = others as [Member];
  const checkpoint: Operation = { kind: "checkpoint", frontier: [], digest: new Uint8Array(32), absent: [] };
  assertEquals(history.judge(a.identity, [checkpoint], a.standing, past), "only an admin may write a checkpoint");
  assertEquals(history.judge(founder.identity, [checkpoint], founder.standing, past), null);
  const entry = space.checkpoint();
  const confirm: Operation = { kind: "confirm", checkpoint: history.standing(entry) };
  const unknown = "it confirms what is no checkpoint in its past";
  const again = "it confirms a checkpoint that its writer has confirmed";
  const judged = (operations: readonly Operation[], upon: readonly Entry[]) =>
    history.judge(a.identity, operations, a.standing, upon);
  assertEquals(judged([confirm], past), unknown);
  assertEquals(judged([{ kind: "confirm", checkpoint: founder.standing }], [...past, entry]), unknown);
  assertEquals(judged([confirm, confirm], [...past, entry]), again);
  assertEquals(judged([confirm], [...past, entry]), null);
  space.confirm(a, entry);
  assertEquals(judged([confirm], [...past, entry]), again);
  const later = space.checkpoint();
  assertEquals(judged([{ kind: "confirm", checkpoint: history.standing(later) }], [...past, entry, later]), null);
});
