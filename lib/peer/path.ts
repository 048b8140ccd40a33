import { CIRCUIT_BEGINS_WITHIN_MS, HOLE_SILENT_AFTER_MS, SILENCE_TOLD_AFTER_MS } from "../base/limits.ts";
import type { Now } from "../base/clock.ts";
import type { Connection } from "./links.ts";
import { QUIC_PREFIX } from "./source_address.ts";

/**
 * How a linked peer is reached: found on a network of this machine, at one of its addresses, through a hole that both
 * sides opened in their routers, or through another member.
 */
export type Path = "lan" | "direct" | "punched" | "relayed";

/** Whether a connection goes through such a hole, by QUIC. */
export function isPunched({ address }: Pick<Connection, "address">): boolean {
  return address.startsWith(QUIC_PREFIX);
}

/** Whether a connection goes straight to its peer, through neither a relay nor a hole. */
export function isDirect(connection: Pick<Connection, "address" | "relay">): boolean {
  return connection.relay === null && !isPunched(connection);
}

/** Whether the path of a connection is a better one than that of another: direct, then punched, then relayed. */
export function hasBetterPath(connection: Pick<Connection, "address" | "relay">, other: typeof connection): boolean {
  return rankOf(connection) < rankOf(other);
}

function rankOf(connection: Pick<Connection, "address" | "relay">): number {
  return isDirect(connection) ? 0 : connection.relay === null ? 1 : 2;
}

/** Whether a link ended since it broke: another one may take its place. */
export function isBreak(reason: string): boolean {
  return reason === "truncated" || reason === "silent";
}

/** How a connection reaches its peer. @param isNearby whether that was found on a network of this machine. */
export function pathOf(connection: Pick<Connection, "address" | "relay">, isNearby = false): Path {
  if (connection.relay !== null) return "relayed";
  if (isPunched(connection)) return "punched";
  return isNearby ? "lan" : "direct";
}

/** When a link counts as silent, so that a relayed one may take its place: routers forget a hole without a word. */
export function silentAtMs(connection: Pick<Connection, "address" | "link">): number {
  return connection.link.lastReceivedMs + (isPunched(connection) ? HOLE_SILENT_AFTER_MS : SILENCE_TOLD_AFTER_MS);
}

/** Whether it does. */
export function isSilent(connection: Pick<Connection, "address" | "link">, now: Now): boolean {
  return now.monotonicMs >= silentAtMs(connection);
}

/** Whether a member's link was there before a relayed one began that is there now, and did not come about meanwhile. */
export function wasThereBefore({ memberSinceMs }: Pick<Connection, "memberSinceMs">, now: Now): boolean {
  return now.monotonicMs - memberSinceMs >= CIRCUIT_BEGINS_WITHIN_MS;
}
