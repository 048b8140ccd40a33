import { assert, assertEquals } from "@std/assert";
import type { ErrorCode } from "../../lib/base/errors.ts";
import type { Request } from "../../lib/peer/machine.ts";
import { Lab } from "../sim/lab.ts";
import type { SimPeer } from "../sim/sim_peer.ts";

const PUT: Request = {
  type: "write",
  writes: [{ kind: "put", key: "k", media: "text/plain", value: new Uint8Array(1) }],
};

function grant(peer: string, change: Partial<Extract<Request, { type: "grant" }>> = {}): Request {
  return { type: "grant", peer, role: "writer", prefix: "", expiresMs: 0, ...change };
}

function refused(lab: Lab, peer: SimPeer, request: Request, code: ErrorCode): void {
  const reply = lab.answer(peer, request);
  assert(!reply.ok && reply.code === code, `${request.type}: ${JSON.stringify(reply)}`);
}

Deno.test("an admin gives a member another role, which all see, and which takes away what it had more", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  lab.ask(a, grant("peer1", { role: "admin" }));
  lab.untilHealed();
  const standingOf = (peer: SimPeer) => {
    const member = c.machine?.members().find(({ peer: id }) => id === peer.id);
    return [member?.role, member?.prefix, member?.grantedBy];
  };
  assertEquals(standingOf(b), ["admin", "", a.id]);
  lab.ask(b, grant(c.id, { prefix: "docs/" }));
  lab.untilHealed();
  assertEquals(standingOf(c), ["writer", "docs/", b.id]);
  refused(lab, c, PUT, "not_allowed");
  lab.set(c, "docs/a", "v");
  lab.ask(a, grant(b.id.slice(0, 12), { role: "reader" }));
  lab.untilHealed();
  assertEquals(standingOf(b), ["reader", "", a.id]);
  refused(lab, b, PUT, "not_allowed");
  refused(lab, b, grant(c.id), "not_allowed");
  assertEquals(c.machine?.removed(), []);
  const renewals = [...c.store.membershipRows()].flatMap(({ operations }) =>
    operations.filter((operation) => operation.kind === "revoke" && operation.sealed.length > 0)
  );
  assertEquals(renewals, [], "who stays a member is not kept from the secret");
});

Deno.test("a grant is refused: nobody of that name, more than one, this very peer, a time that is over", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  refused(lab, a, grant("nobody"), "member_unknown");
  refused(lab, a, grant(a.id), "grant_unusable");
  refused(lab, a, grant(b.id, { expiresMs: 1 }), "grant_unusable");
  refused(lab, a, grant(b.id, { prefix: "x".repeat(513) }), "grant_unusable");
  refused(lab, a, { type: "revoke", peer: a.id }, "not_allowed");
  refused(lab, c, { type: "revoke", peer: b.id }, "not_allowed");
  const limited = lab.add();
  lab.join(limited, lab.invite(a), a);
  lab.untilHealed();
  lab.ask(a, grant(limited.id, { role: "admin", prefix: "docs/" }));
  lab.untilHealed();
  refused(lab, limited, grant(b.id, { prefix: "music/" }), "not_allowed");
});

Deno.test("what keys may be given is one rule with one refusal, for members and for who comes in by an invite", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2) as [SimPeer, SimPeer];
  const limited = lab.add();
  lab.join(limited, lab.invite(a), a);
  lab.untilHealed();
  lab.ask(a, grant(limited.id, { role: "admin", prefix: "docs/" }));
  lab.untilHealed();
  const keys = { inviteSeed: lab.prng.bytes(32), macKey: lab.prng.bytes(32), tagKey: lab.prng.bytes(32) };
  const invite = (prefix: string): Request => {
    return { type: "invite", keys, secret: lab.prng.bytes(8), role: "writer", uses: 1, expiresMs: 0, prefix };
  };
  for (const prefix of ["", "music/", "x".repeat(513), "docs/\ud800"]) {
    const replies = [grant(b.id, { prefix }), invite(prefix)].map((request) => lab.answer(limited, request));
    assert(replies.every(({ ok }) => !ok));
    assertEquals(replies[0], replies[1]);
  }
  lab.ask(limited, invite("docs/a/"));
});

Deno.test("a removed member is told, stops writing, and can't come back by what it has", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  const keys = lab.invite(a, 5);
  const again = lab.add();
  lab.join(again, keys, b);
  lab.untilHealed();
  lab.ask(a, { type: "revoke", peer: "peer2" });
  lab.until(() => c.machine?.status().removedBy === a.id, "the removed one to know");
  refused(lab, c, PUT, "removed_from_space");
  lab.untilHealed([a, b, again]);
  for (const peer of [a, b, again]) {
    assert(!lab.isLinked(peer, c));
    const [removed, ...others] = peer.machine?.removed() ?? [];
    assertEquals([removed?.peer, removed?.kind, removed?.by, others.length], [c.id, "removed", a.id, 0]);
  }
  c.crash(false);
  c.boot();
  lab.wait(20_000);
  for (const peer of [a, b, again]) assert(!lab.isLinked(peer, c));
});

Deno.test("a member that was away when it was removed is told so by whom it dials", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2) as [SimPeer, SimPeer];
  b.crash(false);
  lab.ask(a, { type: "revoke", peer: b.id });
  b.boot();
  lab.until(() => b.machine?.status().removedBy === a.id, "it to be told");
  assertEquals(b.machine?.status().toldRemovedBy, [], "it has the revoke itself");
  assert(!lab.isLinked(a, b));
  refused(lab, b, PUT, "removed_from_space");
});

Deno.test("an invite is closed by its version or the beginning of it", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2) as [SimPeer, SimPeer];
  lab.invite(a);
  const open = () => a.machine!.invites(a.now.wallMs);
  const text = open()[0]!.invite;
  refused(lab, b, { type: "revoke_invite", invite: text }, "not_allowed");
  refused(lab, a, { type: "revoke_invite", invite: "nowhere" }, "invite_unknown");
  refused(lab, a, { type: "revoke_invite", invite: text.slice(0, 3) }, "invite_unknown");
  lab.ask(a, { type: "revoke_invite", invite: text.slice(0, 8) });
  assertEquals(open(), []);
  refused(lab, a, { type: "revoke_invite", invite: text }, "invite_unknown");
});

Deno.test("without a removal there is nothing to take in again", () => {
  const lab = new Lab();
  const peer = lab.space(1)[0] as SimPeer;
  refused(lab, peer, { type: "readopt", keys: ["k"] }, "not_undone");
  assertEquals(lab.ask(peer, { type: "readopt", keys: null }).versions, []);
});

Deno.test("whose time is over is linked by nobody, and ended by who granted it; what it wrote stands", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  lab.ask(a, grant(c.id, { expiresMs: a.now.wallMs + 60_000 }));
  lab.untilHealed();
  assertEquals(b.machine?.members().at(-1)?.expiresMs, c.machine?.members().at(-1)?.expiresMs);
  lab.set(c, "k", "kept");
  lab.untilHealed();
  lab.wait(59_000);
  assertEquals(b.machine?.members().length, 3);
  lab.until(() => b.machine?.members().length === 2, "its time to be over");
  lab.untilHealed([a, b]);
  assertEquals(b.machine?.removed().map(({ peer, kind, by }) => [peer, kind, by]), [[c.id, "ended", a.id]]);
  assert(!lab.isLinked(a, c) && !lab.isLinked(b, c) && b.machine?.get("k") !== null);
  assertEquals([a, b].map(({ events }) => events.get("told_removed")), [undefined, undefined]);
  assertEquals(b.machine?.conflicts(), []);
});

Deno.test("whose time is over while its granter is away is linked by nobody all the same, and another admin ends it", () => {
  const lab = new Lab();
  const [a, b, c, d] = lab.space(4) as [SimPeer, SimPeer, SimPeer, SimPeer];
  lab.ask(a, grant(b.id, { role: "admin" }));
  lab.ask(a, grant(c.id, { expiresMs: a.now.wallMs + 30_000 }));
  lab.untilHealed();
  a.crash(false);
  lab.wait(29_000);
  assert(lab.isLinked(b, c));
  lab.until(() => !lab.isLinked(b, c) && !lab.isLinked(d, c), "links with it to end");
  assertEquals(d.machine?.members().length, 4);
  lab.ask(b, { type: "revoke", peer: c.id });
  lab.until(() => d.machine?.members().length === 3, "it to be ended");
  assertEquals(d.machine?.removed().map(({ kind, by }) => [kind, by]), [["ended", b.id]]);
});
