import { assert, assertEquals } from "@std/assert";
import type { ErrorCode } from "../../lib/base/errors.ts";
import type { Request, TicketKeys } from "../../lib/peer/machine.ts";
import { Lab } from "../sim/lab.ts";
import type { SimPeer } from "../sim/sim_peer.ts";

const PUT: Request = {
  type: "write",
  writes: [{ kind: "put", key: "k", media: "text/plain", value: new Uint8Array(1) }],
};

function invite(lab: Lab, change: { uses?: number; expiresMs?: number; keys?: TicketKeys } = {}): Request {
  const keys = { inviteSeed: lab.prng.bytes(32), macKey: lab.prng.bytes(32), tagKey: lab.prng.bytes(32) };
  return { type: "invite", keys, secret: lab.prng.bytes(8), role: "writer", uses: 1, expiresMs: 0, ...change };
}

function refused(lab: Lab, peer: SimPeer, request: Request, code: ErrorCode): void {
  const reply = lab.answer(peer, request);
  assert(!reply.ok && reply.code === code, `${request.type}: ${JSON.stringify(reply)}`);
}

Deno.test("a peer in no space can only found or join one", () => {
  const lab = new Lab();
  const peer = lab.add();
  for (const request of [PUT, invite(lab), { type: "leave" } as const]) refused(lab, peer, request, "no_space");
  const { space } = lab.ask(peer, { type: "create_space" });
  assertEquals(peer.machine?.status().space, space);
  refused(lab, peer, { type: "create_space" }, "home_has_space");
  assertEquals(peer.machine?.status().synced, true);
});

Deno.test("each request is answered once, also those of one turn", () => {
  const lab = new Lab();
  const peer = lab.add();
  const codes: string[] = [];
  for (const request of [{ type: "create_space" }, { type: "create_space" }, PUT, PUT] as const) {
    peer.request(request, (reply) => codes.push(reply.ok ? "ok" : reply.code));
  }
  lab.until(() => codes.length === 4, "all replies");
  lab.wait(1000);
  assertEquals(codes.sort(), ["home_has_space", "ok", "ok", "ok"]);
});

Deno.test("only an admin invites, within limits", () => {
  const lab = new Lab();
  const [founder, writer] = lab.space(2) as [SimPeer, SimPeer];
  refused(lab, writer, invite(lab), "not_allowed");
  refused(lab, founder, invite(lab, { uses: 0 }), "invite_unusable");
  refused(lab, founder, invite(lab, { uses: 1001 }), "invite_unusable");
  const admin = lab.add();
  lab.join(admin, lab.invite(founder, 1, "admin"), founder);
  lab.untilHealed();
  lab.join(lab.add(), lab.invite(admin), writer);
  lab.untilHealed();
  const newest = founder.machine?.members().at(-1);
  assertEquals([newest?.role, newest?.grantedBy], ["writer", admin.id]);
});

Deno.test("a reader takes part in everything but writing", () => {
  const lab = new Lab();
  const founder = lab.space(1)[0] as SimPeer;
  const reader = lab.add();
  lab.join(reader, lab.invite(founder, 1, "reader"), founder);
  lab.untilHealed();
  refused(lab, reader, PUT, "not_allowed");
  refused(lab, reader, invite(lab), "not_allowed");
  lab.set(founder, "k", "v");
  lab.untilHealed();
  assert(reader.machine?.get("k") !== null);
  lab.ask(reader, { type: "leave" });
  lab.untilHealed([founder]);
});

Deno.test("the secret of an invite is shown while it is good", () => {
  const lab = new Lab();
  const founder = lab.space(1)[0] as SimPeer;
  const open = () => founder.machine?.invites(founder.now.wallMs)[0]?.secret ?? null;
  assertEquals(open(), null);
  const first = invite(lab, { expiresMs: founder.now.wallMs + 60_000 }) as Extract<Request, { type: "invite" }>;
  lab.ask(founder, first);
  assertEquals(open(), first.secret);
  const second = invite(lab) as Extract<Request, { type: "invite" }>;
  lab.ask(founder, second);
  assertEquals(open(), second.secret);
  lab.join(lab.add(), second.keys, founder);
  assertEquals(open(), first.secret);
  founder.crash(false);
  founder.boot();
  assertEquals(open(), first.secret);
  lab.wait(60_000);
  assertEquals(open(), null);
});

Deno.test("a space that holds nothing gives way to the one that is joined; one with data does not", () => {
  const lab = new Lab();
  const founder = lab.space(1)[0] as SimPeer;
  const pristine = lab.add();
  lab.ask(pristine, { type: "create_space" });
  lab.ask(pristine, invite(lab));
  lab.join(pristine, lab.invite(founder), founder);
  lab.untilHealed();
  assertEquals(pristine.machine?.status().space, founder.machine?.status().space);
  const full = lab.add();
  lab.ask(full, { type: "create_space" });
  lab.set(full, "mine", "x");
  const join: Request = { type: "join", keys: lab.invite(founder), addresses: [founder.listensAt as string] };
  refused(lab, full, join, "home_has_space");
  assert(full.machine?.get("mine") !== null);
  refused(lab, pristine, join, "refused_ticket");
});

Deno.test("a join that another one replaces is told so", () => {
  const lab = new Lab();
  const founder = lab.space(1)[0] as SimPeer;
  const joiner = lab.add();
  let first = "";
  joiner.request({ type: "join", keys: lab.invite(founder), addresses: ["10.9.9.9:1"] }, (reply) => {
    first = reply.ok ? "ok" : reply.code;
  });
  lab.wait(100);
  lab.join(joiner, lab.invite(founder), founder);
  assertEquals(first, "join_failed");
});

Deno.test("a peer that has not received its admission yet can't write, and says so", () => {
  const lab = new Lab();
  const founder = lab.space(1)[0] as SimPeer;
  for (let i = 0; i < 40; i++) lab.set(founder, `k/${i}`, "x".repeat(20_000));
  const joiner = lab.add();
  lab.join(joiner, lab.invite(founder), founder);
  refused(lab, joiner, PUT, "still_joining");
  refused(lab, joiner, { type: "leave" }, "still_joining");
  refused(lab, joiner, { type: "join", keys: lab.invite(founder), addresses: [] }, "still_joining");
  lab.untilHealed();
  lab.ask(joiner, PUT);
});

Deno.test("a ping measures the round trip to a member, by its name or the beginning of its id", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2) as [SimPeer, SimPeer];
  for (const name of [b.id, b.id.slice(0, 8), "peer1"]) {
    const { roundTripMs } = lab.ask(a, { type: "ping", peer: name });
    assert(roundTripMs !== undefined && roundTripMs > 0 && roundTripMs < 100, `${roundTripMs} ms`);
  }
  refused(lab, a, { type: "ping", peer: "nobody" }, "peer_unknown");
  b.freeze();
  const startMs = lab.schedule.nowMs;
  refused(lab, a, { type: "ping", peer: "peer1" }, "silent");
  assert(lab.schedule.nowMs - startMs <= 5100);
});

Deno.test("status, peers and members tell what is so", () => {
  const lab = new Lab();
  const [a, b, c] = lab.space(3) as [SimPeer, SimPeer, SimPeer];
  lab.set(a, "k", "v");
  lab.untilHealed();
  c.crash(false);
  lab.until(() => a.machine?.peers().length === 1, "the crash to be noticed");
  const status = a.machine!.status();
  assertEquals([status.name, status.members, status.entries, status.conflicts, status.waiting], ["peer0", 3, 1, 0, 0]);
  assertEquals([status.synced, status.syncing], [true, null]);
  assertEquals(status.peers.map(({ peer, name, path, inSync }) => [peer, name, path, inSync]), [[
    b.id,
    "peer1",
    "direct",
    true,
  ]]);
  assertEquals(status.absent.map(({ peer, name }) => [peer, name]), [[c.id, "peer2"]]);
  const { wallMs } = a.now;
  assert(status.absent[0]!.sinceMs! <= wallMs && status.absent[0]!.sinceMs! > wallMs - 1000);
  const members = a.machine!.members();
  assertEquals(members.map(({ self, online }) => [self, online]), [[true, true], [false, true], [false, false]]);
  assertEquals(members.map(({ role, grantedBy }) => [role, grantedBy]), [
    ["admin", null],
    ["writer", a.id],
    ["writer", a.id],
  ]);
  const [linked] = a.machine!.peers();
  assert(linked!.sentBytes > 0 && linked!.receivedBytes > 0 && linked!.roundTripMs !== null);
});

Deno.test("a peer alone with members absent is not in sync, and a change makes it so until the others have it", () => {
  const lab = new Lab();
  const [a, b] = lab.space(2) as [SimPeer, SimPeer];
  lab.network.cut(a, b);
  lab.set(a, "k", "v");
  assertEquals(a.machine?.status().synced, false);
  lab.network.mend(a, b);
  lab.untilHealed();
  b.crash(false);
  lab.until(() => a.machine?.peers().length === 0, "the crash to be noticed");
  assertEquals(a.machine?.status().synced, false);
});

Deno.test("a write that meets a damaged record is answered, and the next one on another key is done", () => {
  const lab = new Lab();
  const peer = lab.space(1)[0] as SimPeer;
  lab.set(peer, "k", "v");
  peer.crash(false);
  peer.damage({ table: "operations", column: "value", row: peer.store.operationsTotal });
  peer.boot();
  refused(lab, peer, PUT, "store_damaged");
  assertEquals(peer.events.get("record_damaged"), 1);
  const other: Request = { type: "write", writes: [{ kind: "del", key: "other" }] };
  lab.ask(peer, other);
});
