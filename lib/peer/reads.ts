import type { EventValue } from "../base/event.ts";
import type { RelayCounts } from "../mesh/relay_server.ts";
import type { Role } from "./machine.ts";
import type { MessageCounts, PostReader } from "./post_views.ts";
import type { Path } from "./path.ts";
import type { AbsentView, ElsewhereView } from "./presence_views.ts";
import type { PunchFailure, PunchView } from "./punches.ts";
import type { PublicRelayView } from "./relay_client.ts";
import type { ReachView } from "./reachability.ts";

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
  /** Whether it is here: linked, or elsewhere as it says itself, or this very peer. */
  readonly online: boolean;
  readonly linked: boolean;
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
  readonly path: Path;
  /** Base32 id of that member; null where it is not relayed. */
  readonly relay: string | null;
  readonly relayName: string;
  /** Why no hole through the routers leads to it, where it is relayed; null while that is tried, or about to be. */
  readonly punchFailure: PunchFailure | null;
  /** What it may do; null where it is not known as a member here. */
  readonly role: Role | null;
  /** Null until measured. */
  readonly roundTripMs: number | null;
  /** When the link opened, ms since 1970. */
  readonly sinceMs: number;
  /** Whether its digest and frontier equal ours. */
  readonly inSync: boolean;
  /** Transactions that this peer lacks of what it holds; null while that is not known. */
  readonly missingHere: number | null;
  /** Transactions that it lacks of what this peer holds; null while that is not known. */
  readonly missingThere: number | null;
  /** Bytes a second over the last seconds; null where no time was given. */
  readonly sentPerS: number | null;
  readonly receivedPerS: number | null;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** What waits to be sent; a peer that takes nothing lets it grow to a bound. */
  readonly queuedBytes: number;
}

/** Somebody who has connected, and is not known as a member. */
export interface DoorView {
  /** Base32 id. */
  readonly peer: string;
  readonly address: string;
  /** It has yet to say what it wants, or was shown the grant of its ticket. */
  readonly stage: "waiting" | "joining";
  /** When it connected, ms since 1970. */
  readonly sinceMs: number;
}

/** How far the history is final, how far it has been let go, and what holds that back. */
export interface CompactionView {
  /** How long what was replaced is kept; Infinity for ever. */
  readonly historyMs: number;
  /** When the last final checkpoint was written, ms since 1970; null before the first. */
  readonly finalAtMs: number | null;
  /** When the final checkpoint was written up to which this peer let go what is dead; null before the first. */
  readonly compactedAtMs: number | null;
  /** Whether this peer has settled what it holds by the last final one, and lets nothing go just now. */
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
  /** Members that it is not linked with and that are not known to be away, in a space too large for links between all. */
  readonly others: number;
  /** Those of them that are known to be here. */
  readonly elsewhere: readonly ElsewhereView[];
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
  /** How others see and reach this peer. */
  readonly reach: ReachView;
  /** What is known of UDP here, and of attempts to open routers. */
  readonly punch: PunchView;
  readonly messages: MessageCounts;
  /** What this peer carries for others. */
  readonly relay: RelayCounts;
  /** How it stands with the relay that is no member; null where none is used. */
  readonly publicRelay: PublicRelayView | null;
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
  /** The position behind what was told so far; null while a removal is under way, of which more is to be told. */
  position(): string | null;
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
  /** Where members showed that this peer can be dialled, `host:port`, besides where it listens. */
  readonly provenAddresses: readonly string[];
  /** Whether this peer is a member of a space, and has received so much of it that it knows. */
  readonly isMember: boolean;
  members(): MemberView[];
  /** The invites that may be redeemed now, the newest first. */
  invites(wallMs: number): InviteView[];
  /** Who was a member and is none any more, the latest first. */
  removed(): RemovedView[];
  /** @param wallMs what time it is, for the rates. */
  peers(wallMs?: number): PeerView[];
  /** Who is at the door, the first to come first. */
  door(): DoorView[];
  status(): StatusView;
  /** Who used a number of their history twice. */
  forks(): ForkView[];
  /** A check of everything on disk. @param structure whether SQLite's own structure is checked too, in one go. */
  check(structure: boolean): StoreCheck;
  /** `synced` of the status, without the digest that a status has, which costs much while data come in. */
  synced(): boolean;
  /** A reader of the messages on a topic and below it, from now on (see `takesTopic`). */
  subscribe(filter: string): PostReader;
}
