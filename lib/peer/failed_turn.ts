import type { Now } from "../base/clock.ts";
import type { KithError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import type { Connection } from "./links.ts";
import type { PeerParts } from "./peer_parts.ts";

/** What is needed to take a turn back. */
export interface FailedTurn {
  /** Does something with the store; gives why that failed, or null. */
  readonly failureOf: (act: () => void) => KithError | null;
  /** Links by which somebody was let in during the turn. */
  readonly admittedNow: ReadonlySet<Connection>;
  readonly emit: (event: PeerEvent) => void;
}

/**
 * Nothing of the turn happened: what came from other peers is lacked still, and pulled again. Admissions, on which
 * links rest, are taken back with those links, before anything that was queued for them leaves.
 */
export function takeBackTurn(parts: PeerParts, turn: FailedTurn, error: KithError, now: Now): void {
  parts.store.rollback();
  parts.space.forget();
  parts.applier.turnFailed();
  parts.repairs.turnFailed();
  const unread = turn.failureOf(() => parts.loadMembership());
  // Without knowing who is a member nothing can go on: the host stops the peer, and the next start mends the store.
  if (unread !== null) parts.store.refuse(unread);
  for (const connection of [...parts.links.all()]) {
    const rests = connection.stage === "door" || connection.stage === "joining" || turn.admittedNow.has(connection);
    if (rests) parts.links.close(connection, "goodbye", now);
  }
  parts.sync.turnFailed(now);
  parts.compactor.turnFailed(now);
  parts.pastRepair.turnFailed();
  turn.emit({ name: "turn_failed", level: "error", reason: error.code, fields: { message: error.message } });
  parts.joiner.storeFailed(error, now);
  parts.requests.failed(error);
}
