import type { Now } from "../base/clock.ts";
import { forgetOldest } from "../base/forget_oldest.ts";
import { ACTIVE_VIEW_PEERS, MAX_ANNOUNCEMENTS, MAX_MISSING, MAX_RECEIVED_IDS } from "../base/limits.ts";

/** How long announcements are gathered. */
const ANNOUNCE_AFTER_MS = 20;
/** How long what was announced may still come by the tree before it is asked for, and then from the next announcer. */
const MISSING_AFTER_MS = 100;

/** What was announced: a message by its id, and by how many hops it came to who announces it. */
export interface Announced {
  readonly id: string;
  readonly hops: number;
}

/** What the tree asks of its host. */
export interface TreePort<Neighbour> {
  /** Sends a message whole: what it says is the host's business. `hops`: by how many it came, this one included. */
  push(to: Neighbour, id: string, hops: number): void;
  announce(to: Neighbour, list: readonly Announced[]): void;
  /** Asks for whole messages from now on, and for these that are missing. */
  graft(to: Neighbour, ids: readonly string[]): void;
  /** Asks for announcements only from now on. */
  prune(to: Neighbour): void;
}

interface Received<Neighbour> {
  /** Null for this peer's own. */
  from: Neighbour | null;
  hops: number;
}

interface Missing<Neighbour> {
  /** Who announced it first, and takes room for it. */
  readonly first: Neighbour;
  /** Who announced it and was not asked for it so far, and by how many hops it came to each. */
  readonly announcers: Map<Neighbour, number>;
  readonly dueMs: number;
}

/**
 * Plumtree (Epidemic Broadcast Trees; Leitão, Pereira, Rodrigues 2007): messages go whole along a tree that the
 * neighbours grow by what comes twice, and to all others by announcement only, from which a broken tree is mended. Ids
 * are opaque; the host has what belongs to them.
 */
export class Plumtree<Neighbour> {
  readonly #port: TreePort<Neighbour>;
  readonly #eager = new Set<Neighbour>();
  readonly #lazy = new Set<Neighbour>();
  /** From whom each message came, and by how many hops; the oldest first. */
  readonly #received = new Map<string, Received<Neighbour>>();
  /** In the order in which they are due: each waits as long as the others. */
  readonly #missing = new Map<string, Missing<Neighbour>>();
  /** How many of them each neighbour announced first. */
  readonly #shares = new Map<Neighbour, number>();
  readonly #queued = new Map<Neighbour, Announced[]>();
  /**
   * Neighbours of whom whole messages were asked since their way is shorter, and that have sent none since: who says so
   * and does not send is believed once.
   */
  readonly #promised = new Set<Neighbour>();
  /** Who wrote what came last, and by how many hops what it writes usually comes: with others in between none are usual. */
  #lastWriter: string | null = null;
  #usualHops = 0;
  #announceDueMs = Infinity;

  constructor(port: TreePort<Neighbour>) {
    this.#port = port;
  }

  /** Whether a neighbour is sent whole messages. */
  isEager(neighbour: Neighbour): boolean {
    return this.#eager.has(neighbour);
  }

  /** Whether a link is one of the tree's. */
  has(neighbour: Neighbour): boolean {
    return this.#eager.has(neighbour) || this.#lazy.has(neighbour);
  }

  /** Whether it has no neighbours. */
  get isEmpty(): boolean {
    return this.#eager.size === 0 && this.#lazy.size === 0;
  }

  /** A neighbour came: it is sent whole messages, until one was of no use. */
  up(neighbour: Neighbour): void {
    if (!this.has(neighbour)) this.#eager.add(neighbour);
  }

  /** A neighbour is gone. */
  down(neighbour: Neighbour): void {
    this.#eager.delete(neighbour);
    this.#lazy.delete(neighbour);
    this.#queued.delete(neighbour);
    this.#promised.delete(neighbour);
    for (const [id, { announcers }] of this.#missing) {
      if (announcers.delete(neighbour) && announcers.size === 0) this.#forgetMissing(id);
    }
    this.#shares.delete(neighbour);
  }

  /** This peer has something to tell. */
  broadcast(id: string, now: Now): void {
    this.#spread(id, null, 0, false, now);
  }

  /**
   * A message came in whole.
   *
   * @param hops by how many it came.
   * @param writer who wrote it, where its hops are told. Default: null, for what is never a detour.
   * @returns whether it is new.
   */
  received(from: Neighbour, id: string, hops: number, now: Now, writer: string | null = null): boolean {
    if (this.#received.has(id)) {
      this.repeated(from, id, hops);
      return false;
    }
    if (this.has(from)) this.#makeEager(from);
    this.#promised.delete(from);
    this.#spread(id, from, hops, writer !== null && this.#isDetour(writer, hops), now);
    return true;
  }

  /** A message is here, and came in another way: it is not passed on, nor asked for. */
  held(id: string): void {
    this.#forgetMissing(id);
    if (!this.#received.has(id)) this.#note(id, null, 0);
  }

  /** A message came in whole that is here: where it came by fewer hops, that way takes the place of the other. */
  repeated(from: Neighbour, id: string, hops: number): void {
    const received = this.#received.get(id);
    const former = received?.from ?? null;
    if (!this.has(from) || received === undefined || former === null || hops >= received.hops) {
      return this.useless(from);
    }
    this.#promised.delete(from);
    this.#makeEager(from);
    this.#replace(received, from, hops);
  }

  /** A neighbour sent what is here. */
  useless(from: Neighbour): void {
    if (!this.has(from)) return;
    this.#makeLazy(from);
    this.#port.prune(from);
  }

  /** A neighbour has something that is missing here, or came by more hops. */
  announced(from: Neighbour, list: readonly Announced[], now: Now): void {
    if (!this.has(from)) return;
    for (const { id, hops } of list) {
      const received = this.#received.get(id);
      if (received === undefined) this.#noteMissing(from, id, hops, now);
      else this.#shorten(from, hops, received);
    }
  }

  /** A neighbour wants whole messages, and these of them that it misses: the host sends them where it has them. */
  grafted(from: Neighbour): void {
    if (this.has(from)) this.#makeEager(from);
  }

  /** A neighbour wants announcements only. */
  pruned(from: Neighbour): void {
    if (this.has(from)) this.#makeLazy(from);
  }

  /** By how many hops a message came; 0 for one's own, null where that is forgotten. */
  hopsOf(id: string): number | null {
    return this.#received.get(id)?.hops ?? null;
  }

  /** Does what is due. */
  tick(now: Now): void {
    if (now.monotonicMs >= this.#announceDueMs) this.#announce();
    const wanted = new Map<Neighbour, string[]>();
    for (const [id, missing] of this.#missing) {
      if (now.monotonicMs < missing.dueMs) break;
      const nearest = nearestOf(missing.announcers);
      if (nearest === null) {
        this.#forgetMissing(id);
        continue;
      }
      missing.announcers.delete(nearest);
      this.#missing.delete(id);
      this.#missing.set(id, { ...missing, dueMs: now.monotonicMs + MISSING_AFTER_MS });
      const ids = wanted.get(nearest) ?? [];
      wanted.set(nearest, ids);
      ids.push(id);
    }
    for (const [neighbour, ids] of wanted) {
      this.#makeEager(neighbour);
      this.#port.graft(neighbour, ids);
    }
  }

  /** The monotonic time in ms at which `tick` is due. */
  deadline(): number {
    const [next] = this.#missing.values();
    return Math.min(this.#announceDueMs, next?.dueMs ?? Infinity);
  }

  /**
   * Whether a message came by more hops than what its writer writes usually does: around a loss, and maybe up the tree.
   * What is usual changes by one hop at a time, so that one message hardly moves it, and a tree that changed soon does.
   */
  #isDetour(writer: string, hops: number): boolean {
    const usualHops = writer === this.#lastWriter ? this.#usualHops : hops;
    this.#lastWriter = writer;
    this.#usualHops = usualHops + Math.sign(hops - usualHops);
    return hops > usualHops;
  }

  /**
   * Passes a message on to all but who have it. One that came by a detour is announced only: who lacks it behind the same
   * loss asks the nearest of all who have it, and does not get it by a longer way first.
   */
  #spread(id: string, from: Neighbour | null, hops: number, isDetour: boolean, now: Now): void {
    const received = this.#note(id, from, hops);
    const announcers = this.#missing.get(id)?.announcers;
    this.#forgetMissing(id);
    for (const neighbour of isDetour ? [] : this.#eager) {
      if (neighbour !== from && !announcers?.has(neighbour)) this.#port.push(neighbour, id, hops + 1);
    }
    for (const neighbour of isDetour ? [...this.#eager, ...this.#lazy] : this.#lazy) {
      if (neighbour === from || announcers?.has(neighbour)) continue;
      const queued = this.#queued.get(neighbour) ?? [];
      this.#queued.set(neighbour, queued);
      queued.push({ id, hops });
      if (queued.length >= MAX_ANNOUNCEMENTS) this.#flush(neighbour, queued);
      else this.#announceDueMs = Math.min(this.#announceDueMs, now.monotonicMs + ANNOUNCE_AFTER_MS);
    }
    for (const [neighbour, announcedHops] of announcers ?? []) this.#shorten(neighbour, announcedHops, received);
  }

  #note(id: string, from: Neighbour | null, hops: number): Received<Neighbour> {
    const received = { from, hops };
    this.#received.set(id, received);
    forgetOldest(this.#received, MAX_RECEIVED_IDS);
    return received;
  }

  #noteMissing(from: Neighbour, id: string, hops: number, now: Now): void {
    let missing = this.#missing.get(id);
    if (missing === undefined) {
      const share = this.#shares.get(from) ?? 0;
      // What finds no room comes by the comparison of what both hold.
      if (share >= MAX_MISSING) return;
      this.#shares.set(from, share + 1);
      missing = { first: from, announcers: new Map(), dueMs: now.monotonicMs + MISSING_AFTER_MS };
      this.#missing.set(id, missing);
    }
    if (missing.announcers.size < ACTIVE_VIEW_PEERS) missing.announcers.set(from, hops);
  }

  #forgetMissing(id: string): void {
    const missing = this.#missing.get(id);
    if (missing === undefined) return;
    this.#missing.delete(id);
    const share = this.#shares.get(missing.first);
    if (share !== undefined) this.#shares.set(missing.first, share - 1);
  }

  /** Takes the announcer's way in place of the one by which a message came, where that is longer. */
  #shorten(announcer: Neighbour, hops: number, received: Received<Neighbour>): void {
    const { from } = received;
    if (from === null || from === announcer || !this.#lazy.has(announcer) || this.#promised.has(announcer)) return;
    if (hops + 1 >= received.hops) return;
    this.#promised.add(announcer);
    this.#makeEager(announcer);
    this.#port.graft(announcer, []);
    this.#replace(received, announcer, hops + 1);
  }

  /** Whom a message came from sends no more whole ones: another one's way is shorter. */
  #replace(received: Received<Neighbour>, by: Neighbour, hops: number): void {
    const { from } = received;
    // Nothing is expected of it any more: when its way is the shorter one again it is believed again.
    if (from !== null) this.#promised.delete(from);
    received.from = by;
    received.hops = hops;
    if (from === null || from === by || !this.#eager.has(from)) return;
    this.#makeLazy(from);
    this.#port.prune(from);
  }

  #announce(): void {
    this.#announceDueMs = Infinity;
    for (const [neighbour, list] of this.#queued) this.#flush(neighbour, list);
  }

  #flush(neighbour: Neighbour, list: readonly Announced[]): void {
    this.#queued.delete(neighbour);
    this.#port.announce(neighbour, list);
  }

  #makeEager(neighbour: Neighbour): void {
    this.#lazy.delete(neighbour);
    this.#eager.add(neighbour);
  }

  #makeLazy(neighbour: Neighbour): void {
    this.#eager.delete(neighbour);
    this.#lazy.add(neighbour);
  }
}

/** The announcer to which a message came by the fewest hops. */
function nearestOf<Neighbour>(announcers: ReadonlyMap<Neighbour, number>): Neighbour | null {
  let nearest: Neighbour | null = null;
  let fewest = Infinity;
  for (const [neighbour, hops] of announcers) {
    if (hops >= fewest) continue;
    nearest = neighbour;
    fewest = hops;
  }
  return nearest;
}
