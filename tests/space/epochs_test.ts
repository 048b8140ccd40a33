import { assert, assertEquals } from "@std/assert";
import { Identity } from "../../lib/crypto/identity.ts";
import { boxFor } from "../../lib/space/epochs.ts";
import { DOMAINS } from "../../lib/wire/domains.ts";
import type { SealedSecret } from "../../lib/wire/operation.ts";
import { Prng } from "../sim/prng.ts";
import { type Entry, History } from "./history.ts";

const SECRET = new Uint8Array(32).fill(7);

/** A space of a founder and three others, of whom any may be removed. */
class Space {
  readonly history = new History();
  readonly others: Identity[] = [];
  readonly past: Entry[];

  constructor() {
    const { history } = this;
    this.past = [history.genesis];
    const invite = history.invite(history.founder, history.standing(history.genesis), this.past, { uses: 9 });
    this.past.push(invite.entry);
    for (let i = 0; i < 3; i++) {
      const identity = history.peer();
      this.past.push(history.write(identity, [history.redeem(identity, invite)], null, this.past));
      this.others.push(identity);
    }
  }

  remove(target: Identity, sealed: SealedSecret[], past: readonly Entry[]): Entry {
    const { history } = this;
    return history.write(
      history.founder,
      [{ kind: "revoke", target: { kind: "peer", peer: target.peerId }, frontier: null, sealed }],
      history.standing(history.genesis),
      past,
    );
  }

  sealed(to: readonly Identity[]): SealedSecret[] {
    return this.history.membership.renewals.seal(SECRET, to.map(({ peerId }) => peerId), new Prng(3));
  }
}

Deno.test("a new epoch's secret is for those to whom it is sealed, and for nobody else", () => {
  const space = new Space();
  const [a, b, c] = space.others as [Identity, Identity, Identity];
  space.remove(c, space.sealed([space.history.founder, b, a]), space.past);
  const [renewal] = space.history.membership.renewals.all();
  assert(renewal !== undefined);
  for (const member of [space.history.founder, a, b]) {
    const box = boxFor(renewal, member.peerId);
    assert(box !== null);
    assertEquals(member.unseal(DOMAINS.epoch, box), SECRET);
    assertEquals(c.unseal(DOMAINS.epoch, box), null);
  }
  assertEquals(boxFor(renewal, c.peerId), null);
});

Deno.test("nothing is sealed to a peer whose key is unknown", () => {
  const space = new Space();
  assertEquals(space.sealed([Identity.generate(new Prng(9))]), []);
});

Deno.test("an epoch's number is above those in its past, the same in whatever order removals come, and its own", () => {
  const space = new Space();
  const [a, b, c] = space.others as [Identity, Identity, Identity];
  const sealed = space.sealed([space.history.founder]);
  const first = space.remove(a, sealed, space.past);
  const beside = space.remove(b, sealed, space.past);
  space.remove(c, [], [...space.past, first]);
  space.remove(c, sealed, [...space.past, first, beside]);
  const numbers = space.history.membership.renewals.all().map(({ number }) => number);
  assertEquals(numbers.length, 3, "one that seals nothing begins none");
  assertEquals(numbers.map((number) => Math.floor(number / 2 ** 20)), [1, 1, 2]);
  assertEquals(new Set(numbers).size, 3);
});

Deno.test("an epoch of a removal that is undone is none: who began it knows its secret", () => {
  const space = new Space();
  const { history } = space;
  const [a, b] = space.others as [Identity, Identity];
  const invite = history.invite(history.founder, history.standing(history.genesis), space.past, { role: "admin" });
  const admin = history.peer();
  const admitted = history.write(admin, [history.redeem(admin, invite)], null, [...space.past, invite.entry]);
  const past = [...space.past, invite.entry, admitted];
  const sealed = space.sealed([history.founder, a]);
  const revoke = { kind: "revoke", target: { kind: "peer", peer: b.peerId }, frontier: [], sealed } as const;
  const theirs = history.write(admin, [revoke], history.standing(admitted), past);
  const numbers = () => history.membership.renewalsInForce().map(({ act }) => act.row);
  assertEquals(numbers(), [theirs.row]);
  const target = { kind: "peer", peer: admin.peerId } as const;
  const standing = history.standing(history.genesis);
  const ours = history.write(history.founder, [{ kind: "revoke", target, frontier: [], sealed }], standing, past);
  assertEquals(numbers(), [ours.row]);
});
