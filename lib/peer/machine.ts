import type { Now } from "../base/clock.ts";
import type { ErrorCode, ErrorValues } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import type { AnswerView } from "./post_views.ts";
import type { LanInterface, LanMessage } from "../mesh/lan_message.ts";
import type { RendezvousNetwork, RendezvousQuery } from "../mesh/rendezvous.ts";
import type { InviteView } from "./reads.ts";

/**
 * A synchronous, deterministic state machine that a host drives: inputs in, effects out, with time handed in. The
 * peer is one; so are the test machines of the host, and the simulator is a second host of the same peer.
 */
export interface Machine {
  /** Takes one input. Nothing may be sent or answered yet: what rests on the store is not durable before `endTurn`. */
  handle(input: Input, now: Now): void;
  /**
   * Ends a turn: local writes become a transaction, the store commits, and only now may the effects be performed.
   *
   * @throws {KithError} when the store refuses (a full disk): the turn's writes did not happen.
   */
  endTurn(now: Now): Effect[];
  /**
   * The next bytes for the socket of a connection, at most `maxBytes`; null when there are none. Called between
   * turns only. The bytes stay valid until the next call for the same connection.
   */
  pull(connection: number, maxBytes: number, now: Now): Uint8Array | null;
  /** The monotonic time in ms at which a `tick` is due; Infinity when none is. */
  deadline(): number;
  /** Whether a member was seen at the host of an address `host:port`, so that more is expected from there. */
  isKnown(address: string, now: Now): boolean;
}

/** What the host tells the machine. */
export type Input =
  /** The deadline has passed. */
  | { readonly type: "tick" }
  /** A socket is open: accepted (`in`), or dialled (`out`) after a `dial` or `dial_quic` effect. */
  | {
    readonly type: "connected";
    readonly connection: number;
    readonly direction: "in" | "out";
    /** `host:port`, or `quic:host:port` where it is one of QUIC. */
    readonly address: string;
    /** This machine's own end of it, `host:port`. Default: not known. */
    readonly localAddress?: string;
    /** The other end of it, `host:port`, in which no name stands. Default: that of `address`, where that has none. */
    readonly remoteAddress?: string;
  }
  /** Bytes came in. They are valid during the turn only. */
  | { readonly type: "received"; readonly connection: number; readonly bytes: Uint8Array }
  /** The socket is gone, from whichever side; the number is not used again. */
  | { readonly type: "disconnected"; readonly connection: number; readonly detail?: string }
  /** A dial did not lead to a connection. `isUntried` where it was not dialled at all, for want of room here. */
  | { readonly type: "dial_failed"; readonly address: string; readonly detail: string; readonly isUntried?: true }
  /** Someone local asks for something; answered by exactly one `reply` effect with the same id. */
  | { readonly type: "request"; readonly id: number; readonly request: Request }
  /** This machine's addresses changed, or it woke from sleep. */
  | { readonly type: "network_changed" }
  /** This peer can be dialled at other addresses than before, though this machine's are the same. */
  | { readonly type: "addresses_changed" }
  /**
   * The interfaces on which peers are looked for by multicast DNS, at the start and whenever they changed; none where
   * that is off, with why. `port`: at which this peer listens.
   */
  | {
    readonly type: "lan_interfaces";
    readonly interfaces: readonly LanInterface[];
    readonly port: number;
    readonly problem: string | null;
  }
  /** A message came by multicast DNS. */
  | {
    readonly type: "lan_received";
    readonly message: LanMessage;
    /** On which interface; null where that is not known. */
    readonly interface: string | null;
    /** Whether this machine sent it. */
    readonly isOwnAddress: boolean;
  }
  /** Other machines speak multicast DNS, of something else. Told once for each `lan_interfaces`. */
  | { readonly type: "lan_others" }
  /** How it stands with the DHT, at the start and whenever the networks changed: what was asked before is not answered. */
  | { readonly type: "dht_network"; readonly network: RendezvousNetwork }
  /** Somebody said that these addresses are to be found under an info hash that was asked for. */
  | { readonly type: "dht_found"; readonly key: Uint8Array; readonly addresses: readonly string[] }
  /** A question to the DHT came to its end. `problem`: why nobody answered; null where somebody did. */
  | { readonly type: "dht_done"; readonly key: Uint8Array; readonly problem: string | null }
  /**
   * The UDP port at which this peer takes connections by QUIC, at the start and whenever it changed; null where it takes
   * none, with why as a part of a sentence. Before it is told, none are taken.
   */
  | { readonly type: "quic"; readonly port: number | null; readonly problem: string | null }
  /** What a `quic_ask` effect came to: `address` is null where nobody told, or what was told is no `host:port`. */
  | {
    readonly type: "quic_seen";
    readonly seen: readonly { readonly asked: string; readonly address: string | null }[];
  }
  /** The host is about to stop: say farewell on every link. Nothing but `pull` and `disconnected` follows. */
  | { readonly type: "stopping" };

/** What the machine asks of the host, after the commit. */
export type Effect =
  /** Open a connection to `host:port`; answered by exactly one `connected` or `dial_failed` with the same address. */
  | { readonly type: "dial"; readonly address: string }
  /**
   * The same by QUIC, from the port at which this peer takes such connections itself; the answer has `quic:host:port`.
   * Addresses that members tell lead to `dial` alone: this is bounded by what asks for it.
   */
  | { readonly type: "dial_quic"; readonly address: string }
  /** There is something to pull for this connection. */
  | { readonly type: "output"; readonly connection: number }
  /** Close the socket once all that can be pulled is written, or `atOnce`: there is nothing to say. */
  | { readonly type: "close"; readonly connection: number; readonly atOnce?: boolean }
  /** Say something by multicast DNS on an interface. Nobody tells whether it arrived. */
  | { readonly type: "lan_send"; readonly interface: string; readonly message: LanMessage }
  /** Ask the DHT; any number of `dht_found` and one `dht_done` follow, unless a `dht_network` comes before. */
  | { readonly type: "dht_query"; readonly query: RendezvousQuery }
  /**
   * Ask those who take QUIC at these addresses, `host:port`, at what address they see this peer; answered by exactly one
   * `quic_seen`, after at most QUIC_ASK_TIMEOUT_MS.
   */
  | { readonly type: "quic_ask"; readonly addresses: readonly string[] }
  /** The answer to a request. */
  | { readonly type: "reply"; readonly id: number; readonly reply: Reply }
  /** Something to log and count. */
  | { readonly type: "event"; readonly event: PeerEvent }
  /** Keys whose winner or whose conflicts changed. */
  | { readonly type: "changed"; readonly keys: readonly string[] }
  /** The machine cannot go on (its home was copied, its store is damaged): stop the peer. */
  | { readonly type: "stop"; readonly reason: string };

/** The keys that follow from a ticket's secret; of `lib/crypto/ticket_keys.ts`. */
export interface TicketKeys {
  /** Seed of the Ed25519 invite key, 32 bytes. */
  readonly inviteSeed: Uint8Array;
  /** Key of the MAC in the grant, 32 bytes. */
  readonly macKey: Uint8Array;
  /** Key of the tags by which the ticket is found, 32 bytes. */
  readonly tagKey: Uint8Array;
}

/** What a member may do. */
export type Role = "reader" | "writer" | "admin";

/** One write of a `write` request. */
export type Write =
  | {
    readonly kind: "put";
    readonly key: string;
    readonly media: string;
    readonly value: Uint8Array;
    /** Refuse with `already_set` when the key has a value. */
    readonly ifAbsent?: boolean;
    /** Refuse with `version_changed` when the winner is not this version, and with `version_invalid` what is none. */
    readonly ifVersion?: string;
    /** Refuse with `no_conflict` when nothing stands beside the winner. */
    readonly ifConflict?: boolean;
    /** Write nothing when the winner has the same media type and value, and there is no conflict. */
    readonly unlessEqual?: boolean;
  }
  | { readonly kind: "del"; readonly key: string; readonly ifVersion?: string }
  /**
   * Puts again what one of the live versions of a key holds, in place of them all; refuse with `no_conflict` when
   * nothing stands beside the winner, and with `version_not_live` where it is none of them.
   */
  | { readonly kind: "keep"; readonly key: string; readonly version: string };

/** What a peer joins with. */
export interface JoinRequest {
  readonly keys: TicketKeys;
  /** Where a door may be. */
  readonly addresses: readonly string[];
  /** Those of them that a person named: where all of these refuse the ticket, that is the answer. Default: none. */
  readonly named?: readonly string[];
}

/** What someone local asks for. */
export type Request =
  /** All of the writes or none. */
  | { readonly type: "write"; readonly writes: readonly Write[] }
  | { readonly type: "create_space" }
  /** Let in whoever holds the ticket: `uses` times, until `expiresMs` (wall clock; 0: for ever). */
  | {
    readonly type: "invite";
    readonly keys: TicketKeys;
    readonly secret: Uint8Array;
    readonly role: Role;
    readonly uses: number;
    readonly expiresMs: number;
    /** What the keys begin with that it lets write. Default: as for who invites. */
    readonly prefix?: string;
    /** Until when who comes in is a member (wall clock; 0: for ever). Default: 0. */
    readonly memberExpiresMs?: number;
  }
  /** Get in with a ticket through any of the addresses; replied to once in, or failed for good. */
  | { readonly type: "join" } & JoinRequest
  | { readonly type: "leave" }
  /**
   * Gives a member another role; refuse with `member_unknown`, `member_ambiguous`, `grant_unusable`, `not_allowed`.
   * `peer`: its id, the beginning of it, or its name. `prefix`: what the keys that it may write begin with. `expiresMs`:
   * when it stops being a member, wall clock; 0: never.
   */
  | {
    readonly type: "grant";
    readonly peer: string;
    readonly role: Role;
    readonly prefix: string;
    readonly expiresMs: number;
  }
  /** Removes a member; what it wrote that this peer has not seen is undone everywhere. Refused as `grant` is. */
  | { readonly type: "revoke"; readonly peer: string }
  /** Closes an invite, by its version or the beginning of it; refuse with `invite_unknown`, `invite_ambiguous`. */
  | { readonly type: "revoke_invite"; readonly invite: string }
  /**
   * Puts the values again, in this peer's own name, that a removal undid: of these keys, or of all (null); refuse with
   * `not_undone` where there is nothing of the kind at a key.
   */
  | { readonly type: "readopt"; readonly keys: readonly string[] | null }
  /** Dial an address and keep it as a hint. */
  | { readonly type: "connect"; readonly address: string }
  /** Measure a round trip to a peer named by its name or the beginning of its id. */
  | { readonly type: "ping"; readonly peer: string }
  | PostRequest;

/** What someone local asks for of messages. `to`: a linked member, as for `ping`; null for all. */
export type PostRequest =
  /** Messages, all or none; replied to when more can be sent, with the links that they went to. */
  | {
    readonly type: "post";
    readonly posts: readonly { readonly topic: string; readonly payload: Uint8Array }[];
    readonly to: string | null;
  }
  /** A question; replied to with the first answer, or `timed_out`. */
  | {
    readonly type: "ask";
    readonly topic: string;
    readonly payload: Uint8Array;
    readonly to: string | null;
    readonly timeoutMs: number;
  }
  /** The answer to a question, by its id as it was delivered; refuse with `question_unknown`. */
  | { readonly type: "answer"; readonly question: string; readonly payload: Uint8Array };

/** The answer to a request; `versions` of a write has one entry per write, null where nothing had to be written. */
export type Reply =
  | {
    readonly ok: true;
    readonly versions?: readonly (string | null)[];
    readonly space?: string;
    /** The invite that was made. */
    readonly invite?: InviteView;
    /** How many machines the ticket lets in that was redeemed. */
    readonly uses?: number;
    readonly roundTripMs?: number;
    /** Base32 id of the peer to which it was measured. */
    readonly pinged?: string;
    /** How many links a message went to. */
    readonly reached?: number;
    /** The answer to a question. */
    readonly answer?: AnswerView;
  }
  | { readonly ok: false; readonly code: ErrorCode; readonly values: ErrorValues };
