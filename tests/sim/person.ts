import { assert } from "@std/assert";
import type { ErrorCode } from "../../lib/base/errors.ts";
import type { Reply, Request, TicketKeys, Write } from "../../lib/peer/machine.ts";
import type { WriteHabits } from "./habits.ts";
import type { Prng } from "./prng.ts";
import type { SimPeer } from "./sim_peer.ts";

/** What a peer acknowledged to its person. */
export interface Acknowledged {
  readonly peer: number;
  /** As the reply named it. */
  readonly version: string;
  readonly write: Write;
}

/** A ticket, as people pass it on. */
export interface Ticket {
  readonly keys: TicketKeys;
  readonly uses: number;
  given: number;
}

/** What a person knows of the world. */
export interface PersonWorld {
  readonly prng: Prng;
  /** Whether faults are over: then nobody writes any more. */
  readonly healing: boolean;
  /** Whether those who lost every address ask a friend: where both moved while apart, nothing else can help. */
  readonly friendsHelp: boolean;
  readonly writes: WriteHabits;
  /** Whether some peers are an older kith: then some keys are written by newer ones only. */
  readonly hasOlderKith: boolean;
  /** Whether all are on one local network. */
  readonly usesLan: boolean;
  /** Where members listen now. */
  doors(): string[];
  /** Asks some admin for a ticket; null for none yet. */
  ticket(): Ticket | null;
  acknowledged(written: Acknowledged): void;
}

/** What an older kith cannot read begins with this. */
export const NEWER_KEYS = "newer/";

const EXPECTED_FAILURES: Record<string, readonly ErrorCode[]> = {
  create_space: ["home_has_space"],
  join: ["join_failed", "refused_ticket", "still_joining", "home_has_space"],
  write: ["no_space", "still_joining", "left_space", "removed_from_space", "already_set", "version_changed"],
  invite: ["left_space", "removed_from_space", "not_allowed"],
  leave: ["left_space", "removed_from_space", "still_joining"],
};

/** Whether a peer that answers so is no member any more: it left, or came in by an invite that was used too often. */
function isGone(code: ErrorCode): boolean {
  return code === "left_space" || code === "removed_from_space";
}

/** The person at one peer: gets it into the space, writes, and may leave. Tries again what a crash left open. */
export class Person {
  readonly peer: SimPeer;
  readonly #world: PersonWorld;
  #ticket: Ticket | null = null;
  #refusals = 0;
  #life = -1;
  #busy = 0;
  /** `outside` until the peer said that it is in; `left` once its person wants to be gone. */
  state: "outside" | "inside" | "left" = "outside";
  /** Whether the peer confirmed that it has left. */
  hasLeft = false;
  readonly #founder: boolean;

  constructor(peer: SimPeer, world: PersonWorld, founder: boolean) {
    this.peer = peer;
    this.#world = world;
    this.#founder = founder;
  }

  /** Does the next thing. */
  act(): void {
    if (this.peer.machine === null) return;
    if (this.#life !== this.peer.life) {
      this.#life = this.peer.life;
      this.#busy = 0;
    }
    if (this.#busy >= 3) return;
    if (this.#world.friendsHelp && this.state !== "outside") this.#askFriend();
    if (this.state === "left") {
      if (this.#busy > 0 || this.hasLeft) return;
      this.#ask({ type: "leave" }, (reply) => this.hasLeft = reply.ok || isGone(reply.code));
    } else if (this.state === "inside") {
      if (!this.#world.healing) this.#write();
    } else if (this.#busy === 0) {
      this.#getIn();
    }
  }

  /** Leaves the space, and asks for it until that is confirmed. @returns whether it was in. */
  leave(): boolean {
    if (this.state !== "inside") return false;
    this.state = "left";
    return true;
  }

  #askFriend(): void {
    const { machine, listensAt } = this.peer;
    if (machine?.members().every(({ online }) => online) && machine.peers().length > 0) return;
    const doors = this.#world.doors().filter((address) => address !== listensAt);
    if (doors.length > 0) this.#ask({ type: "connect", address: this.#world.prng.pick(doors) }, () => {});
  }

  #getIn(): void {
    if (this.#founder) {
      this.#ask({ type: "create_space" }, (reply) => {
        if (reply.ok || reply.code === "home_has_space") this.state = "inside";
      });
      return;
    }
    this.#ticket ??= this.#world.ticket();
    const doors = this.#world.doors();
    if (this.#ticket === null || doors.length === 0) return;
    const { prng, usesLan } = this.#world;
    const addresses = usesLan && this.#refusals === 0 && prng.chance(0.7) ? [] : [prng.pick(doors), prng.pick(doors)];
    this.#ask({ type: "join", keys: this.#ticket.keys, addresses }, (reply) => {
      if (reply.ok || reply.code === "still_joining" || reply.code === "home_has_space") {
        this.state = "inside";
      } else if ((reply.code === "refused_ticket" || usesLan) && ++this.#refusals >= 6) {
        this.#refusals = 0;
        this.#ticket = null;
      }
    });
  }

  #write(): void {
    const { prng, writes: habits } = this.#world;
    const writes: Write[] = [];
    const count = habits.batches && prng.chance(0.3) ? prng.between(2, 6) : 1;
    for (let left = count; left > 0; left--) writes.push(this.#drawWrite());
    this.#ask({ type: "write", writes }, (reply) => {
      if (!reply.ok) return;
      const { versions } = reply;
      assert(versions !== undefined && versions.length === writes.length, "one version per write");
      for (const [i, version] of versions.entries()) {
        if (version === null) continue;
        this.#world.acknowledged({ peer: this.peer.index, version, write: writes[i] as Write });
      }
    });
  }

  #drawWrite(): Write {
    const { prng, writes: habits, hasOlderKith } = this.#world;
    const key = prng.chance(0.6)
      ? `hot/${prng.below(habits.hotKeys)}`
      : hasOlderKith && !this.peer.isOlder && prng.chance(0.3)
      ? `${NEWER_KEYS}${prng.below(100)}`
      : `cold/${prng.below(100_000)}`;
    const current = this.peer.unlessDamaged(() => this.peer.machine?.get(key)?.version);
    const ifVersion = habits.conditions && prng.chance(0.1) && current !== undefined ? { ifVersion: current } : {};
    if (habits.dels && prng.chance(0.25)) return { kind: "del", key, ...ifVersion };
    return {
      kind: "put",
      key,
      media: "application/octet-stream",
      value: prng.bytes(habits.longValues && prng.chance(0.1) ? prng.below(20_000) : prng.below(100)),
      ...ifVersion,
      ...(habits.conditions && prng.chance(0.05) ? { ifAbsent: true } : {}),
      ...(prng.chance(0.1) ? { unlessEqual: true } : {}),
    };
  }

  #ask(request: Request, replied: (reply: Reply) => void): void {
    const life = this.#life;
    this.#busy++;
    this.peer.request(request, (reply) => {
      if (life === this.#life) this.#busy--;
      const expected = EXPECTED_FAILURES[request.type] ?? [];
      if (
        !reply.ok && !expected.includes(reply.code) && reply.code !== "store_full" &&
        !(reply.code === "store_damaged" && this.peer.isDamaged)
      ) {
        throw new Error(`peer ${this.peer.index} answered ${request.type} with ${JSON.stringify(reply)}`);
      }
      replied(reply);
    });
  }
}
