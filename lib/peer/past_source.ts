import { ProtocolError } from "../base/errors.ts";
import { MAX_LEAF_VERSIONS, MAX_MESSAGE_LEAVES } from "../base/limits.ts";
import { versionText } from "../data/version_text.ts";
import type { Membership } from "../space/membership.ts";
import type { PastLeaf } from "../store/pasts.ts";
import type { Store } from "../store/store.ts";
import type { AskLeaf, AskPast, AskVersions } from "../wire/past_messages.ts";
import type { PartialBytes } from "../wire/partial.ts";
import type { Links } from "./links.ts";
import type { SpaceState } from "./space_state.ts";

/** What answers are made of. */
export interface PastSourceParts {
  readonly store: Store;
  readonly space: SpaceState;
  readonly membership: Membership;
  readonly links: Links;
}

/**
 * Answers who was away for longer than the history: the state inside the final checkpoint by which this peer has settled
 * what it holds (lib/wire/PROTOCOL.md, "Checkpoints"). What finds no room in the link's queue is not sent; it is asked for
 * again.
 */
export class PastSource {
  readonly #parts: PastSourceParts;

  constructor(parts: PastSourceParts) {
    this.#parts = parts;
  }

  /** Shows the leaves; none where this peer has not settled by that very checkpoint. */
  leaves(connection: number, { checkpoint }: AskPast): void {
    const { store, space, links } = this.#parts;
    const isHere = space.settled === versionText(checkpoint);
    let after: { writer: number; leaf: number } | null = null;
    for (let more = true; more;) {
      const page: PastLeaf[] = isHere ? store.pasts.leaves(after, MAX_MESSAGE_LEAVES) : [];
      const last = page.at(-1);
      more = page.length === MAX_MESSAGE_LEAVES;
      if (last !== undefined) after = { writer: last.number, leaf: last.leaf };
      const leaves = page.map(({ writer, leaf, hash }) => ({ writer, leaf, hash }));
      if (!links.send(connection, { type: "past_leaves", checkpoint, leaves, more }, "bulk")) return;
    }
  }

  /** Lists the versions of one leaf. */
  leaf(connection: number, { checkpoint, writer, leaf }: AskLeaf): void {
    const { store, space, membership, links } = this.#parts;
    const final = membership.checkpoints.latestFinal;
    const number = store.writers.numberOf(writer);
    const text = versionText(checkpoint);
    if (final === null || number === null || space.settled !== text || versionText(final.act.version) !== text) {
      return;
    }
    const past = store.pasts.of(final.act.operation.frontier);
    if (past === null) return;
    const versions = store.pasts.state(past).leaf(number, leaf).map(({ id }) => id);
    if (versions.length > MAX_LEAF_VERSIONS) throw new ProtocolError("too_large", "a leaf of too many versions");
    links.send(connection, { type: "past_leaf", checkpoint, writer, leaf, versions }, "bulk");
  }

  /** Sends single versions with their proofs; what is not held is left out. */
  versions(connection: number, { versions }: AskVersions): void {
    const { store, links } = this.#parts;
    const indices = new Map<number, Set<number>>();
    for (const { transaction, index } of versions) {
      const held = store.transaction(transaction);
      if (held === null || held.header.class !== "data") continue;
      indices.set(held.row, (indices.get(held.row) ?? new Set()).add(index));
    }
    for (const [row, ofRow] of indices) {
      const list: PartialBytes[] = [store.partials.load(row, ofRow)];
      if (!links.send(connection, { type: "partials", list }, "bulk")) return;
    }
  }
}
