import { assert, assertEquals, assertThrows } from "@std/assert";
import { toBase32 } from "../../lib/base/base32.ts";
import type { PeerEvent } from "../../lib/base/event.ts";
import {
  MAX_SIGNED_PRESENCES,
  PRESENCE_BEAT_MS,
  PRESENCE_BEAT_PER_MEMBER_MS,
  RENEW_SIGNED_PRESENCE_MS,
} from "../../lib/base/limits.ts";
import { ProtocolError } from "../../lib/base/errors.ts";
import { Identity, verifySigned } from "../../lib/crypto/identity.ts";
import type { Connection } from "../../lib/peer/links.ts";
import type { SpaceState } from "../../lib/peer/space_state.ts";
import { Whereabouts } from "../../lib/peer/whereabouts.ts";
import type { Membership } from "../../lib/space/membership.ts";
import { DOMAINS } from "../../lib/wire/domains.ts";
import { encodeMessage, type Message } from "../../lib/wire/message.ts";
import { beatMessage, lossMessage, type Presence, type PresenceMessage, stateOf } from "../../lib/wire/presence.ts";
import { Prng } from "../sim/prng.ts";

const SPACE = new Uint8Array(32).fill(5);
const START_MS = 1_000_000;
const HOLDS = new Uint8Array(8).fill(6);
const at = (monotonicMs: number) => ({ monotonicMs, wallMs: START_MS + monotonicMs });
const random = new Prng(1);
const LINKS = [1, 2].map((number) => ({ number, peer: `link${number}` }) as Connection);
const [FIRST, SECOND] = LINKS as [Connection, Connection];
const [self, other, third, stranger] = [1, 2, 3, 4].map(() => Identity.generate(random)) as [
  Identity,
  Identity,
  Identity,
  Identity,
];

interface Saying {
  readonly leaves?: boolean;
  readonly lostBy?: Identity;
  /** Who really signs that. */
  readonly signer?: Identity;
  readonly run?: number;
}

function said(of: Identity, beat: number, { leaves = false, lostBy, signer, run = 7 }: Saying = {}): Presence {
  const one = { peer: of.peerId, run, beat, leaves, holds: HOLDS };
  const signed = (lostBy === undefined ? signer ?? of : of).sign(DOMAINS.presence, beatMessage(SPACE, one));
  if (lostBy === undefined) return { ...one, signature: signed, loss: null };
  const signature = (signer ?? lostBy).sign(DOMAINS.presence, lossMessage(SPACE, one));
  return { ...one, signature: signed, loss: { by: lostBy.peerId, signature } };
}

function listed(...list: Presence[]): PresenceMessage {
  return { type: "presence", list, brief: list.length === 0 ? new Uint8Array(8) : null };
}

/** Whereabouts of a peer with two links, and what it said and heard since it was last looked. */
function whereabouts(members: Identity[] = [self, other, third]) {
  let told: string[] = [];
  const sent: Message[] = [];
  const events: PeerEvent[] = [];
  const nameOf = (id: Uint8Array) =>
    ["self", "other", "third"][[self, other, third].findIndex(({ peerId }) => toBase32(peerId) === toBase32(id))];
  const known = new Whereabouts({
    identity: self,
    space: { space: SPACE } as SpaceState,
    membership: {
      standingOf: (id: Uint8Array) => members.some(({ peerId }) => toBase32(peerId) === toBase32(id)) ? {} : null,
      members: () => members,
    } as unknown as Membership,
    links: {
      *members() {
        yield* LINKS;
      },
      send: (number: number, message: Message) => {
        sent.push(message);
        if (message.type !== "presence") return true;
        for (const one of message.list) {
          told.push(`${number}: ${nameOf(one.peer) ?? "one"} ${one.beat} ${stateOf(one)}`);
        }
        return true;
      },
    },
    verify: verifySigned,
    random,
    isOn: () => true,
    holds: () => HOLDS,
    heard: (_, state, before) => told.push(`heard ${state}, was ${before}`),
    emit: (event) => events.push(event),
  }, at(0));
  const turn = (ms: number, hasChanged = false) => {
    known.endTurn(hasChanged, at(ms));
    const all = told;
    told = [];
    return all;
  };
  turn(0);
  sent.length = 0;
  return { known, turn, sent, events };
}

Deno.test("what is new of a member is passed on once, to all but who said it", () => {
  const { known, turn } = whereabouts();
  for (let i = 0; i < 2; i++) known.received(FIRST, listed(said(other, 1)), at(10));
  assertEquals(turn(10), ["heard here, was null", "2: other 1 here"]);
  known.received(SECOND, listed(said(other, 1, { lostBy: third })), at(20));
  assertEquals(turn(20), ["heard lost, was here", "1: other 1 lost"]);
  known.received(FIRST, listed(said(other, 2)), at(30));
  assertEquals(turn(30), ["heard here, was lost", "2: other 2 here"]);
  known.received(SECOND, listed(said(other, 3, { leaves: true })), at(40));
  assertEquals(turn(40), ["heard left, was here", "1: other 3 left"]);
  known.received(SECOND, listed(said(other, 3, { lostBy: third }), said(other, 3), said(other, 0)), at(50));
  assertEquals([turn(50), known.of(toBase32(other.peerId))?.state], [[], "left"], "older");
});

Deno.test("nobody says of another that it is here or leaves, and of others than members nothing is taken in", () => {
  const { known, turn } = whereabouts();
  const isForged = (one: Presence) => assertThrows(() => known.received(FIRST, listed(one), at(10)), ProtocolError);
  isForged(said(other, 9, { signer: third }));
  isForged(said(other, 9, { leaves: true, signer: third }));
  isForged({ ...said(other, 9), leaves: true });
  isForged({ ...said(other, 9), holds: new Uint8Array(8) });
  isForged({ ...said(other, 9), beat: 10 });
  isForged(said(other, 9, { lostBy: third, signer: stranger }));
  isForged(said(self, 9, { run: START_MS, signer: third }));
  isForged(said(self, 1, { run: START_MS, lostBy: third, signer: stranger }));
  known.received(FIRST, listed(said(stranger, 1), said(other, 1, { lostBy: stranger })), at(10));
  assertEquals([turn(10), known.of(toBase32(other.peerId))], [[], null]);
});

Deno.test("a peer that is said to be lost says that it is here, and the oftener that is said, the slower", () => {
  const { known, turn } = whereabouts();
  let beat = 1;
  const atMs: number[] = [];
  for (let ms = 100; ms < PRESENCE_BEAT_MS / 2; ms += 100) {
    known.received(FIRST, listed(said(self, beat, { lostBy: third, run: START_MS })), at(ms));
    const told = turn(ms);
    if (told.length === 0) continue;
    assertEquals(told, [`1: self ${++beat} here`, `2: self ${beat} here`]);
    atMs.push(ms);
  }
  assert((atMs[0] as number) <= 1000 && atMs.length <= 12, atMs.join());
});

Deno.test("what an earlier run said is overruled, where the clock fell back since", () => {
  const { known, turn } = whereabouts();
  known.received(FIRST, listed(said(self, 5, { leaves: true, run: START_MS * 2 })), at(2000));
  assertEquals(turn(2000), ["1: self 6 here", "2: self 6 here"]);
});

Deno.test("of what one member signs no more is passed on than now and then", () => {
  const members = [self, third, ...Array.from({ length: 2 * MAX_SIGNED_PRESENCES }, () => Identity.generate(random))];
  const { known, turn, events } = whereabouts(members);
  const all = members.slice(2);
  known.received(FIRST, listed(...all.map((one) => said(one, 1))), at(10));
  assertEquals(turn(10).filter((line) => line.startsWith("2:")).length, all.length);
  known.received(FIRST, listed(...all.map((one) => said(one, 1, { lostBy: third }))), at(20));
  assertEquals(turn(20).filter((line) => line.startsWith("2:")).length, MAX_SIGNED_PRESENCES);
  assertEquals(events[0]?.reason, "too_often");
  known.received(
    FIRST,
    listed(...all.map((one) => said(one, 1, { lostBy: third }))),
    at(20 + RENEW_SIGNED_PRESENCE_MS),
  );
  assertEquals(turn(20 + RENEW_SIGNED_PRESENCE_MS).filter((line) => line.startsWith("2:")).length, 1);
});

Deno.test("who says again and again that somebody is lost who is not is heard no more", () => {
  const { known, turn } = whereabouts();
  const lostIn = (runs: number[]) => {
    const told = runs.flatMap((run, beat) => {
      known.received(FIRST, listed(said(other, beat, { run }), said(other, beat, { run, lostBy: third })), at(10));
      return turn(10);
    });
    return told.filter((line) => line === "heard lost, was here").length;
  };
  assertEquals(lostIn([1, 2, 3, 4, 5]), 5, "it was started anew each time");
  assertEquals(lostIn([9, 9, 9, 9, 9, 9]), 2);
});

Deno.test("a member of which no beat comes is lost here, and nobody is told; one that stood still itself waits on", () => {
  const { known, turn } = whereabouts();
  known.received(FIRST, listed(said(other, 1)), at(0));
  turn(0);
  const state = () => known.of(toBase32(other.peerId))?.state;
  turn(100 * PRESENCE_BEAT_MS);
  assertEquals(state(), "here", "it slept");
  const told: string[] = [];
  for (let i = 101; i <= 105; i++) told.push(...turn(i * PRESENCE_BEAT_MS));
  assertEquals([state(), told.filter((line) => !line.includes("self"))], ["lost", ["heard lost, was here"]]);
  known.received(FIRST, listed(said(other, 2)), at(106 * PRESENCE_BEAT_MS));
  assertEquals([state(), turn(106 * PRESENCE_BEAT_MS)[0]], ["here", "heard here, was lost"]);
});

Deno.test("a member that has just come to a large space waits as long for the others as these do for each other", () => {
  const members = [other, ...Array.from({ length: 198 }, () => Identity.generate(random))];
  const { known, turn, sent } = whereabouts(members);
  const state = () => known.of(toBase32(other.peerId))?.state ?? null;
  known.received(FIRST, listed(said(other, 1)), at(1000));
  assertEquals([turn(1000), sent, state()], [[], [], null], "it does not know so far that it is one of them");
  members.push(self);
  assertEquals(turn(2000), ["1: self 1 here", "2: self 1 here"]);
  known.received(FIRST, listed(said(other, 1)), at(3000));
  const told: string[] = [];
  const lostMs = 3 * members.length * PRESENCE_BEAT_PER_MEMBER_MS;
  for (let ms = 3000; ms < lostMs; ms += 10_000) told.push(...turn(ms));
  assertEquals([told.filter((line) => !line.includes("self")), state()], [
    ["heard here, was null", "2: other 1 here"],
    "here",
  ]);
  for (let ms = lostMs; ms < 2 * lostMs; ms += 10_000) turn(ms);
  assertEquals(state(), "lost");
});

Deno.test("what was said of all is told anew where something of it changed, and beats alone change nothing", () => {
  const { known, turn, sent } = whereabouts();
  const brief = () => {
    sent.length = 0;
    known.greeted({ number: 3, peer: "link3" } as Connection);
    return String((sent.splice(0) as PresenceMessage[])[0]?.brief);
  };
  const briefs = [brief()];
  const hears = (...list: Presence[]) => {
    known.received(FIRST, listed(...list), at(10));
    turn(10);
    briefs.push(brief());
  };
  hears(said(other, 1));
  hears(said(other, 2));
  assertEquals(briefs[1], briefs[2]);
  hears(said(other, 2, { lostBy: third }));
  hears(said(other, 3));
  assertEquals(briefs[4], briefs[1]);
  hears(said(other, 4, { leaves: true }));
  hears(said(other, 1, { run: 8 }));
  assertEquals(new Set(briefs).size, 5, "nothing, here, lost, left, here in another run");
});

Deno.test("what is known of who is a member no more is not in what is told of all", () => {
  const members = [self, other, third];
  const { known, turn, sent } = whereabouts(members);
  const brief = () => {
    sent.length = 0;
    known.greeted({ number: 3, peer: "link3" } as Connection);
    return String((sent.splice(0) as PresenceMessage[])[0]?.brief);
  };
  const before = brief();
  known.received(FIRST, listed(said(other, 1)), at(10));
  turn(10);
  assert(brief() !== before);
  members.splice(1, 1);
  known.membershipChanged();
  assertEquals(brief(), before);
});

Deno.test("who knows the same is told nothing on a new link, who does not all, once", () => {
  const [one, another] = [whereabouts(), whereabouts()];
  for (const { known, turn } of [one, another]) {
    known.received(FIRST, listed(said(other, 1)), at(10));
    turn(10);
  }
  const greetingOf = ({ known, sent }: typeof one) => {
    sent.length = 0;
    known.greeted({ number: 3, peer: "link3" } as Connection);
    return sent.splice(0) as PresenceMessage[];
  };
  const third3 = { number: 3, peer: "link3" } as Connection;
  const [greeting] = greetingOf(one) as [PresenceMessage];
  assertEquals([greeting.list, greeting.brief?.length], [[], 8]);
  another.sent.length = 0;
  another.known.received(third3, greeting, at(20));
  assertEquals(another.sent, []);
  another.known.received(FIRST, listed(said(other, 1, { lostBy: third })), at(30));
  another.turn(30);
  another.sent.length = 0;
  for (let i = 0; i < 2; i++) another.known.received(third3, greeting, at(40));
  assertEquals(another.sent.map((message) => message.type === "presence" && message.list.map(stateOf)), [[
    "here",
    "lost",
  ]]);
});

Deno.test("in a space of a thousand all beats are one or two a second, and changes do not make them a flood", () => {
  const count = 1000;
  const members = [self, ...Array.from({ length: count - 1 }, () => Identity.generate(random))];
  const { known, turn, sent } = whereabouts(members);
  const list = members.slice(1).map((one) => said(one, 1));
  known.received(FIRST, listed(...list), at(1));
  turn(1);
  const bytesOf = (message: Message) => encodeMessage(message).body.length;
  assertEquals(sent.map(bytesOf), [2 + 112 * (count - 1)]);
  const beatsIn = (fromMs: number, forMs: number, hasChanged: boolean) => {
    sent.length = 0;
    for (let ms = fromMs; ms < fromMs + forMs; ms += 1000) turn(ms, hasChanged);
    assert(sent.every((message) => bytesOf(message) <= 116), "one beat a message");
    return sent.length / LINKS.length;
  };
  const hourMs = 3_600_000;
  const calm = beatsIn(1000, hourMs, false);
  assert(calm >= hourMs / (count * PRESENCE_BEAT_PER_MEMBER_MS) - 1 && calm <= 8, `${calm} beats an hour`);
  const busy = beatsIn(1000 + hourMs, hourMs, true);
  assert(busy <= 30, `${busy} beats an hour while all changes`);
});
