import { toBase32 } from "../base/base32.ts";
import { equal } from "../base/bytes.ts";
import type { Now } from "../base/clock.ts";
import { type ErrorCode, type ErrorValues, KithError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import { MAX_INVITE_USES, MAX_MEMBERSHIP_ACTS } from "../base/limits.ts";
import type { Random } from "../base/random.ts";
import type { Identity } from "../crypto/identity.ts";
import { SigningKey } from "../crypto/sign.ts";
import type { HybridClock } from "../data/clock.ts";
import type { Act, MembershipOperation } from "../space/acts.ts";
import { grantMac } from "../space/grant.ts";
import type { Membership, Standing } from "../space/membership.ts";
import { DamagedError } from "../store/damaged_error.ts";
import type { Store } from "../store/store.ts";
import type { Grant } from "../wire/operation.ts";
import type { Applier } from "./applier.ts";
import type { Epochs } from "./epochs.ts";
import { LocalWriter } from "./local_writes.ts";
import type { Reply, Request, TicketKeys } from "./machine.ts";
import type { SpaceState } from "./space_state.ts";

const NO_MAC = new Uint8Array(32);
const TICKET_DERIVATION = 1;

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
  readonly emit: (event: PeerEvent) => void;
  readonly reply: (id: number, reply: Reply) => void;
  readonly dial: (address: string) => void;
  readonly join: (id: number, keys: TicketKeys, addresses: readonly string[], now: Now) => void;
  readonly ping: (id: number, peer: string, now: Now) => void;
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
  #writes: Write[] = [];
  #replies: { id: number; reply: Reply }[] = [];
  #wallMs = 0;

  constructor(parts: RequestParts) {
    this.#parts = parts;
    this.#writer = new LocalWriter({
      identity: parts.identity,
      store: parts.store,
      clock: parts.clock,
      space: () => this.#space(),
      standing: () => this.#standing(),
      apply: (transaction) => parts.applier.apply(transaction, this.#space(), null, this.#wallMs),
    });
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

  /** A join is over. */
  joined(id: number, failure: { code: ErrorCode; values: ErrorValues } | null): void {
    const space = this.#parts.space.space;
    if (failure !== null) this.#replies.push({ id, reply: { ok: false, ...failure } });
    else this.#replies.push({ id, reply: space === null ? { ok: true } : { ok: true, space: toBase32(space) } });
  }

  /** The secret of an invite that was made here and is still good. */
  openInvite(wallMs: number): { secret: Uint8Array; expiresMs: number } | null {
    const { membership, space } = this.#parts;
    for (const { grant, secret } of space.invites.toReversed()) {
      const act = membership.grant(grant);
      if (act !== null && membership.isOpen(act, wallMs)) return { secret, expiresMs: act.operation.expiresMs };
    }
    return null;
  }

  #takeOther(id: number, request: Exclude<Request, { type: "write" }>, now: Now): void {
    switch (request.type) {
      case "create_space":
        this.#createSpace(now.wallMs);
        this.#replies.push({ id, reply: { ok: true, space: toBase32(this.#space()) } });
        return;
      case "invite":
        this.#invite(request, now.wallMs);
        this.#replies.push({ id, reply: { ok: true } });
        return;
      case "join":
        if (this.#cameInBy(request.keys)) {
          this.#replies.push({ id, reply: { ok: true, space: toBase32(this.#space()) } });
          return;
        }
        this.#prepareJoin(request.keys);
        return this.#parts.join(id, request.keys, request.addresses, now);
      case "leave":
        this.#leave(now.wallMs);
        this.#replies.push({ id, reply: { ok: true } });
        return;
      case "connect":
        this.#parts.dial(request.address);
        this.#replies.push({ id, reply: { ok: true } });
        return;
      case "ping":
        return this.#parts.ping(id, request.peer, now);
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

  #invite(request: Extract<Request, { type: "invite" }>, wallMs: number): void {
    const { membership, space, store } = this.#parts;
    const standing = this.#standing();
    if (standing === null) throw new KithError("left_space");
    if (standing.role !== "admin") throw new KithError("not_allowed", { detail: "only an admin can invite" });
    if (!(request.uses >= 1 && request.uses <= MAX_INVITE_USES)) {
      throw new KithError("invite_unusable", { detail: `it can be used 1 to ${MAX_INVITE_USES} times` });
    }
    if (membership.size >= MAX_MEMBERSHIP_ACTS) {
      throw new KithError("invite_unusable", { detail: "this space has had as many invites and members as it may" });
    }
    store.begin();
    const made = this.#writer.writeMembership((place) => {
      const grant: Grant = {
        kind: "grant",
        subjectKind: "invite",
        subject: SigningKey.fromSeed(request.keys.inviteSeed).publicKey,
        role: request.role,
        prefix: standing.prefix,
        expiresMs: Math.floor(request.expiresMs),
        standingExpiresMs: 0,
        uses: request.uses,
        derivation: TICKET_DERIVATION,
        mac: NO_MAC,
      };
      return [{ ...grant, mac: grantMac(request.keys.macKey, this.#space(), grant, place) }];
    }, wallMs);
    const good = space.invites.filter(({ grant }) => {
      const act = membership.grant(grant);
      return act !== null && membership.isOpen(act, wallMs);
    });
    space.invites = [...good, { grant: { transaction: made.id, index: 0 }, secret: request.secret }];
  }

  /** A space that nobody else is in and that holds nothing gives way to the one that is joined. */
  #prepareJoin(keys: TicketKeys): void {
    const { membership, space, store } = this.#parts;
    // Who left, or was removed, may come back.
    if (space.space === null || this.#standing() === null) return;
    if (this.#inviteOf(keys) !== null) {
      throw new KithError("refused_ticket", { detail: "it was made by this very peer; use it on another machine" });
    }
    const pristine = membership.members().length <= 1 && store.operationsTotal === membership.size;
    if (!pristine) throw new KithError("home_has_space");
    store.begin();
    store.clear();
    this.#parts.reset();
  }

  /** The invite of a ticket, where it is one of this space. */
  #inviteOf(keys: TicketKeys): Act<Grant> | null {
    const subject = SigningKey.fromSeed(keys.inviteSeed).publicKey;
    return this.#parts.membership.invites().find(({ operation }) => equal(operation.subject, subject)) ?? null;
  }

  /** Whether this peer is in by this very ticket: who asks again, after a crash, is told that all is well. */
  #cameInBy(keys: TicketKeys): boolean {
    const { membership, identity } = this.#parts;
    const invite = this.#inviteOf(keys);
    return invite !== null && membership.standingOf(identity.peerId) !== null &&
      membership.redeemsOf(invite.version).some(({ peer }) => equal(peer, identity.peerId));
  }

  #leave(wallMs: number): void {
    const { identity, store } = this.#parts;
    if (this.#standing() === null) throw new KithError("left_space");
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
