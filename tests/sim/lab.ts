import { assert } from "@std/assert";
import type { Reply, Request, Role, TicketKeys } from "../../lib/peer/machine.ts";
import { Checks } from "./checks.ts";
import { CALM_NETWORK } from "./habits.ts";
import { Network } from "./network.ts";
import { Prng } from "./prng.ts";
import { Schedule } from "./schedule.ts";
import { SimPeer } from "./sim_peer.ts";
import type { SimPeerOptions } from "./sim_peer_options.ts";
import { NoTrace } from "./trace.ts";
import { verifyOnce } from "./verify_once.ts";

const START_MS = 1_770_000_000_000;
/** Virtual time after which what was waited for counts as not happening. */
const PATIENCE_MS = 120_000;

/** A calm world for tests that bring their own faults: the same peers and network, and nothing by chance. */
export class Lab {
  readonly prng: Prng;
  readonly schedule = new Schedule();
  readonly network: Network;
  readonly checks = new Checks();
  readonly peers: SimPeer[] = [];
  readonly #verify = verifyOnce();
  readonly #seed: number;

  constructor(seed = 7) {
    this.#seed = seed;
    this.prng = new Prng(seed);
    this.network = new Network(this.schedule, this.prng, CALM_NETWORK);
  }

  /** A peer in no space. */
  add(options: Partial<SimPeerOptions> = {}): SimPeer {
    const index = this.peers.length;
    const peer = new SimPeer({
      index,
      schedule: this.schedule,
      network: this.network,
      trace: new NoTrace(),
      prng: this.prng,
      seed: this.#seed,
      wallMs: START_MS,
      wallRate: 1,
      address: `10.0.0.${index}:5484`,
      verify: this.#verify,
      crashesAt: () => false,
      turned: (turned) => this.checks.turned(turned),
      crashed: (crashed) => this.checks.crashed(crashed),
      lost: (loser, lost) => this.checks.lost(loser, lost, this.peers.filter((other) => other !== loser)),
      ...options,
    });
    this.peers.push(peer);
    this.network.add(peer);
    return peer;
  }

  /** A space with so many members, all linked and in sync. The first one founded it. */
  space(count: number, options: Partial<SimPeerOptions> = {}): SimPeer[] {
    const founder = this.add(options);
    this.ask(founder, { type: "create_space" });
    for (let i = 1; i < count; i++) this.join(this.add(options), this.invite(founder), founder);
    this.untilHealed();
    return this.peers;
  }

  /** A ticket by a member. */
  invite(admin: SimPeer, uses = 1, role: Role = "writer"): TicketKeys {
    const keys = { inviteSeed: this.prng.bytes(32), macKey: this.prng.bytes(32), tagKey: this.prng.bytes(32) };
    this.ask(admin, { type: "invite", keys, secret: this.prng.bytes(8), role, uses, expiresMs: 0 });
    return keys;
  }

  /** Lets a peer in through a door. */
  join(joiner: SimPeer, keys: TicketKeys, door: SimPeer): void {
    this.ask(joiner, { type: "join", keys, addresses: [door.listensAt as string] });
  }

  /** Asks a peer for something, and waits for the reply, which must be good. */
  ask(peer: SimPeer, request: Request): Reply & { ok: true } {
    const reply = this.answer(peer, request);
    assert(reply.ok, `${request.type}: ${JSON.stringify(reply)}`);
    return reply;
  }

  /** Asks a peer for something, and waits for the reply. */
  answer(peer: SimPeer, request: Request): Reply {
    let reply: Reply | null = null;
    peer.request(request, (given) => reply = given);
    this.until(() => reply !== null, `a reply to ${request.type}`);
    return reply as unknown as Reply;
  }

  /** Sets a key to a text. */
  set(peer: SimPeer, key: string, text: string): string {
    const value = new TextEncoder().encode(text);
    const { versions } = this.ask(peer, { type: "write", writes: [{ kind: "put", key, media: "text/plain", value }] });
    const version = versions?.[0] as string;
    this.checks.acknowledge(peer, {
      peer: peer.index,
      version,
      write: { kind: "put", key, media: "text/plain", value },
    });
    return version;
  }

  /** Deletes a key. */
  del(peer: SimPeer, key: string): void {
    this.ask(peer, { type: "write", writes: [{ kind: "del", key }] });
  }

  /** Lets virtual time pass. */
  wait(forMs: number): void {
    this.schedule.runUntil(this.schedule.nowMs + forMs);
  }

  /** Lets virtual time pass until something is so; fails after two minutes. @returns how long it took. */
  until(condition: () => boolean, what: string): number {
    const startMs = this.schedule.nowMs;
    while (!condition()) {
      if (this.schedule.nowMs - startMs >= PATIENCE_MS) {
        throw new Error(`waited in vain for ${what}\n${this.checks.describe(this.peers)}`);
      }
      this.wait(5);
    }
    return this.schedule.nowMs - startMs;
  }

  /** Waits until all of them are linked with each other and in sync, and checks that nothing is lost. */
  untilHealed(members: readonly SimPeer[] = this.peers): number {
    const tookMs = this.until(() => this.checks.isHealed(members), "all to be linked and in sync");
    this.checks.healed(members);
    return tookMs;
  }

  /** Parts two sides: every link breaks, and those of each side come back. */
  part(left: readonly SimPeer[], right: readonly SimPeer[]): void {
    for (const a of left) for (const b of right) this.network.cut(a, b);
    for (const end of this.network.connections()) this.network.lose(end);
    this.wait(100);
    for (const side of [left, right]) {
      const isTogether = () => side.every((a) => side.every((b) => a === b || this.isLinked(a, b)));
      this.until(isTogether, "a side to be together");
    }
  }

  /** Whether a peer has a link to another. */
  isLinked(peer: SimPeer, other: SimPeer): boolean {
    return peer.machine?.peers().some((linked) => linked.peer === other.id) === true;
  }
}
