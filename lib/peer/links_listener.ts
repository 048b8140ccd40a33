import type { Now } from "../base/clock.ts";
import type { CloseReason } from "../base/errors.ts";
import type { Message } from "../wire/message.ts";
import type { Connection } from "./links.ts";
import type { Stage } from "./stage.ts";

/** How a link ended. */
export interface LinkEnd {
  readonly reason: CloseReason;
  readonly detail: string;
  readonly byRemote: boolean;
}

/** What the table of links tells of. */
export interface LinksListener {
  /** The other side is authenticated. */
  linkOpened(connection: Connection, now: Now): void;
  /** A message came in. @throws {ProtocolError} where it is wrong: the link is then closed with its code. */
  linkMessage(connection: Connection, message: Message, now: Now): void;
  /** The link is closed, by the other side (`byRemote`) or by this one. */
  linkClosed(connection: Connection, stageBefore: Stage, end: LinkEnd, now: Now): void;
  /** A ping was answered. */
  linkAnswered(connection: Connection, roundTripMs: number): void;
  /** The queue of a member's link has room for bulk. */
  linkDrained(connection: Connection): void;
  /** The socket of a member's link takes what comes next. */
  linkPulled(connection: Connection, now: Now): void;
}
