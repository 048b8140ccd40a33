import { toBase32 } from "../base/base32.ts";
import { equal } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { KithError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import type { Random } from "../base/random.ts";
import type { Identity } from "../crypto/identity.ts";
import { SigningKey } from "../crypto/sign.ts";
import type { HybridClock } from "../data/clock.ts";
import type { Act, MembershipOperation } from "../space/acts.ts";
import type { Membership, Standing } from "../space/membership.ts";
import { DamagedError } from "../store/damaged_error.ts";
import type { Store } from "../store/store.ts";
import type { Grant } from "../wire/operation.ts";
import type { Applier } from "./applier.ts";
import type { Epochs } from "./epochs.ts";
import { Invites } from "./invites.ts";
import type { JoinOutcome } from "./joiner.ts";
import { LocalWriter } from "./local_writes.ts";
import type { JoinRequest, PostRequest, Reply, Request, TicketKeys } from "./machine.ts";
import type { InviteView, MemberView } from "./reads.ts";
import { MemberRequests } from "./member_requests.ts";
import type { SpaceState } from "./space_state.ts";

/** What requests work upon. */
export interface RequestParts {
  readonly identity: Identity;
  readonly store: Store;
  readonly random: Random;
  readonly clock: HybridClock;
  readonly space: SpaceState;
  readonly membership: Membership;
  readonly applier: Applier;
  readonly epochs: Epochs;
  /** Who is a member, as people call them. */
  readonly members: () => readonly MemberView[];
  readonly emit: (event: PeerEvent) => void;
  readonly reply: (id: number, reply: Reply) => void;
  readonly dial: (address: string) => void;
  readonly join: (id: number, request: JoinRequest, now: Now) => void;
  /** Whether a member is linked. */
  readonly isLinked: () => boolean;
  /** Whether members take this peer for a stranger. */
  readonly isRefused: () => boolean;
  readonly ping: (id: number, peer: string, now: Now) => void;
  readonly post: (id: number, request: PostRequest, now: Now) => void;
  /** The store was cleared: what was loaded from it is forgotten. */
  readonly reset: () => void;
}

interface Write {
  readonly id: number;
  readonly request: Extract<Request, { type: "write" }>;
}

/** Local requests: each gets one reply, and only once what it did is durable. */
export class Requests {
  readonly #parts: RequestParts;
  readonly #writer: LocalWriter;
  /** The invites of the space. */
  readonly invites: Invites;
  readonly #ofMembers: MemberRequests;
  /** Joins by an invite that this peer redeemed before: how often each may be used. */
  readonly #inAlready = new Map<number, number>();
  #writes: Write[] = [];
  #replies: { id: number; reply: Reply }[] = [];
  #wallMs = 0;

  constructor(parts: RequestParts) {
    this.#parts = parts;
    this.invites = new Invites(parts);
    this.#writer = new LocalWriter({
      identity: parts.identity,
      store: parts.store,
      clock: parts.clock,
      space: () => this.#space(),
      standing: () => this.#ofMembers.memberStanding(),
      apply: (transaction) => parts.applier.apply(transaction, this.#space(), null, this.#wallMs),
    });
    this.#ofMembers = new MemberRequests({ ...parts, writer: this.#writer, standing: () => this.#standing() });
  }

  /** Takes a request in. Writes wait for the end of the turn, so that those of one turn share a transaction. */
  take(id: number, request: Request, now: Now): void {
    this.#wallMs = now.wallMs;
    if (request.type === "write") {
      this.#writes.push({ id, request });
      return;
    }
    this.#guarded(id, () => this.#takeOther(id, request, now));
  }

  /** Does the turn's writes, after everything that came in: a write replaces what this peer has seen by now. */
  endTurn(now: Now): void {
    this.#wallMs = now.wallMs;
    this.#parts.applier.settle();
    const writes = this.#writes;
    for (let next = writes.shift(); next !== undefined; next = writes.shift()) {
      const { id, request } = next;
      this.#guarded(id, () => {
        const versions = this.#writer.write(request.writes, now.wallMs);
        this.#replies.push({ id, reply: { ok: true, versions } });
      });
    }
    this.#writer.flush(now.wallMs);
    this.#revokeOverUse(now.wallMs);
    this.#parts.applier.settle();
  }

  /** Ends a member whose time is over, or one that has left. */
  end(peer: Uint8Array, reason: "expired" | "left", now: Now): void {
    this.#wallMs = now.wallMs;
    this.#ofMembers.end(peer, reason, now.wallMs);
  }

  /** Writes a membership operation of this peer's own accord. */
  sign(operation: MembershipOperation, now: Now): void {
    this.#wallMs = now.wallMs;
    this.#parts.store.begin();
    this.#writer.writeMembership(() => [operation], now.wallMs);
  }

  /** The store has it: now the replies may go out. */
  committed(): void {
    for (const { id, reply } of this.#replies) this.#parts.reply(id, reply);
    this.#replies = [];
  }

  /** The store refused: none of the turn's requests was done. */
  failed(error: KithError): void {
    this.#writer.reset();
    const writes = this.#writes.map(({ id }) => ({ id }));
    this.#writes = [];
    for (const { id } of [...this.#replies, ...writes]) {
      this.#parts.reply(id, { ok: false, code: error.code, values: error.values });
    }
    this.#replies = [];
  }

  /** A join is over. @param id null where nobody asked for it: this peer came back by the invite it once redeemed. */
  joined(id: number | null, outcome: JoinOutcome): void {
    if (id !== null) {
      const uses = this.#inAlready.get(id);
      this.#inAlready.delete(id);
      // Where nobody answered, nothing speaks against it.
      const isIn = !outcome.ok && outcome.code === "join_failed" && uses !== undefined;
      const end: JoinOutcome = isIn ? { ok: true, uses } : outcome;
      this.#replies.push({ id, reply: end.ok ? { ...end, space: toBase32(this.#space()) } : end });
    } else if (outcome.ok) {
      this.#parts.emit({ name: "came_back", level: "info", reason: "a member had not heard of this peer" });
    } else {
      this.#parts.emit({ name: "not_let_back", level: "warning", reason: outcome.code, fields: outcome.values });
    }
  }

  #takeOther(id: number, request: Exclude<Request, { type: "write" }>, now: Now): void {
    switch (request.type) {
      case "create_space":
        this.#createSpace(now.wallMs);
        this.#replies.push({ id, reply: { ok: true, space: toBase32(this.#space()) } });
        return;
      case "invite":
        this.#replies.push({ id, reply: { ok: true, invite: this.#invite(request, now.wallMs) } });
        return;
      case "join": {
        const used = this.#usedInvite(request.keys);
        if (used === null) this.#prepareJoin(request.keys);
        else if (this.#parts.isLinked() && !this.#parts.isRefused()) {
          return this.joined(id, { ok: true, uses: used.operation.uses });
        } else this.#inAlready.set(id, used.operation.uses);
        return this.#parts.join(id, request, now);
      }
      case "leave":
        this.#leave(now.wallMs);
        this.#replies.push({ id, reply: { ok: true } });
        return;
      case "grant":
        this.#ofMembers.grant(request, now.wallMs);
        this.#replies.push({ id, reply: { ok: true } });
        return;
      case "revoke":
        this.#ofMembers.revoke(request.peer, now.wallMs);
        this.#replies.push({ id, reply: { ok: true } });
        return;
      case "revoke_invite":
        this.#ofMembers.revokeInvite(request.invite, now.wallMs);
        this.#replies.push({ id, reply: { ok: true } });
        return;
      case "readopt":
        this.#replies.push({ id, reply: { ok: true, versions: this.#ofMembers.readopt(request.keys, now.wallMs) } });
        return;
      case "connect":
        this.#parts.dial(request.address);
        this.#replies.push({ id, reply: { ok: true } });
        return;
      case "ping":
        return this.#parts.ping(id, request.peer, now);
      case "post":
      case "ask":
      case "answer":
        // Readers too: a message is no data.
        this.#ofMembers.memberStanding();
        return this.#parts.post(id, request, now);
    }
  }

  #guarded(id: number, act: () => void): void {
    try {
      act();
    } catch (error) {
      // Its turn is taken back, and `failed` says why to all whose replies wait.
      if (error instanceof DamagedError) {
        this.#replies.push({ id, reply: { ok: false, code: "store_damaged", values: {} } });
      }
      if (!(error instanceof KithError)) throw error;
      this.#replies.push({ id, reply: { ok: false, code: error.code, values: error.values } });
      // A store that fails takes the whole turn with it, not this request alone.
      if (error.code.startsWith("store_")) throw error;
    }
  }

  #createSpace(wallMs: number): void {
    const { applier, random, space, store } = this.#parts;
    if (space.space !== null) throw new KithError("home_has_space");
    store.begin();
    const genesis = this.#writer.buildGenesis(random.bytes(32).slice(), wallMs);
    space.enter(genesis.id, [{ number: 0, secret: random.bytes(32).slice() }], genesis.id);
    applier.apply(genesis, genesis.id, null, wallMs);
  }

  #invite(request: Extract<Request, { type: "invite" }>, wallMs: number): InviteView {
    const standing = this.#ofMembers.adminStanding("only an admin can invite");
    this.#parts.store.begin();
    return this.invites.make(request, standing, this.#space(), this.#writer, wallMs);
  }

  /** A space that nobody else is in and that holds nothing gives way to the one that is joined. */
  #prepareJoin(keys: TicketKeys): void {
    const { membership, space, store } = this.#parts;
    // Who left, or was removed, may come back.
    if (space.space === null || this.#isCutOff() || this.#standing() === null) return;
    if (this.#inviteOf(keys) !== null) {
      throw new KithError("refused_ticket", { detail: "it was made by this very peer; use it on another machine" });
    }
    const pristine = membership.members().length <= 1 && store.operationsTotal === membership.size;
    if (!pristine) throw new KithError("home_has_space");
    store.begin();
    store.clear();
    this.#parts.reset();
  }

  /** Whether another ticket of the same space is of use: this peer is in it, and not all know of that. */
  #isCutOff(): boolean {
    const { space, isLinked, isRefused } = this.#parts;
    return isRefused() || (space.isArriving && !isLinked());
  }

  /** The invite of a ticket, where it is one of this space. */
  #inviteOf(keys: TicketKeys): Act<Grant> | null {
    const subject = SigningKey.fromSeed(keys.inviteSeed).publicKey;
    return this.#parts.membership.invites().find(({ operation }) => equal(operation.subject, subject)) ?? null;
  }

  /** The invite of a ticket by which this very peer is in: who asks again, after a crash, may be told that all is well. */
  #usedInvite(keys: TicketKeys): Act<Grant> | null {
    const { membership, identity } = this.#parts;
    const invite = this.#inviteOf(keys);
    const used = invite !== null && membership.standingOf(identity.peerId) !== null &&
      membership.redeemsOf(invite.version).some(({ peer }) => equal(peer, identity.peerId));
    return used ? invite : null;
  }

  #leave(wallMs: number): void {
    const { identity, store } = this.#parts;
    this.#ofMembers.memberStanding();
    store.begin();
    this.#writer.writeMembership(() => [{
      kind: "revoke",
      target: { kind: "peer", peer: identity.peerId },
      frontier: null,
      sealed: [],
    }], wallMs);
  }

  /** Of concurrent redeems beyond the uses of an invite, its granter keeps those that it saw first (DESIGN 8). */
  #revokeOverUse(wallMs: number): void {
    const { membership, identity } = this.#parts;
    for (const invite of membership.takeOverUsed()) {
      if (!equal(invite.peer, identity.peerId) || this.#standing()?.role !== "admin") continue;
      const redeems = membership.redeemsOf(invite.version);
      const kept = redeems.slice(0, invite.operation.uses);
      for (const { peer } of redeems.slice(kept.length)) {
        // Who redeemed twice, through two doors that did not know of each other, is one member all the same.
        if (membership.standingOf(peer) === null || kept.some((redeem) => equal(redeem.peer, peer))) continue;
        this.#revoke(invite, peer, wallMs);
      }
    }
  }

  #revoke(invite: Act<Grant>, peer: Uint8Array, wallMs: number): void {
    this.#writer.writeMembership(() => [{
      kind: "revoke",
      target: { kind: "peer", peer },
      frontier: null,
      sealed: this.#parts.epochs.renewed(peer),
    }], wallMs);
    this.#parts.emit({
      name: "member_revoked",
      level: "warning",
      reason: "invite_over_used",
      fields: { peer: toBase32(peer), uses: invite.operation.uses },
    });
  }

  #space(): Uint8Array {
    const space = this.#parts.space.space;
    if (space === null) throw new KithError("no_space");
    return space;
  }

  #standing(): Standing | null {
    const { membership, identity, space } = this.#parts;
    if (space.space === null) throw new KithError("no_space");
    const standing = membership.standingOf(identity.peerId);
    if (standing === null && space.isArriving) throw new KithError("still_joining");
    return standing;
  }
}
