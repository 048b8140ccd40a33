import { toBase32 } from "../base/base32.ts";
import { KithError } from "../base/errors.ts";
import { MAX_INVITE_USES, MAX_MEMBERSHIP_ACTS } from "../base/limits.ts";
import { SigningKey } from "../crypto/sign.ts";
import { versionText } from "../data/version_text.ts";
import { type Act, versionKey } from "../space/acts.ts";
import { grantMac, NO_MAC } from "../space/grant.ts";
import type { Membership, Standing } from "../space/membership.ts";
import type { Grant } from "../wire/operation.ts";
import { checkGrantedPrefix } from "./granted_prefix.ts";
import type { LocalWriter } from "./local_writes.ts";
import type { Request } from "./machine.ts";
import type { InviteView } from "./reads.ts";
import type { SpaceState } from "./space_state.ts";

const TICKET_DERIVATION = 1;

/** The invites of a space: making them, and listing those that may still be redeemed. */
export class Invites {
  readonly #membership: Membership;
  readonly #space: SpaceState;

  constructor(parts: { readonly membership: Membership; readonly space: SpaceState }) {
    this.#membership = parts.membership;
    this.#space = parts.space;
  }

  /**
   * Grants an invite, and keeps its secret so that it can be shown again.
   *
   * @param standing under which it is granted, an admin's.
   * @throws {KithError} `not_allowed`, `invite_unusable`, `grant_unusable`.
   */
  make(
    request: Extract<Request, { type: "invite" }>,
    standing: Standing,
    space: Uint8Array,
    writer: LocalWriter,
    wallMs: number,
  ): InviteView {
    const { prefix = standing.prefix } = request;
    this.#check(request);
    checkGrantedPrefix(prefix, standing);
    const made = writer.writeMembership((place) => {
      const grant: Grant = {
        kind: "grant",
        subjectKind: "invite",
        subject: SigningKey.fromSeed(request.keys.inviteSeed).publicKey,
        role: request.role,
        prefix,
        expiresMs: Math.floor(request.expiresMs),
        standingExpiresMs: Math.floor(request.memberExpiresMs ?? 0),
        uses: request.uses,
        derivation: TICKET_DERIVATION,
        mac: NO_MAC,
      };
      return [{ ...grant, mac: grantMac(request.keys.macKey, space, grant, place) }];
    }, wallMs);
    const good = this.#space.invites.filter(({ grant }) => {
      const act = this.#membership.grant(grant);
      return act !== null && this.#membership.isOpen(act, wallMs);
    });
    const grant = { transaction: made.id, index: 0 };
    this.#space.invites = [...good, { grant, secret: request.secret, lanKey: request.keys.tagKey }];
    return this.#viewOf(this.#membership.grant(grant) as Act<Grant>, request.secret);
  }

  /** The invites that may be redeemed now, the newest first, whoever made them. */
  open(wallMs: number): InviteView[] {
    const secrets = new Map(this.#space.invites.map(({ grant, secret }) => [versionKey(grant), secret]));
    return this.#membership.invites().filter((act) => this.#membership.isOpen(act, wallMs))
      .map((act) => this.#viewOf(act, secrets.get(versionKey(act.version)) ?? null));
  }

  #viewOf(act: Act<Grant>, secret: Uint8Array | null): InviteView {
    const { role, prefix, uses, expiresMs, standingExpiresMs } = act.operation;
    return {
      invite: versionText(act.version),
      role,
      prefix,
      uses,
      usesLeft: uses - this.#membership.redeemsOf(act.version).length,
      expiresMs,
      memberExpiresMs: standingExpiresMs,
      madeBy: toBase32(act.peer),
      madeAtMs: act.timeMs,
      secret,
    };
  }

  #check({ uses }: Extract<Request, { type: "invite" }>): void {
    const unusable = (detail: string) => new KithError("invite_unusable", { detail });
    if (!(uses >= 1 && uses <= MAX_INVITE_USES)) throw unusable(`it can be used 1 to ${MAX_INVITE_USES} times`);
    if (this.#membership.countedActs >= MAX_MEMBERSHIP_ACTS) {
      throw unusable("this space has had as many invites and members as it may");
    }
  }
}
