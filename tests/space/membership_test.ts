import { assert, assertEquals } from "@std/assert";
import { toHex } from "../../lib/base/bytes.ts";
import type { Operation } from "../../lib/wire/operation.ts";
import { History } from "./history.ts";

const DEL: Operation = { kind: "del", key: "docs/a", names: [] };

function revokeOf(peer: Uint8Array, frontier: Extract<Operation, { kind: "revoke" }>["frontier"] = null): Operation {
  return { kind: "revoke", target: { kind: "peer", peer }, frontier, sealed: [] };
}

Deno.test("the founder is an admin, and the only member", () => {
  const h = new History();
  const standing = h.membership.standingOf(h.founder.peerId);
  assertEquals([standing?.role, standing?.prefix, standing?.grantedBy], ["admin", "", h.founder.peerId]);
  assertEquals(h.membership.members().length, 1);
  assertEquals(h.judge(h.founder, [DEL], h.standing(h.genesis), [h.genesis]), null);
  assert(h.membership.wasAdmitted(h.founder.peerId));
  assert(!h.membership.wasAdmitted(h.peer().peerId));
});

Deno.test("a genesis founds its own space only, and has no past", () => {
  const h = new History();
  const other = h.peer();
  const genesis: Operation = { kind: "genesis", nonce: h.random.bytes(32), sealingKey: other.sealingPublicKey };
  assertEquals(h.judge(other, [genesis], null, []), "it founds another space");
});

Deno.test("a joiner with the invite's key is let in with the grant's role, and what it does then is judged by that", () => {
  const h = new History();
  const invite = h.invite(h.founder, h.standing(h.genesis), [h.genesis], { role: "writer", prefix: "docs/" });
  const joiner = h.peer();
  const redeem = h.redeem(joiner, invite);
  assertEquals(h.judge(joiner, [redeem], null, [invite.entry]), null);
  const entry = h.write(joiner, [redeem], null, [invite.entry]);
  const standing = h.membership.standingOf(joiner.peerId);
  assertEquals([standing?.role, standing?.prefix, standing?.grantedBy], ["writer", "docs/", h.founder.peerId]);
  const own = h.standing(entry);
  assertEquals(h.judge(joiner, [DEL], own, [entry]), null);
  const elsewhere: Operation = { ...DEL, key: "music/a" };
  assertEquals(h.judge(joiner, [elsewhere], own, [entry]), "its writer may not write under this key");
  const grant = h.invite(joiner, own, [entry]).entry.transaction.operations[0]?.operation as Operation;
  assertEquals(h.judge(joiner, [grant], own, [entry]), "only an admin may grant");
  assertEquals(h.judge(joiner, [revokeOf(h.founder.peerId)], own, [entry]), "only an admin may revoke");
  const outside = h.judge(joiner, [DEL], own, [h.genesis]);
  assertEquals(outside, "its writer has no standing in its past");
});

Deno.test("an admin that is limited to a prefix grants nothing outside it", () => {
  const h = new History();
  const past = [h.genesis];
  const invite = h.invite(h.founder, h.standing(h.genesis), past, { role: "admin", prefix: "docs/" });
  const admin = h.peer();
  const entry = h.write(admin, [h.redeem(admin, invite)], null, [invite.entry]);
  const judge = (prefix: string) => {
    const grant = h.invite(h.founder, h.standing(h.genesis), past, { prefix }).entry.transaction.operations[0];
    return h.judge(admin, [grant?.operation as Operation], h.standing(entry), [entry]);
  };
  assertEquals(["docs/", "docs/a/"].map(judge), [null, null]);
  const refusal = "its writer may not grant more keys than it may write";
  assertEquals(["", "music/"].map(judge), [refusal, refusal]);
});

Deno.test("a reader may write nothing", () => {
  const h = new History();
  const invite = h.invite(h.founder, h.standing(h.genesis), [h.genesis], { role: "reader" });
  const reader = h.peer();
  const entry = h.write(reader, [h.redeem(reader, invite)], null, [invite.entry]);
  assertEquals(h.judge(reader, [DEL], h.standing(entry), [entry]), "its writer may only read");
});

Deno.test("nobody acts under the standing of somebody else, of an invite, or of a revoke", () => {
  const h = new History();
  const invite = h.invite(h.founder, h.standing(h.genesis), [h.genesis]);
  const stranger = h.peer();
  const refusal = "its writer has no standing in its past";
  assertEquals(h.judge(stranger, [DEL], h.standing(h.genesis), [h.genesis]), refusal);
  assertEquals(h.judge(h.founder, [DEL], invite.version, [invite.entry]), refusal);
  assertEquals(h.judge(h.founder, [DEL], { transaction: h.random.bytes(32), index: 0 }, [h.genesis]), refusal);
  const revoke = h.write(h.founder, [revokeOf(stranger.peerId)], h.standing(h.genesis), [h.genesis]);
  assertEquals(h.judge(h.founder, [DEL], h.standing(revoke), [revoke]), refusal);
});

Deno.test("a redeem is refused: unknown invite, an invite outside its past, no invite, another key", () => {
  const h = new History();
  const invite = h.invite(h.founder, h.standing(h.genesis), [h.genesis]);
  const joiner = h.peer();
  const unknown = { ...invite, version: { transaction: h.random.bytes(32), index: 0 } };
  assertEquals(h.judge(joiner, [h.redeem(joiner, unknown)], null, [invite.entry]), "it redeems an unknown invite");
  assertEquals(h.judge(joiner, [h.redeem(joiner, invite)], null, [h.genesis]), "it redeems an unknown invite");
  const direct = h.invite(h.founder, h.standing(h.genesis), [invite.entry], { subjectKind: "peer" });
  assertEquals(h.judge(joiner, [h.redeem(joiner, direct)], null, [direct.entry]), "it redeems what is no invite");
  const forged = h.redeem(joiner, invite, direct.key);
  assertEquals(h.judge(joiner, [forged], null, [invite.entry]), "it redeems an invite without its key");
  const stolen = h.redeem(h.peer(), invite);
  assertEquals(h.judge(joiner, [stolen], null, [invite.entry]), "it redeems an invite without its key");
});

Deno.test("a redeem behind the last allowed one is refused; concurrent ones all stand, and over-use is told once", () => {
  const h = new History();
  const invite = h.invite(h.founder, h.standing(h.genesis), [h.genesis], { uses: 2 });
  const entries = [1, 2].map(() => {
    const joiner = h.peer();
    return h.write(joiner, [h.redeem(joiner, invite)], null, [invite.entry]);
  });
  assertEquals(h.membership.takeOverUsed(), []);
  assert(!h.membership.isOpen(h.membership.grant(invite.version)!, 0));
  const late = h.peer();
  assertEquals(h.judge(late, [h.redeem(late, invite)], null, entries), "it redeems an invite that is used up");
  assertEquals(h.judge(late, [h.redeem(late, invite)], null, [entries[0]!]), null);
  h.write(late, [h.redeem(late, invite)], null, [entries[0]!]);
  assertEquals(h.membership.takeOverUsed().map(({ version }) => version), [invite.version]);
  assertEquals(h.membership.takeOverUsed(), []);
  assertEquals(h.membership.redeemsOf(invite.version).length, 3);
  assertEquals(h.membership.members().length, 4);
});

Deno.test("an invite is open until it is used up, past its time, closed, or its granter is gone", () => {
  const h = new History();
  const genesis = h.standing(h.genesis);
  const act = (invite: ReturnType<History["invite"]>) => h.membership.grant(invite.version)!;
  const timed = h.invite(h.founder, genesis, [h.genesis], { expiresMs: 5000 });
  assertEquals([4999, 5000].map((wallMs) => h.membership.isOpen(act(timed), wallMs)), [true, false]);
  // Expiry is for doors alone: in the history it means nothing.
  const joiner = h.peer();
  assertEquals(h.judge(joiner, [h.redeem(joiner, timed)], null, [timed.entry]), null);
  const closed = h.invite(h.founder, genesis, [h.genesis]);
  const close: Operation = {
    kind: "revoke",
    target: { kind: "invite", grant: closed.version },
    frontier: null,
    sealed: [],
  };
  const closing = h.write(h.founder, [close], genesis, [closed.entry]);
  assert(!h.membership.isOpen(act(closed), 0));
  assertEquals(h.judge(joiner, [h.redeem(joiner, closed)], null, [closing]), "it redeems a closed invite");
  assertEquals(h.judge(joiner, [h.redeem(joiner, closed)], null, [closed.entry]), null);
  const admin = h.peer();
  const adminInvite = h.invite(h.founder, genesis, [h.genesis], { role: "admin" });
  const admission = h.write(admin, [h.redeem(admin, adminInvite)], null, [adminInvite.entry]);
  const byAdmin = h.invite(admin, h.standing(admission), [admission]);
  assert(h.membership.isOpen(act(byAdmin), 0));
  h.write(h.founder, [revokeOf(admin.peerId)], genesis, [admission]);
  assert(!h.membership.isOpen(act(byAdmin), 0));
});

Deno.test("a revoke ends the standings that lack it in their past, for what has it in its past", () => {
  const h = new History();
  const genesis = h.standing(h.genesis);
  const invite = h.invite(h.founder, genesis, [h.genesis], { uses: 2 });
  const member = h.peer();
  const first = h.write(member, [h.redeem(member, invite)], null, [invite.entry]);
  const revoke = h.write(h.founder, [revokeOf(member.peerId)], genesis, [first]);
  assertEquals(h.membership.standingOf(member.peerId), null);
  assertEquals(h.membership.members().length, 1);
  assert(h.membership.wasAdmitted(member.peerId));
  assertEquals(h.judge(member, [DEL], h.standing(first), [revoke]), "its writer has no standing in its past");
  // What was written without knowing of it stands.
  assertEquals(h.judge(member, [DEL], h.standing(first), [first]), null);
  // A later admission has the revoke in its past, and is not ended by it.
  const back = h.write(member, [h.redeem(member, invite)], null, [revoke]);
  assertEquals(
    toHex(h.membership.standingOf(member.peerId)?.version.transaction as Uint8Array),
    toHex(back.transaction.id),
  );
  assertEquals(h.judge(member, [DEL], h.standing(back), [back]), null);
  assertEquals(h.judge(member, [DEL], h.standing(first), [back]), "its writer has no standing in its past");
});

Deno.test("everybody may leave, but not so that it undoes anything", () => {
  const h = new History();
  const invite = h.invite(h.founder, h.standing(h.genesis), [h.genesis]);
  const member = h.peer();
  const entry = h.write(member, [h.redeem(member, invite)], null, [invite.entry]);
  assertEquals(h.judge(member, [revokeOf(member.peerId)], h.standing(entry), [entry]), null);
  assertEquals(h.judge(member, [revokeOf(member.peerId, [])], h.standing(entry), [entry]), "only an admin may revoke");
});

Deno.test("a peer that is granted a role directly acts under that grant", () => {
  const h = new History();
  const peer = h.peer();
  const grant = h.invite(h.founder, h.standing(h.genesis), [h.genesis], {
    subjectKind: "peer",
    subject: peer.peerId,
    role: "admin",
    standingExpiresMs: 7,
  });
  assertEquals(h.membership.standingOf(peer.peerId)?.expiresMs, 7);
  assertEquals(h.judge(peer, [revokeOf(h.founder.peerId)], grant.version, [grant.entry]), null);
});

Deno.test("what was forgotten is forgotten", () => {
  const h = new History();
  h.invite(h.founder, h.standing(h.genesis), [h.genesis]);
  assertEquals([h.membership.size, h.membership.invites().length], [2, 1]);
  h.membership.clear();
  assertEquals([h.membership.size, h.membership.invites().length, h.membership.members().length], [0, 0, 0]);
});
