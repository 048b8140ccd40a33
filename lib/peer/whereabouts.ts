import { fromBase32, toBase32 } from "../base/base32.ts";
import { equal } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { ProtocolError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import {
  MAX_MESSAGE_PRESENCES,
  MAX_OWN_LOSSES,
  MAX_SIGNED_PRESENCES,
  PRESENCE_BEAT_MS,
  PRESENCE_BEAT_PER_MEMBER_MS,
  PRESENCE_CHANGE_PER_MEMBER_MS,
  REFUTED_LOSS_COST,
  RENEW_OWN_PRESENCE_MS,
  RENEW_SIGNED_PRESENCE_MS,
} from "../base/limits.ts";
import { type Random, randomBelow } from "../base/random.ts";
import { TokenBucket } from "../base/token_bucket.ts";
import { Writer } from "../base/writer.ts";
import { sha256 } from "../crypto/hash.ts";
import type { Identity } from "../crypto/identity.ts";
import type { Verify } from "../data/transaction.ts";
import type { Membership } from "../space/membership.ts";
import { DOMAINS } from "../wire/domains.ts";
import {
  type Beat,
  beatMessage,
  BRIEF_BYTES,
  compareBeats,
  comparePresences,
  lossMessage,
  type Presence,
  type PresenceMessage,
  stateOf,
} from "../wire/presence.ts";
import type { Connection, Links } from "./links.ts";
import type { SpaceState } from "./space_state.ts";

/** Beats in a row that may be missed of a member before it is taken for lost though nobody says so. */
const MISSING_BEATS = 3;
/** Two beats that something calls for are at least so far apart. */
const SOONEST_BEAT_MS = 1000;
/** Beats that something calls for in a row: who is said to be lost again and again answers only now and then. */
const MAX_CALLED_BEATS = 8;

/** How a member is as far as is known. */
export type State = ReturnType<typeof stateOf>;

/** What whereabouts work upon. */
export interface WhereaboutParts {
  readonly identity: Identity;
  readonly space: SpaceState;
  readonly membership: Membership;
  readonly links: Pick<Links, "members" | "send">;
  readonly verify: Verify;
  readonly random: Random;
  /** Whether not all members are linked with each other. */
  readonly isOn: () => boolean;
  /** The hash of what this peer holds, as in a `summary`; null while it is not known. */
  readonly holds: () => Uint8Array | null;
  /** A member is in another state. @param before null where nothing was known of it. @param by who lost it, in base32. */
  readonly heard: (peer: string, state: State, before: State | null, by: string | null, now: Now) => void;
  readonly emit: (event: PeerEvent) => void;
}

/** What is known of a member that need not be linked. */
export interface Whereabout {
  readonly state: State;
  /** Base32 id of the linked member by way of which its last beat came. */
  readonly teller: string;
  /** Base32 id of who says that it is lost; null where it is not, or this peer noticed. */
  readonly lostBy: string | null;
  /** When its last beat came, ms since 1970; null where it was gone when this peer came. */
  readonly heardMs: number | null;
  /** What it held then. */
  readonly holds: Uint8Array;
}

interface Known {
  readonly said: Presence;
  /** By way of which member its last beat came, in base32. */
  readonly teller: string;
  readonly heardWallMs: number | null;
  heardMs: number;
  /** Whether no beat of it has come for long. */
  isMissing: boolean;
}

/**
 * Who of the members is here, in a space in which not all are linked. Neighbours tell each other what is new, each thing
 * once. A member says by signed beats that it is here, and what it holds, and that it leaves; another member that it is
 * lost, at the beat that came last: where it is not, the next beat tells. Nobody is heard more often than it may sign.
 */
export class Whereabouts {
  readonly #parts: WhereaboutParts;
  readonly #self: string;
  /** What is known of members, by their base32 ids. */
  readonly #known = new Map<string, Known>();
  /** How much each member may still say of itself, and of others that they are lost, by its base32 id. */
  readonly #signers = new Map<string, TokenBucket>();
  readonly #losers = new Map<string, TokenBucket>();
  /** Of all that is known, in brief; null where that changed since. */
  #knownBrief: Uint8Array | null = null;
  /** What is to be passed on at the end of the turn, and by which link it came. */
  readonly #news = new Map<string, number | null>();
  /** This peer's last beat. */
  #own: Pick<Beat, "run" | "beat">;
  /** Links on which what is known was told whole, as it is once on each. */
  #told = new WeakSet<Connection>();
  #isOn = false;
  /** How many members there are. */
  #members = 1;
  #lastBeatMs = -Infinity;
  #beatDueMs = 0;
  /** When a beat is due that something calls for. */
  #calledDueMs = Infinity;
  readonly #called: TokenBucket;
  readonly #losses: TokenBucket;

  constructor(parts: WhereaboutParts, now: Now) {
    this.#parts = parts;
    this.#self = toBase32(parts.identity.peerId);
    this.#own = { run: Math.max(0, Math.floor(now.wallMs)), beat: 0 };
    this.#called = new TokenBucket(1000 / RENEW_OWN_PRESENCE_MS, MAX_CALLED_BEATS, now.monotonicMs);
    this.#losses = new TokenBucket(1000 / RENEW_OWN_PRESENCE_MS, MAX_OWN_LOSSES, now.monotonicMs);
  }

  /** What is known of a member by its base32 id; null where that is nothing. */
  of(peer: string): Whereabout | null {
    const known = this.#known.get(peer);
    if (known === undefined) return null;
    const { said, teller, heardWallMs } = known;
    const state = known.isMissing && stateOf(said) === "here" ? "lost" : stateOf(said);
    const by = said.loss === null ? null : toBase32(said.loss.by);
    return { state, teller, lostBy: by === this.#self ? null : by, heardMs: heardWallMs, holds: said.holds };
  }

  /** A member said hello on a link: it is told in brief what is known. */
  greeted({ number }: Connection): void {
    if (this.#isOn) this.#parts.links.send(number, { type: "presence", list: [], brief: this.#brief() }, "control");
  }

  /** What a neighbour says. @throws {ProtocolError} `malformed` for what is not signed by who is to have said it. */
  received(connection: Connection, { list, brief }: PresenceMessage, now: Now): void {
    if (!this.#isOn) return;
    const { number, peer } = connection;
    if (brief !== null && !this.#told.has(connection) && !equal(brief, this.#brief())) {
      this.#told.add(connection);
      this.#send(number, this.#known.values());
    }
    for (const said of list) this.#take(said, number, peer, now);
  }

  /** The link to a member is lost, or nothing comes by it: others are told, and where it is here it says so. */
  lost(peer: string, now: Now): void {
    const { identity, space } = this.#parts;
    const said = this.#known.get(peer)?.said;
    if (!this.#isOn || space.space === null || said === undefined || stateOf(said) !== "here") return;
    if (!this.#losses.take(1, now.monotonicMs)) return;
    const signature = identity.sign(DOMAINS.presence, lossMessage(space.space, said));
    this.#keep(peer, { ...said, loss: { by: identity.peerId, signature } }, null, this.#self, now);
  }

  /** Members came or went. */
  membershipChanged(): void {
    for (const map of [this.#known, this.#signers, this.#losers]) {
      for (const peer of map.keys()) {
        if (this.#parts.membership.standingOf(fromBase32(peer)) === null) map.delete(peer);
      }
    }
    this.#knownBrief = null;
    this.#members = Math.max(1, this.#parts.membership.members().length);
  }

  /** This peer stops. @returns its last words on each link. */
  stop(): PresenceMessage[] {
    if (!this.#isOn) return [];
    this.#isOn = false;
    const said = this.#sign(true);
    return said === null ? [] : [{ type: "presence", list: [said], brief: null }];
  }

  /** Does what is due, and passes on what is new. Called at the end of every turn. @param hasChanged whether it now holds more. */
  endTurn(hasChanged: boolean, now: Now): void {
    const { links, isOn, membership, identity } = this.#parts;
    // Before a newcomer knows of its own admission it does not know all others either, nor how often they say something.
    const begins = isOn() && membership.standingOf(identity.peerId) !== null;
    if (begins !== this.#isOn) this.#switch(now);
    if (!this.#isOn) return;
    const { monotonicMs } = now;
    if (hasChanged && this.#calledDueMs === Infinity) {
      this.#calledDueMs = monotonicMs + this.#changeSpreadMs;
    }
    if (monotonicMs >= this.#calledDueMs) {
      const mayBeat = monotonicMs >= this.#lastBeatMs + SOONEST_BEAT_MS && this.#called.take(1, monotonicMs);
      if (mayBeat) this.#beat(now);
      else this.#calledDueMs = monotonicMs + SOONEST_BEAT_MS;
    }
    if (monotonicMs >= this.#beatDueMs) this.#beat(now);
    if (this.#news.size === 0) return;
    for (const { number } of links.members()) {
      const list = [...this.#news].filter(([, from]) => from !== number);
      this.#send(number, list.flatMap(([peer]) => this.#known.get(peer) ?? []));
    }
    this.#news.clear();
  }

  /** The monotonic time in ms at which `endTurn` has something to do. */
  deadline(): number {
    return this.#isOn ? Math.min(this.#beatDueMs, this.#calledDueMs) : Infinity;
  }

  get #periodMs(): number {
    return Math.max(PRESENCE_BEAT_MS, this.#members * PRESENCE_BEAT_PER_MEMBER_MS);
  }

  /** When to tell of a change: spread, since all members change at a time. */
  get #changeSpreadMs(): number {
    return this.#spread(this.#members * PRESENCE_CHANGE_PER_MEMBER_MS);
  }

  #switch(now: Now): void {
    this.#isOn = !this.#isOn;
    this.#known.clear();
    this.#knownBrief = null;
    this.#signers.clear();
    this.#losers.clear();
    this.#news.clear();
    this.#told = new WeakSet();
    if (!this.#isOn) return;
    this.membershipChanged();
    this.#beat(now);
    for (const connection of this.#parts.links.members()) this.greeted(connection);
  }

  #beat(now: Now): void {
    const { monotonicMs } = now;
    // Who stood still itself has yet to read what came in meanwhile.
    const isLate = monotonicMs > this.#beatDueMs + PRESENCE_BEAT_MS;
    this.#lastBeatMs = monotonicMs;
    this.#beatDueMs = monotonicMs + this.#spread(this.#periodMs);
    // What this peer holds is told once it is known.
    this.#calledDueMs = this.#parts.holds() === null ? monotonicMs + this.#changeSpreadMs : Infinity;
    const said = this.#sign(false);
    if (said !== null) this.#keep(this.#self, said, null, this.#self, now);
    for (const [peer, known] of this.#known) {
      if (isLate) known.heardMs = monotonicMs;
      if (known.isMissing || monotonicMs - known.heardMs <= MISSING_BEATS * this.#periodMs) continue;
      known.isMissing = true;
      if (stateOf(known.said) === "here") this.#parts.heard(peer, "lost", "here", null, now);
    }
  }

  /** The next beat; null before there is a space. */
  #sign(leaves: boolean): Presence | null {
    const { identity, space, holds } = this.#parts;
    if (space.space === null) return null;
    this.#own = { run: this.#own.run, beat: this.#own.beat + 1 };
    const held = holds()?.subarray(0, BRIEF_BYTES) ?? new Uint8Array(BRIEF_BYTES);
    const beat = { peer: identity.peerId, ...this.#own, leaves, holds: held };
    return { ...beat, signature: identity.sign(DOMAINS.presence, beatMessage(space.space, beat)), loss: null };
  }

  #take(said: Presence, from: number, teller: string, now: Now): void {
    const { membership } = this.#parts;
    if (membership.standingOf(said.peer) === null) return;
    if (said.loss !== null && membership.standingOf(said.loss.by) === null) return;
    const peer = toBase32(said.peer);
    if (peer === this.#self) return this.#answer(said, now);
    const before = this.#known.get(peer)?.said;
    if (before !== undefined && comparePresences(said, before) <= 0) return;
    const isKnownBeat = before !== undefined && compareBeats(said, before) === 0 && said.leaves === before.leaves;
    if (!isKnownBeat) this.#checkBeat(said);
    if (said.loss !== null) this.#check(said.loss.by, lossMessage(this.#space, said), said.loss.signature);
    if (!this.#maySay(said, now)) return;
    // What came in is a view of what was received.
    this.#keep(peer, detached(isKnownBeat ? { ...before, loss: said.loss } : said), from, teller, now);
  }

  /** Something is said of this peer: where it is not so, or an earlier run said it, its next beat says the contrary. */
  #answer(said: Presence, now: Now): void {
    const order = compareBeats(said, this.#own);
    if (order < 0 || (order === 0 && stateOf(said) === "here")) return;
    if (said.loss !== null) this.#check(said.loss.by, lossMessage(this.#space, said), said.loss.signature);
    if (order > 0) {
      this.#checkBeat(said);
      this.#own = { run: said.run, beat: said.beat };
    }
    this.#calledDueMs = Math.min(this.#calledDueMs, Math.max(now.monotonicMs, this.#lastBeatMs + SOONEST_BEAT_MS));
  }

  #keep(peer: string, said: Presence, from: number | null, teller: string, now: Now): void {
    const known = this.#known.get(peer);
    const before = this.of(peer)?.state ?? null;
    const isNewBeat = known === undefined || compareBeats(said, known.said) !== 0;
    const state = stateOf(said);
    this.#known.set(peer, {
      said,
      teller: isNewBeat ? teller : known.teller,
      // Of who is gone when this peer comes it is not known since when.
      heardWallMs: !isNewBeat ? known.heardWallMs : before === null && state !== "here" ? null : now.wallMs,
      heardMs: isNewBeat ? now.monotonicMs : known.heardMs,
      isMissing: false,
    });
    if (known === undefined || known.said.run !== said.run || stateOf(known.said) !== state) this.#knownBrief = null;
    this.#news.set(peer, from);
    if (isNewBeat && known?.said.loss && !said.leaves && said.run === known.said.run) {
      this.#refuted(known.said.loss.by, now);
    }
    if (peer === this.#self || before === state) return;
    this.#parts.heard(peer, state, before, this.of(peer)?.lostBy ?? null, now);
  }

  /** Whether who said it may have one more such thing passed on. */
  #maySay({ peer, loss }: Presence, now: Now): boolean {
    const signer = toBase32(loss === null ? peer : loss.by);
    if (bucketOf(loss === null ? this.#signers : this.#losers, signer, now).take(1, now.monotonicMs)) return true;
    this.#parts.emit({ name: "presence_refused", level: "warning", reason: "too_often", fields: { peer: signer } });
    return false;
  }

  /** A member that was lost is here, and was all the time: who said so is heard less. */
  #refuted(by: Uint8Array, now: Now): void {
    const bucket = bucketOf(this.#losers, toBase32(by), now);
    let cost = REFUTED_LOSS_COST;
    while (cost > 0 && !bucket.take(cost, now.monotonicMs)) cost--;
  }

  #checkBeat(said: Presence): void {
    this.#check(said.peer, beatMessage(this.#space, said), said.signature);
  }

  #check(signer: Uint8Array, message: Uint8Array, signature: Uint8Array): void {
    if (this.#parts.verify(DOMAINS.presence, signer, message, signature)) return;
    throw new ProtocolError("malformed", "a presence that nobody signed");
  }

  get #space(): Uint8Array {
    const { space } = this.#parts.space;
    if (space === null) throw new ProtocolError("bad_state", "a presence without a space");
    return space;
  }

  /** What two peers know that know the same: beats, which never rest, are left out. */
  #brief(): Uint8Array {
    if (this.#knownBrief !== null) return this.#knownBrief;
    const writer = new Writer();
    for (const [, { said }] of [...this.#known].sort(([a], [b]) => a < b ? -1 : 1)) {
      writer.raw(said.peer).u48(said.run).u8(["here", "lost", "left"].indexOf(stateOf(said)));
    }
    this.#knownBrief = sha256(writer.finish()).slice(0, BRIEF_BYTES);
    return this.#knownBrief;
  }

  #send(connection: number, known: Iterable<Known>): void {
    const list = [...known].map(({ said }) => said);
    for (let i = 0; i < list.length; i += MAX_MESSAGE_PRESENCES) {
      const some = list.slice(i, i + MAX_MESSAGE_PRESENCES);
      this.#parts.links.send(connection, { type: "presence", list: some, brief: null }, "control");
    }
  }

  /** Between half and the whole of a time. */
  #spread(ms: number): number {
    return ms / 2 + randomBelow(this.#parts.random, Math.max(1, Math.ceil(ms / 2)));
  }
}

function bucketOf(buckets: Map<string, TokenBucket>, signer: string, now: Now): TokenBucket {
  const bucket = buckets.get(signer) ??
    new TokenBucket(1000 / RENEW_SIGNED_PRESENCE_MS, MAX_SIGNED_PRESENCES, now.monotonicMs);
  buckets.set(signer, bucket);
  return bucket;
}

function detached(said: Presence): Presence {
  const { loss } = said;
  return {
    ...said,
    ...{ peer: said.peer.slice(), holds: said.holds.slice(), signature: said.signature.slice() },
    loss: loss === null ? null : { by: loss.by.slice(), signature: loss.signature.slice() },
  };
}
