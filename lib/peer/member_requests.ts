import { fromBase32, toBase32 } from "../base/base32.ts";
import { equal } from "../base/bytes.ts";
import { KithError } from "../base/errors.ts";
import type { PeerEvent } from "../base/event.ts";
import { LIST_PAGE_ENTRIES, MAX_NAMED_HEADS } from "../base/limits.ts";
import type { Identity } from "../crypto/identity.ts";
import { versionText } from "../data/version_text.ts";
import { NO_MAC } from "../space/grant.ts";
import type { Membership, Standing } from "../space/membership.ts";
import type { UndoneVersion } from "../store/rows.ts";
import type { Store } from "../store/store.ts";
import type { Frontier } from "../wire/frontier.ts";
import type { Grant, SealedSecret } from "../wire/operation.ts";
import { compareStamps, compareVersionIds } from "../wire/transaction.ts";
import type { Epochs } from "./epochs.ts";
import { checkGrantedPrefix } from "./granted_prefix.ts";
import type { LocalWriter } from "./local_writes.ts";
import type { Request, Role } from "./machine.ts";
import type { MemberView } from "./reads.ts";
import { isAbbreviation, memberCalled, memberLabel } from "./member_names.ts";

/** What requests about members work upon. */
export interface MemberRequestParts {
  readonly identity: Identity;
  readonly store: Store;
  readonly membership: Membership;
  readonly epochs: Epochs;
  readonly writer: LocalWriter;
  /** What this peer may do now; null when it is no member. */
  readonly standing: () => Standing | null;
  /** Who is a member, as people call them. */
  readonly members: () => readonly MemberView[];
  readonly emit: (event: PeerEvent) => void;
}

const POWERS: readonly Role[] = ["reader", "writer", "admin"];

/** What local people ask for about members: other roles, removals, and taking in again what a removal undid. */
export class MemberRequests {
  readonly #parts: MemberRequestParts;

  constructor(parts: MemberRequestParts) {
    this.#parts = parts;
  }

  /** What this peer may do. @throws {KithError} `left_space`, `removed_from_space` where it is no member any more. */
  memberStanding(): Standing {
    const standing = this.#parts.standing();
    if (standing !== null) return standing;
    const { membership, identity } = this.#parts;
    const end = membership.endOf(identity.peerId);
    if (end === null || equal(end.peer, identity.peerId)) throw new KithError("left_space");
    const by = toBase32(end.peer);
    const name = this.#parts.members().find(({ peer }) => peer === by)?.name ?? "";
    throw new KithError("removed_from_space", { by: memberLabel(by, name) });
  }

  /** The same, for what admins alone may do. @throws {KithError} `not_allowed` with `detail`. */
  adminStanding(detail: string): Standing {
    const standing = this.memberStanding();
    if (standing.role !== "admin") throw new KithError("not_allowed", { detail });
    return standing;
  }

  /**
   * Gives a member another role. Where that takes something from it, what it had ends first: the last word counts.
   *
   * @throws {KithError} `member_unknown`, `member_ambiguous`, `grant_unusable`, `not_allowed`, ….
   */
  grant(request: Extract<Request, { type: "grant" }>, wallMs: number): void {
    const { store, writer, emit } = this.#parts;
    const { role, prefix } = request;
    const expiresMs = Math.floor(request.expiresMs);
    const standing = this.adminStanding("only an admin can give a role");
    checkGrantedPrefix(prefix, standing);
    if (expiresMs !== 0 && expiresMs <= wallMs) throw new KithError("grant_unusable", { detail: "its time is over" });
    const member = memberCalled(this.#parts.members(), request.peer);
    if (member.self) throw new KithError("grant_unusable", { detail: "it is for this very peer; another admin can" });
    const peer = fromBase32(member.peer);
    const narrows = POWERS.indexOf(role) < POWERS.indexOf(member.role) || !member.prefix.startsWith(prefix) ||
      member.expiresMs !== expiresMs;
    store.begin();
    // It stays a member, and so does the epoch.
    if (narrows) this.#end(peer, null, wallMs, []);
    const grant: Grant = {
      ...{ kind: "grant", subjectKind: "peer", subject: peer, role, prefix },
      ...{ expiresMs: 0, standingExpiresMs: expiresMs, uses: 1, derivation: 0, mac: NO_MAC },
    };
    writer.writeMembership(() => [grant], wallMs);
    emit({ name: "role_granted", level: "info", fields: { peer: member.peer, role, prefix } });
  }

  /**
   * Removes a member: what it did that this peer has not seen is undone everywhere. One whose time is over is only ended.
   *
   * @throws {KithError} `member_unknown`, `member_ambiguous`, `not_allowed`, ….
   */
  revoke(name: string, wallMs: number): void {
    const { store, emit } = this.#parts;
    this.adminStanding("only an admin can remove a member");
    const member = memberCalled(this.#parts.members(), name);
    if (member.self) throw new KithError("not_allowed", { detail: "to go itself, it leaves ('kith leave')" });
    const peer = fromBase32(member.peer);
    const isOver = member.expiresMs !== 0 && member.expiresMs <= wallMs;
    store.begin();
    this.#end(peer, isOver ? null : this.#seenOf(peer), wallMs);
    emit({ name: "member_revoked", level: "warning", reason: "by_hand", fields: { peer: member.peer } });
  }

  /** Ends a member whose time is over, or once more one that has left, and begins a new epoch; nothing is undone. */
  end(peer: Uint8Array, reason: "expired" | "left", wallMs: number): void {
    this.#parts.store.begin();
    this.#end(peer, null, wallMs);
    const level = reason === "left" ? "info" : "warning";
    this.#parts.emit({ name: "member_revoked", level, reason, fields: { peer: toBase32(peer) } });
  }

  /** Closes an invite. @throws {KithError} `invite_unknown`, `invite_ambiguous`, `not_allowed`, …. */
  revokeInvite(text: string, wallMs: number): void {
    const { store, membership, writer, emit } = this.#parts;
    this.adminStanding("only an admin can close an invite");
    const all = membership.invites().filter(({ version }) => !membership.isClosed(version));
    const fitting = all.filter(({ version }) => isAbbreviation(versionText(version), text));
    const [invite] = fitting;
    if (invite === undefined) throw new KithError("invite_unknown", { invite: text });
    if (fitting.length > 1) throw new KithError("invite_ambiguous", { invite: text });
    store.begin();
    const target = { kind: "invite", grant: invite.version } as const;
    writer.writeMembership(() => [{ kind: "revoke", target, frontier: null, sealed: [] }], wallMs);
    emit({ name: "invite_closed", level: "info", fields: { invite: versionText(invite.version) } });
  }

  /**
   * Puts again, in this peer's own name, what a removal undid.
   *
   * @param keys null for all.
   * @returns the versions written.
   * @throws {KithError} `not_undone`, and what a write may throw.
   */
  readopt(keys: readonly string[] | null, wallMs: number): (string | null)[] {
    const { store, writer } = this.#parts;
    this.memberStanding();
    store.begin();
    const wanted = keys === null ? null : new Set(keys);
    const byKey = Map.groupBy(this.#undone(wanted), ({ key }) => key);
    for (const key of wanted ?? []) if (!byKey.has(key)) throw new KithError("not_undone", { key });
    const versions = [...byKey.values()].map((undone) => {
      undone.sort((a, b) => compareStamps(b.stamp, a.stamp) || compareVersionIds(b.versionId, a.versionId));
      return writer.readopt(undone, wallMs);
    });
    writer.flush(wallMs);
    return versions.flat();
  }

  *#undone(keys: ReadonlySet<string> | null): Generator<UndoneVersion> {
    const { store } = this.#parts;
    for (let page = store.undoing.list(0, LIST_PAGE_ENTRIES); page.length > 0;) {
      for (const undone of page) if (keys === null || keys.has(undone.key)) yield undone;
      page = store.undoing.list((page.at(-1) as UndoneVersion).row, LIST_PAGE_ENTRIES);
    }
  }

  #end(
    peer: Uint8Array,
    frontier: Frontier | null,
    wallMs: number,
    sealed: readonly SealedSecret[] = this.#parts.epochs.renewed(peer),
  ): void {
    const { writer } = this.#parts;
    const heads = (frontier ?? []).flatMap(({ heads }) => heads.map(({ id }) => id));
    const target = { kind: "peer", peer } as const;
    writer.writeMembership(() => [{ kind: "revoke", target, frontier, sealed }], wallMs, heads);
  }

  /** What this peer has seen of another: the heads of all its stores. Of more than a revoke can name, the first. */
  #seenOf(peer: Uint8Array): Frontier {
    let left = MAX_NAMED_HEADS;
    return this.#parts.store.frontier().filter(({ writer }) => equal(writer.peer, peer)).flatMap(
      ({ writer, heads }) => {
        const named = heads.slice(0, left);
        left -= named.length;
        return named.length === 0 ? [] : [{ writer, heads: named }];
      },
    );
  }
}
