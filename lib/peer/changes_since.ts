import { fromBase32, toBase32 } from "../base/base32.ts";
import { KithError, ProtocolError } from "../base/errors.ts";
import { LIST_PAGE_ENTRIES } from "../base/limits.ts";
import type { Replay } from "../store/replay.ts";
import type { Store } from "../store/store.ts";
import { decodeFrontier, encodeFrontier, type Frontier } from "../wire/frontier.ts";
import type { ChangesSince } from "./reads.ts";

/** Characters of a position that an error shows. */
const SHOWN_CHARACTERS = 24;

/** A position as text: the frontier (PROTOCOL.md, "Frontier") in base32, which means the same at every peer. */
export function positionText(frontier: Frontier): string {
  return toBase32(encodeFrontier(frontier));
}

/** How far a store has come, as text; null while it lacks parts of what it holds, or a removal is under way. */
export function positionOf(store: Store): string | null {
  return store.partials.hasOpen || store.undoing.isUnderWay ? null : positionText(store.frontier());
}

/**
 * What changed since a position, and what changes from now on.
 *
 * @param position null: since now.
 * @throws {KithError} `position_invalid`, and `position_lost` where this peer does not hold all that it covers: it is
 * of another space, or from a peer that is ahead of this one.
 */
export function changesSince(store: Store, position: string | null): ChangesSince {
  const replay = store.replay(position === null ? store.frontier() : frontierOf(position));
  if (replay === null) throw new KithError("position_lost", { detail: "this peer does not hold all that it covers" });
  return {
    next: () => nextKeys(replay),
    position: () => store.undoing.isUnderWay ? null : positionText(replay.frontier()),
  };
}

function nextKeys(replay: Replay): readonly string[] | null {
  const keys = replay.next(LIST_PAGE_ENTRIES);
  if (keys === "incomplete") {
    throw new KithError("position_lost", { detail: "a part of the history behind it is no longer held" });
  }
  return keys === null ? null : [...keys];
}

function frontierOf(position: string): Frontier {
  try {
    return decodeFrontier(fromBase32(position));
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof ProtocolError)) throw error;
    const shown = position.length > SHOWN_CHARACTERS ? `${position.slice(0, SHOWN_CHARACTERS)}…` : position;
    throw new KithError("position_invalid", { position: shown }, error);
  }
}
