import { equal } from "../base/bytes.ts";
import type { PeerEvent } from "../base/event.ts";
import type { Identity } from "../crypto/identity.ts";
import type { Store } from "../store/store.ts";
import { BRIEF_ID_BYTES, type BriefFrontier, briefWriter } from "../wire/brief_frontier.ts";
import type { Frontier, Head } from "../wire/frontier.ts";
import type { Header, WriterId } from "../wire/transaction.ts";

/** What is known of this peer's own writes, at others. */
export class OwnPast {
  readonly #identity: Identity;
  readonly #store: Store;
  readonly #emit: (event: PeerEvent) => void;

  constructor(parts: { identity: Identity; store: Store; emit: (event: PeerEvent) => void }) {
    this.#identity = parts.identity;
    this.#store = parts.store;
    this.#emit = parts.emit;
  }

  /** Others tell what they hold: of this very store nothing that it lacks, unless it is a copy from before. */
  announced(entries: Frontier): void {
    const own = entries.find(({ writer }) => this.#isThisStore(writer));
    // A joiner's own first transaction is held by its door before it comes back here.
    if (own === undefined || this.#store.writers.stateOf(own.writer) === null) return;
    if (!own.heads.every(({ id }) => this.#store.hasTransaction(id))) this.#beginAnew();
  }

  /** The same by a frontier in brief. */
  briefed(entries: BriefFrontier): void {
    const writer = { peer: this.#identity.peerId, instance: this.#store.instance };
    const told = entries.find((entry) => equal(entry.writer, briefWriter(writer)));
    const held = this.#store.writers.headsOf(writer);
    if (told === undefined || held.length === 0) return;
    const last = held.at(-1)?.sequence ?? 0;
    const isHeld = (head: Head) =>
      held.some(({ sequence, id }) => {
        return sequence === head.sequence && equal(id.subarray(0, BRIEF_ID_BYTES), head.id);
      });
    if (told.heads.some((head) => head.sequence >= last && !isHeld(head))) this.#beginAnew();
  }

  /** A transaction came in by a link and was applied: it cannot be one of this very store, but for a joiner's first. */
  received(header: Header): void {
    if (!this.#isThisStore(header)) return;
    if (header.sequence > 1 || this.#store.writers.headsOf(header).length > 1) this.#beginAnew();
  }

  /** It must not go on counting where it stands, since others know what came behind. */
  #beginAnew(): void {
    this.#store.renewInstance();
    const reason = "others hold writes of this peer that it lacks";
    this.#emit({ name: "store_older", level: "warning", reason });
  }

  #isThisStore({ peer, instance }: WriterId): boolean {
    return equal(peer, this.#identity.peerId) && equal(instance, this.#store.instance);
  }
}
