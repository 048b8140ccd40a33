import { MAX_PENDING_LINKS, MAX_PENDING_LINKS_OF_ADDRESS } from "../base/limits.ts";
import type { Connection } from "./links.ts";
import { isLoopback } from "./source_address.ts";

/**
 * The inbound links whose other side has yet to show that it belongs here. They are few, and who comes finds room all
 * the same: the oldest of the source that has most gives way to it, so that strangers displace each other first.
 */
export class PendingLinks {
  readonly #links = new Set<Connection>();

  /** How many there are. */
  get size(): number {
    return this.#links.size;
  }

  /** A connection that has come in. */
  add(connection: Connection): void {
    this.#links.add(connection);
  }

  /** It is a member's link now, or is gone. */
  remove(connection: Connection): void {
    this.#links.delete(connection);
  }

  /**
   * Which link has to give way before another one can be added; null where there is room.
   *
   * @returns `full` where all that there are belong to members that are on their way in.
   */
  displacedBy({ address, source }: Pick<Connection, "address" | "source">): Connection | "full" | null {
    if (!isLoopback(address)) {
      const same = [...this.#links].filter((link) => link.source === source);
      if (same.length >= MAX_PENDING_LINKS_OF_ADDRESS) return leastPromising(same) ?? "full";
    }
    if (this.#links.size < MAX_PENDING_LINKS) return null;
    return leastPromising([...this.#links]) ?? "full";
  }
}

/** A stranger before one at the door, of those the oldest of the source that has most; never a known member. */
function leastPromising(links: readonly Connection[]): Connection | null {
  const strangers = links.filter(({ stage, isKnownMember }) => !isKnownMember && stage !== "door");
  const candidates = strangers.length > 0 ? strangers : links.filter(({ isKnownMember }) => !isKnownMember);
  const bySource = Map.groupBy(candidates, ({ source }) => source);
  let most: readonly Connection[] = [];
  for (const ofSource of bySource.values()) if (ofSource.length > most.length) most = ofSource;
  return most[0] ?? null;
}
