import type { Now } from "../../lib/base/clock.ts";
import type { Connection } from "../../lib/peer/links.ts";
import type { Stage } from "../../lib/peer/stage.ts";
import type { LinkEnd } from "../../lib/peer/links_listener.ts";
import { Peer } from "../../lib/peer/peer.ts";
import type { PeerOptions } from "../../lib/peer/peer_options.ts";
import { type Message, MESSAGE_KINDS } from "../../lib/wire/message.ts";

/** The newest kind of message that kith 0.1.0 knew. */
const NEWEST_KIND_OF_OLDER_KITH = 29;

/** The very machine of a peer, whose links can be looked at, and which can play an older kith. */
export class SimMachine extends Peer {
  /** Its authenticated links. */
  readonly connections = new Set<Connection>();
  /** Told of each message before it is taken in. */
  messageHeard: (message: Message) => void = () => {};
  /** Whether a message means nothing to it. */
  passesOver: (message: Message) => boolean = () => false;
  readonly #isOlder: boolean;

  /** @param isOlder whether it ignores the messages that kith 0.1.0 did not know. */
  constructor(options: PeerOptions, isOlder: boolean) {
    super(options);
    this.#isOlder = isOlder;
  }

  override linkOpened(connection: Connection, now: Now): void {
    this.connections.add(connection);
    super.linkOpened(connection, now);
  }

  override linkMessage(connection: Connection, message: Message, now: Now): void {
    if (this.#isOlder && MESSAGE_KINDS[message.type] > NEWEST_KIND_OF_OLDER_KITH) return;
    this.messageHeard(message);
    if (this.passesOver(message)) return;
    super.linkMessage(connection, message, now);
  }

  override linkClosed(
    connection: Connection,
    stageBefore: Stage,
    end: LinkEnd,
    now: Now,
  ): void {
    this.connections.delete(connection);
    super.linkClosed(connection, stageBefore, end, now);
  }
}
