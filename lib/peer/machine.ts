import type { Now } from "../base/clock.ts";
import type { ErrorCode, ErrorValues } from "../base/errors.ts";
import type { EventValue, PeerEvent } from "../base/event.ts";

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
  /** A socket is open: accepted (`in`), or dialled (`out`) after a `dial` effect with the same address. */
  | {
    readonly type: "connected";
    readonly connection: number;
    readonly direction: "in" | "out";
    readonly address: string;
  }
  /** Bytes came in. They are valid during the turn only. */
  | { readonly type: "received"; readonly connection: number; readonly bytes: Uint8Array }
  /** The socket is gone, from whichever side; the number is not used again. */
  | { readonly type: "disconnected"; readonly connection: number; readonly detail?: string }
  /** A `dial` effect did not lead to a connection. */
  | { readonly type: "dial_failed"; readonly address: string; readonly detail: string }
  /** Someone local asks for something; answered by exactly one `reply` effect with the same id. */
  | { readonly type: "request"; readonly id: number; readonly request: Request }
  /** This machine's addresses changed, or it woke from sleep. */
  | { readonly type: "network_changed" }
  /** The host is about to stop: say farewell on every link. Nothing but `pull` and `disconnected` follows. */
  | { readonly type: "stopping" };

/** What the machine asks of the host, after the commit. */
export type Effect =
  /** Open a connection to `host:port`; answered by `connected` or `dial_failed`. */
  | { readonly type: "dial"; readonly address: string }
  /** There is something to pull for this connection. */
  | { readonly type: "output"; readonly connection: number }
  /** Close the socket once all that can be pulled is written, or `atOnce`: there is nothing to say. */
  | { readonly type: "close"; readonly connection: number; readonly atOnce?: boolean }
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
  | { readonly type: "join"; readonly keys: TicketKeys; readonly addresses: readonly string[] }
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
  | { readonly type: "ping"; readonly peer: string };

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
  }
  | { readonly ok: false; readonly code: ErrorCode; readonly values: ErrorValues };

/** A key whose winner or whose conflicts changed. */
export interface Change {
  readonly key: string;
  /** The winning version; null when there is none any more. */
  readonly version: string | null;
  readonly media: string;
  /** Its value; null: deleted. */
  readonly value: Uint8Array | null;
  /** Number of concurrent versions besides the winner. */
  readonly conflicts: number;
  /** Base32 id of the writer. */
  readonly peer: string;
  /** The version's stamp in ms since 1970. */
  readonly timeMs: number;
}

/** The winning version of a key. */
export interface EntryView {
  readonly key: string;
  readonly version: string;
  readonly media: string;
  readonly value: Uint8Array;
  /** Base32 id of the writer. */
  readonly peer: string;
  /** The version's stamp in ms since 1970. */
  readonly timeMs: number;
  /** Number of concurrent versions besides this one. */
  readonly conflicts: number;
}

/** What a put or del is by now: it stands (`live` a put, `open` a del), was replaced, or was undone by a removal. */
export type PastState = "live" | "open" | "replaced" | "undone";

/** One put or del of a key's history. */
export interface PastView {
  readonly version: string;
  readonly kind: "put" | "del";
  /** Null for a del, as the size. */
  readonly media: string | null;
  readonly sizeBytes: number | null;
  /** Base32 id of the writer. */
  readonly peer: string;
  /** Its stamp in ms since 1970. */
  readonly timeMs: number;
  /** The versions that it replaced. */
  readonly replaced: readonly string[];
  /** Those of them that this peer does not hold, or no longer. */
  readonly missing: readonly string[];
  readonly state: PastState;
  /** Whether it is the version that is shown. */
  readonly winner: boolean;
}

/** One version of a key, whatever became of it. */
export interface VersionView extends Omit<EntryView, "conflicts"> {
  readonly state: PastState;
}

/** What needs a person's eye. */
export type ConflictView =
  | {
    readonly kind: "concurrent";
    readonly key: string;
    readonly versions: readonly (EntryView & { readonly winner: boolean })[];
  }
  | {
    readonly kind: "delete_beside_put";
    readonly key: string;
    /** The version that stands. */
    readonly version: string;
    /** Base32 id of who wrote it. */
    readonly peer: string;
    /** Its stamp in ms since 1970. */
    readonly timeMs: number;
    /** Base32 id of who deleted the key without knowing of it. */
    readonly deletedBy: string;
    readonly deletedAtMs: number;
  }
  | {
    /** A put or del that a removal undid; `readopt` takes a put back in. */
    readonly kind: "undone";
    readonly key: string;
    readonly version: string;
    readonly operation: "put" | "del";
    /** Base32 id of who wrote it. */
    readonly peer: string;
    /** Its stamp in ms since 1970. */
    readonly timeMs: number;
    /** Base32 id of who removed its writer; null where that follows from more than one removal. */
    readonly undoneBy: string | null;
  };

/** A peer that used a number of its history twice. Both histories are kept, and go to every member as proof. */
export interface ForkView {
  /** Base32 id. */
  readonly peer: string;
  readonly name: string;
  readonly self: boolean;
  /** The first number that was used twice. */
  readonly sequence: number;
  /** How many ends its history has. */
  readonly heads: number;
}

/** A member of the space. */
export interface MemberView {
  /** Base32 id. */
  readonly peer: string;
  readonly name: string;
  readonly role: Role;
  /** What the keys that it may write begin with; empty for all. */
  readonly prefix: string;
  /** When it stops being a member, ms since 1970; 0 for never. */
  readonly expiresMs: number;
  /** When it came in, or got this role, ms since 1970, by the clock of who let it in or granted it. */
  readonly sinceMs: number;
  /** Base32 id of who granted its role; null for the founder. */
  readonly grantedBy: string | null;
  /** When it was last linked, ms since 1970; null when never. */
  readonly lastSeenMs: number | null;
  /** Whether it is linked, or this very peer. */
  readonly online: boolean;
  readonly self: boolean;
}

/** An invite that may be redeemed. */
export interface InviteView {
  /** The version of its grant, as text: its name in the space. */
  readonly invite: string;
  readonly role: Role;
  /** What the keys begin with that it lets write; empty for all. */
  readonly prefix: string;
  readonly uses: number;
  readonly usesLeft: number;
  /** When the door closes, ms since 1970; 0 for never. */
  readonly expiresMs: number;
  /** Until when who comes in is a member, ms since 1970; 0 for ever. */
  readonly memberExpiresMs: number;
  /** Base32 id. */
  readonly madeBy: string;
  readonly madeAtMs: number;
  /** The ticket's secret, where it was made here; else null. */
  readonly secret: Uint8Array | null;
}

/** Somebody who was a member. */
export interface RemovedView {
  /** Base32 id. */
  readonly peer: string;
  readonly name: string;
  /** It left by itself; its time was over, or its invite was used too often; or it was removed. */
  readonly kind: "left" | "ended" | "removed";
  /** Base32 id of who did it. */
  readonly by: string;
  /** When, ms since 1970, by the clock of who did it. */
  readonly timeMs: number;
}

/** A linked peer. */
export interface PeerView {
  /** Base32 id. */
  readonly peer: string;
  readonly name: string;
  readonly address: string;
  readonly path: "direct";
  /** Null until measured. */
  readonly roundTripMs: number | null;
  /** When the link opened, ms since 1970. */
  readonly sinceMs: number;
  /** Whether its digest and frontier equal ours. */
  readonly inSync: boolean;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** What waits to be sent; a peer that takes nothing lets it grow to a bound. */
  readonly queuedBytes: number;
}

/** A member without a link. */
export interface AbsentView {
  /** Base32 id. */
  readonly peer: string;
  readonly name: string;
  /** When it was last linked, ms since 1970; null when never. */
  readonly sinceMs: number | null;
}

/** How far the old history has been let go, and what holds that back. */
export interface CompactionView {
  /** How long what was replaced is kept; Infinity for ever. */
  readonly historyMs: number;
  /** When the last final checkpoint was written, ms since 1970; null before the first. */
  readonly finalAtMs: number | null;
  /** Whether this peer has let go all that it allows. */
  readonly isDone: boolean;
  /** When the checkpoint was written that is not final yet; null where there is none. */
  readonly pendingSinceMs: number | null;
  /** Base32 ids of the members that have yet to confirm it. */
  readonly waitsFor: readonly string[];
}

/** A member that is cut, and what it did last. */
export interface CutView {
  /** Base32 id; empty for those that prove the space, and are not known as members here. */
  readonly peer: string;
  readonly name: string;
  /** The code with which its link was closed, and more. */
  readonly reason: string;
  readonly detail: string;
  /** Until when, ms since 1970. */
  readonly untilMs: number;
}

/** How many links there are, and how many there may be. */
export interface LinkCounts {
  readonly members: number;
  readonly maxMembers: number;
  /** Those of them that the other side dialled. */
  readonly inbound: number;
  /** Lower than `maxMembers`, so that there is room for those that this peer dials. */
  readonly maxInbound: number;
  /** Inbound links of which it is not known yet whose they are. */
  readonly pending: number;
  readonly maxPending: number;
}

/** How the peer is. */
export interface StatusView {
  /** Base32 id. */
  readonly peer: string;
  readonly name: string;
  /** Base32 id of the space; null before there is one. */
  readonly space: string | null;
  /** Whether this peer is no member of it any more: it left, or was removed. */
  readonly left: boolean;
  /** Base32 id of who removed it; null where nobody did. */
  readonly removedBy: string | null;
  /** Base32 ids of members that closed their link since this peer was removed, which it has not received itself. */
  readonly toldRemovedBy: readonly string[];
  /** Hexadecimal digest of the data. */
  readonly digest: string;
  /** Whether at least one other member is linked and all linked ones agree; in a space of one: true. */
  readonly synced: boolean;
  readonly entries: number;
  readonly conflicts: number;
  readonly members: number;
  readonly peers: readonly PeerView[];
  readonly absent: readonly AbsentView[];
  /** Transactions that wait for their parents or for a newer kith. */
  readonly waiting: number;
  /** Where other processes were met that run with a copy of this home. */
  readonly copies: readonly string[];
  /** Who used a number twice. */
  readonly forks: readonly ForkView[];
  /** Records of the store that are not as they were written, and were not put right so far. */
  readonly damaged: number;
  /** Those of them that no linked member has, or that only a store made anew can put right. */
  readonly unrecovered: number;
  /** How many links there are, and how many there may be. */
  readonly links: LinkCounts;
  /** Members that are cut for a while since they misbehaved. */
  readonly cut: readonly CutView[];
  /** A pull that is under way; `total` null while not known. */
  readonly syncing: { readonly received: number; readonly total: number | null } | null;
  readonly compaction: CompactionView;
  /** More by name, such as counters. */
  readonly counters: Readonly<Record<string, EventValue>>;
}

/** What changed since a position, page by page. It may be read on between turns for as long as one likes. */
export interface ChangesSince {
  /**
   * Keys that changed, each at least once; null where all is told that the peer holds by now.
   *
   * @throws {KithError} `position_lost` where a part of the history is no longer held, so that not all can be told.
   */
  next(): readonly string[] | null;
  /** The position behind what was told so far. */
  position(): string;
}

/** Something that is not as it was written. */
export interface DamageView {
  /** Where in the store. */
  readonly table: string;
  readonly row: number;
  readonly key: string | null;
  /** Whether it is put right already: from what is here. Other records are fetched from other members. */
  readonly mended: boolean;
}

/** A check of everything on disk, done a little at a time between turns. */
export interface StoreCheck {
  /**
   * Looks at some more rows, about 20 µs each.
   *
   * @returns what is found newly; null once all is done.
   * @throws {KithError} `store_…`.
   */
  step(rows: number): DamageView[] | null;
  readonly checkedRows: number;
  /** About how many rows there are. */
  readonly totalRows: number;
  /** How many records are not as they were written. */
  readonly damaged: number;
}

/** What can be read of a peer between its turns, without a request. */
export interface PeerReads {
  /** The winner of a key. */
  get(key: string): EntryView | null;
  /** Winners in key order (bytewise), those above `after`, at most `limit`. */
  list(query: { readonly prefix?: string; readonly after?: string; readonly limit: number }): EntryView[];
  /** How keys stand now; for those of a `changed` effect, which are looked up only where somebody watches. */
  changes(keys: readonly string[]): Change[];
  /**
   * How far this peer has come: a text from which `changesSince` goes on, at this or another peer of the space. Null
   * while it lacks parts of what it holds: they would be missed by who goes on from there.
   */
  position(): string | null;
  /** What changed since a position (null: since now). @throws {KithError} `position_invalid`, `position_lost`. */
  changesSince(position: string | null): ChangesSince;
  conflicts(): ConflictView[];
  /**
   * The puts and dels on a key, newest first: in the order in which they came here.
   *
   * @throws {KithError} `version_…` where `before`, the version to begin behind, is none that is held.
   */
  history(query: { readonly key: string; readonly before?: string; readonly limit: number }): PastView[];
  /** One version of a key, by its text or the first letters of it. @throws {KithError} `version_…`. */
  version(key: string, version: string): VersionView;
  members(): MemberView[];
  /** The invites that may be redeemed now, the newest first. */
  invites(wallMs: number): InviteView[];
  /** Who was a member and is none any more, the latest first. */
  removed(): RemovedView[];
  peers(): PeerView[];
  status(): StatusView;
  /** Who used a number of their history twice. */
  forks(): ForkView[];
  /** A check of everything on disk. @param structure whether SQLite's own structure is checked too, in one go. */
  check(structure: boolean): StoreCheck;
  /** `synced` of the status, without the digest that a status has, which costs much while data come in. */
  synced(): boolean;
}
