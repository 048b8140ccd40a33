import type { Now } from "../base/clock.ts";
import { ACTIVE_VIEW_PEERS, MAX_ACTIVE_VIEW_PEERS, PASSIVE_VIEW_PEERS } from "../base/limits.ts";
import { type Random, randomBelow } from "../base/random.ts";
import { LostPeers } from "./lost_peers.ts";
import { PassiveView } from "./passive_view.ts";
import { Shuffles, WALK_HOPS } from "./shuffles.ts";
import type { Claim, ViewMessage } from "./view_message.ts";
import type { ViewPort } from "./view_port.ts";

/** Hops before its end at which a newcomer is put into the passive view (PRWL). */
const PASSIVE_HOPS = 3;
/** How often passive views are mixed. */
const SHUFFLE_EVERY_MS = 20_000;
/** Time for a dial, its handshake and the answer of who was asked to be a neighbour. */
const ASKED_FOR_MS = 15_000;
/** Refusals after which this peer rests before it asks others: in a crowd whose views are full it need not ask all. */
const REFUSALS_AT_A_TIME = 3;
/** Dials in vain after which it rests before it asks mere acquaintances: most of them may be off. */
const FAILURES_AT_A_TIME = 16;
/** That rest, first and longest. */
const REST_MS = 2000;
const MAX_REST_MS = 60_000;
/** Neighbours of this peer's own choice that give way to nobody: whoever asks in many names gets the others' places. */
const KEPT_NEIGHBOURS = ACTIVE_VIEW_PEERS / 2;
/** How long a link is kept to a peer that is no neighbour. */
const IDLE_LINK_MS = 10_000;
/** The same where it has never said anything here: it may know nothing of this, and then links again at once. */
const SILENT_LINK_MS = 30_000;
/**
 * How often a peer asks somebody whom it does not know to be its neighbour, whatever its view: parts that were cut off
 * until neither remembered the other are joined again by that.
 */
const MIX_EVERY_MS = 5 * 60_000;

interface Linked {
  readonly sinceMs: number;
  /** Whether it said something here. */
  hasSpoken: boolean;
  /** Whether it never did though it was asked. */
  isDeaf: boolean;
}

interface Asked {
  readonly sinceMs: number;
  /** Never refused, whatever this peer's view. */
  readonly isUrgent: boolean;
  /** Whether this peer chose whom to ask, and was not told to by another one. */
  readonly isOwnChoice: boolean;
}

/**
 * HyParView (Leitão, Pereira, Rodrigues 2007): which few of many peers to be linked with, so that all stay connected,
 * whoever fails. The links of the active view are kept, both ends agreeing; the passive view is a random sample to
 * replace them from. Against the paper: a shuffle's answer goes back the way it came, in place of a new connection;
 * and neighbours that failed are asked again, so that parts that were cut off from each other find back.
 */
export class HyParView {
  readonly #self: string;
  readonly #random: Random;
  readonly #port: ViewPort;
  readonly #active = new Set<string>();
  /** Those of them that give way last: the first KEPT_NEIGHBOURS of this peer's own choice. */
  readonly #kept = new Set<string>();
  readonly #passive: PassiveView;
  readonly #lost: LostPeers;
  /** All links. */
  readonly #linked = new Map<string, Linked>();
  readonly #asked = new Map<string, Asked>();
  /** Who was asked in vain since the last rest, how many of them refused, and how many were not there. */
  readonly #tried = new Set<string>();
  #refusals = 0;
  #failures = 0;
  readonly #shuffles: Shuffles;
  #shuffleDueMs: number;
  #mixDueMs: number;
  /** When those may be asked again who refused; Infinity while there is no need. */
  #restUntilMs = Infinity;
  #restMs = REST_MS;
  #hasJoined = false;
  /** Whether links to peers that are no neighbours are closed. Default: true. */
  dropsIdle = true;

  /** @param self this peer's own id. */
  constructor(self: string, random: Random, port: ViewPort, now: Now) {
    this.#self = self;
    this.#random = random;
    this.#port = port;
    this.#passive = new PassiveView(random, PASSIVE_VIEW_PEERS);
    this.#lost = new LostPeers(random);
    this.#shuffles = new Shuffles({
      ...{ self, random, active: this.#active, passive: this.#passive },
      send: (peer, message) => port.send(peer, message),
      isLinked: (peer) => this.#linked.has(peer),
    });
    this.#shuffleDueMs = now.monotonicMs + this.#jittered(SHUFFLE_EVERY_MS);
    this.#mixDueMs = now.monotonicMs + this.#jittered(MIX_EVERY_MS);
  }

  /** The neighbours. */
  get active(): ReadonlySet<string> {
    return this.#active;
  }

  /** The peers in the passive view. */
  get passive(): string[] {
    return [...this.#passive];
  }

  /** Looks for neighbours, where there are too few. */
  fill(now: Now): void {
    while (this.#active.size + this.#asked.size < ACTIVE_VIEW_PEERS) {
      const peer = this.#candidate();
      if (peer === null) break;
      this.#ask(peer, { isUrgent: false, isOwnChoice: true }, now);
    }
    const lacks = this.#active.size < ACTIVE_VIEW_PEERS;
    if (!lacks) {
      this.#rest();
      this.#restMs = REST_MS;
    } else if (this.#restUntilMs === Infinity && this.#asked.size === 0) {
      this.#restUntilMs = now.monotonicMs + this.#jittered(this.#restMs);
      this.#restMs = Math.min(this.#restMs * 2, MAX_REST_MS);
    }
  }

  /** A link is open, whoever dialled. */
  linked(peer: string, now: Now): void {
    if (!this.#linked.has(peer)) {
      this.#linked.set(peer, { sinceMs: now.monotonicMs, hasSpoken: false, isDeaf: false });
    }
    const asked = this.#asked.get(peer);
    if (asked !== undefined) this.#claim(peer, asked);
  }

  /** A link is gone. @param failed whether nobody said why: the peer may be back soon. */
  unlinked(peer: string, failed: boolean, now: Now): void {
    this.#linked.delete(peer);
    this.#asked.delete(peer);
    if (this.#deactivate(peer) && failed) this.#lost.add(peer, now);
    this.fill(now);
  }

  /** A peer that was to be dialled can't be reached. */
  unreachable(peer: string, now: Now): void {
    if (!this.#asked.delete(peer)) return;
    this.#port.drop(peer);
    this.#passive.delete(peer);
    this.#tried.add(peer);
    this.#failures++;
    this.fill(now);
  }

  /** The network changed: whoever failed or refused may be asked again. */
  networkChanged(now: Now): void {
    this.#lost.retry(now);
    this.#rested(now);
  }

  /** Forgets the peers that are not wanted any more; their links are closed by the host. */
  keepOnly(isWanted: (peer: string) => boolean): void {
    for (const peer of this.#passive) if (!isWanted(peer)) this.#passive.delete(peer);
    this.#lost.keepOnly(isWanted);
  }

  /** A linked peer said something. */
  received(from: string, message: ViewMessage, now: Now): void {
    const link = this.#linked.get(from);
    if (link !== undefined) link.hasSpoken = true;
    switch (message.type) {
      case "neighbour":
        return this.#asks(from, message.claim, now);
      case "neighbour_reply":
        return this.#replied(from, message.accepts, now);
      case "forward_join":
        return this.#joins(from, message.peer, message.hopsLeft, now);
      case "disconnect":
        this.#asked.delete(from);
        this.#linked.delete(from);
        this.#deactivate(from);
        this.#remember(from);
        // Who asked it again at once, and again, would be linked anew all the time.
        this.#tried.add(from);
        this.#port.drop(from);
        return this.fill(now);
      case "shuffle":
        return this.#shuffles.received(from, message.walk, message.hopsLeft, message.peers);
      case "shuffle_reply":
        return this.#shuffles.answered(message.walk, message.peers);
    }
  }

  /** Does what is due. */
  tick(now: Now): void {
    for (const [peer, { sinceMs }] of this.#asked) {
      if (now.monotonicMs < sinceMs + ASKED_FOR_MS) continue;
      this.#unanswered(peer, now);
    }
    for (const [peer, link] of this.#linked) {
      if (now.monotonicMs >= this.#idleUntilMs(peer, link)) this.#drop(peer);
    }
    if (now.monotonicMs >= this.#restUntilMs) this.#rested(now);
    if (now.monotonicMs >= this.#shuffleDueMs) {
      this.#shuffleDueMs = now.monotonicMs + this.#jittered(SHUFFLE_EVERY_MS);
      this.#shuffles.begin();
    }
    const lost = this.#lost.due(now);
    if (lost !== null && !this.#isBusyWith(lost)) this.#ask(lost, { isUrgent: true, isOwnChoice: true }, now);
    if (now.monotonicMs >= this.#mixDueMs) {
      this.#mixDueMs = now.monotonicMs + this.#jittered(MIX_EVERY_MS);
      const stranger = this.#stranger();
      if (stranger !== null) this.#ask(stranger, { isUrgent: true, isOwnChoice: true }, now);
    }
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    let due = Math.min(this.#restUntilMs, this.#shuffleDueMs, this.#mixDueMs, this.#lost.deadline());
    for (const { sinceMs } of this.#asked.values()) due = Math.min(due, sinceMs + ASKED_FOR_MS);
    for (const [peer, link] of this.#linked) due = Math.min(due, this.#idleUntilMs(peer, link));
    return due;
  }

  #rested(now: Now): void {
    this.#rest();
    this.fill(now);
  }

  /** Forgets who was asked in vain. */
  #rest(): void {
    this.#restUntilMs = Infinity;
    this.#tried.clear();
    this.#refusals = 0;
    this.#failures = 0;
  }

  #idleUntilMs(peer: string, { sinceMs, hasSpoken }: Linked): number {
    if (!this.dropsIdle || this.#active.has(peer) || this.#asked.has(peer)) return Infinity;
    return sinceMs + (hasSpoken ? IDLE_LINK_MS : SILENT_LINK_MS);
  }

  #unanswered(peer: string, now: Now): void {
    const link = this.#linked.get(peer);
    if (link === undefined || link.hasSpoken) {
      this.#linked.delete(peer);
      return this.unreachable(peer, now);
    }
    link.isDeaf = true;
    this.#asked.delete(peer);
    this.#passive.delete(peer);
    this.fill(now);
  }

  #isBusyWith(peer: string): boolean {
    return peer === this.#self || this.#active.has(peer) || this.#asked.has(peer);
  }

  /** Whom to ask next: who is linked anyway, else one of the passive view, else of all acquaintances. */
  #candidate(): string | null {
    if (this.#active.size > 0 && this.#refusals >= REFUSALS_AT_A_TIME) return null;
    const isFresh = (peer: string) => !this.#isBusyWith(peer) && !this.#tried.has(peer);
    const linked = [...this.#linked].filter(([peer, { isDeaf }]) => !isDeaf && isFresh(peer)).map(([peer]) => peer);
    if (linked.length > 0) return this.#pick(linked);
    const passive = [...this.#passive].filter((peer) => isFresh(peer) && !this.#linked.has(peer));
    if (passive.length > 0) return this.#pick(passive);
    if (this.#failures >= FAILURES_AT_A_TIME) return null;
    const others = this.#port.acquaintances()
      .filter((peer) => isFresh(peer) && !this.#linked.has(peer) && !this.#lost.has(peer));
    // Who knows nobody begins with the most promising.
    return this.#active.size > 0 ? this.#pick(others) : others[0] ?? null;
  }

  #stranger(): string | null {
    return this.#pick(
      this.#port.acquaintances().filter((peer) => !this.#isBusyWith(peer) && !this.#linked.has(peer)),
    );
  }

  #ask(peer: string, why: Pick<Asked, "isUrgent" | "isOwnChoice">, now: Now): void {
    const asked = { sinceMs: now.monotonicMs, ...why };
    this.#asked.set(peer, asked);
    if (this.#linked.has(peer)) this.#claim(peer, asked);
    else this.#port.dial(peer);
  }

  #claim(peer: string, { isUrgent }: Asked): void {
    const claim = this.#active.size > 0 ? (isUrgent ? "urgent" : "free") : this.#hasJoined ? "urgent" : "join";
    this.#hasJoined ||= claim === "join";
    this.#port.send(peer, { type: "neighbour", claim });
  }

  #asks(from: string, claim: Claim, now: Now): void {
    const isNew = !this.#active.has(from);
    const accepts = !isNew || claim !== "free" || this.#active.size < ACTIVE_VIEW_PEERS;
    this.#port.send(from, { type: "neighbour_reply", accepts });
    if (!accepts) return;
    if (claim === "join" && isNew) {
      for (const other of this.#active) {
        if (other !== from) this.#port.send(other, { type: "forward_join", peer: from, hopsLeft: WALK_HOPS });
      }
    }
    this.#activate(from, now);
  }

  #replied(from: string, accepts: boolean, now: Now): void {
    const asked = this.#asked.get(from);
    this.#asked.delete(from);
    if (accepts && (asked !== undefined || this.#active.has(from))) {
      if (asked?.isOwnChoice === true && this.#kept.size < KEPT_NEIGHBOURS) this.#kept.add(from);
      return this.#activate(from, now);
    }
    // Too late, or refused: of no use to either.
    if (this.#active.has(from)) return;
    this.#tried.add(from);
    if (!accepts) this.#refusals++;
    this.#remember(from);
    this.#drop(from);
    this.fill(now);
  }

  #joins(from: string, peer: string, hopsLeft: number, now: Now): void {
    if (this.#isBusyWith(peer)) return;
    if (hopsLeft === PASSIVE_HOPS) this.#remember(peer);
    const next = hopsLeft === 0 ? null : this.#otherNeighbour(from, peer);
    if (next === null) {
      // Walks end at random peers: so many end here at a time only where somebody makes them up.
      if (this.#asked.size < ACTIVE_VIEW_PEERS) this.#ask(peer, { isUrgent: false, isOwnChoice: false }, now);
      return;
    }
    this.#port.send(next, { type: "forward_join", peer, hopsLeft: Math.min(hopsLeft, WALK_HOPS) - 1 });
  }

  /** Makes a linked peer a neighbour; where there are too many, another one goes. */
  #activate(peer: string, now: Now): void {
    this.#asked.delete(peer);
    this.#passive.delete(peer);
    this.#lost.delete(peer);
    if (!this.#active.has(peer)) {
      if (this.#active.size >= ACTIVE_VIEW_PEERS) this.#makeRoom();
      this.#active.add(peer);
      this.#port.neighbourUp(peer);
    }
    this.fill(now);
  }

  /** A neighbour gives way to another one: nobody who needs this peer, while there is room for more. */
  #makeRoom(): void {
    const others = [...this.#active].filter((peer) => !this.#kept.has(peer));
    const free = others.filter((peer) => !this.#port.isNeededBy(peer));
    if (free.length === 0 && this.#active.size < MAX_ACTIVE_VIEW_PEERS) return;
    const victim = this.#pick(free.length > 0 ? free : others) as string;
    this.#remember(victim, true);
    this.#drop(victim);
  }

  #drop(peer: string): void {
    this.#linked.delete(peer);
    this.#deactivate(peer);
    this.#port.drop(peer);
  }

  /** @returns whether it was a neighbour. */
  #deactivate(peer: string): boolean {
    this.#kept.delete(peer);
    if (!this.#active.delete(peer)) return false;
    this.#port.neighbourDown(peer);
    return true;
  }

  #remember(peer: string, wasActive = false): void {
    if (peer === this.#self || (this.#active.has(peer) && !wasActive)) return;
    this.#passive.add(peer, this.#shuffles.expendable);
  }

  #otherNeighbour(...but: string[]): string | null {
    return this.#pick([...this.#active].filter((peer) => !but.includes(peer)));
  }

  #pick(peers: readonly string[]): string | null {
    return peers.length === 0 ? null : peers[randomBelow(this.#random, peers.length)] as string;
  }

  #jittered(ms: number): number {
    return ms / 2 + randomBelow(this.#random, Math.ceil(ms));
  }
}
