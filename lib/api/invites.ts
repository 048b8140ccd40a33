import { KithError } from "../base/errors.ts";
import type { HostApi } from "../host/host_api.ts";
import type { Role } from "../peer/machine.ts";
import type { InviteView } from "../peer/reads.ts";
import { newTicketSecret, ticketText, ticketWords } from "../space/ticket.ts";
import { accepted, type Fields } from "./answer.ts";
import { numberField, textField } from "./body.ts";
import { doerFields, memberNames } from "./entries.ts";

/** How long a ticket is good unless it is said. */
const TICKET_FOR_MS = 24 * 60 * 60 * 1000;
const ROLES: readonly string[] = ["reader", "writer", "admin"] satisfies Role[];

/**
 * Makes a ticket. Fields: role (default: writer), prefix (what the keys begin with that it lets write; default: as for
 * this peer), uses (default: 1), forMs (how long the ticket is good; default: 24 hours; 0: for ever), memberForMs
 * (how long from now who comes in is a member; default: 0, for ever).
 */
export async function invite(host: HostApi, fields: Fields): Promise<Fields> {
  const role = roleField(fields) ?? "writer";
  const prefix = textField(fields, "prefix");
  const nowMs = host.nowMs();
  const memberExpiresMs = endOf(numberField(fields, "memberForMs") ?? 0, nowMs);
  const ticketExpiresMs = endOf(numberField(fields, "forMs") ?? TICKET_FOR_MS, nowMs);
  // Who came in later would be no member any more.
  const expiresMs = Math.min(ticketExpiresMs || Infinity, memberExpiresMs || Infinity);
  const secret = newTicketSecret(host.random);
  const made = accepted(
    await host.request({
      type: "invite",
      keys: await host.ticketKeys(secret),
      secret,
      role,
      uses: numberField(fields, "uses") ?? 1,
      expiresMs: expiresMs === Infinity ? 0 : expiresMs,
      memberExpiresMs,
      ...(prefix === undefined ? {} : { prefix }),
    }),
  );
  return inviteFields(host, made.invite as InviteView, memberNames(host));
}

/** The tickets that are still good: all that the space knows of, but the words only of those that were made here. */
export function openInvites(host: HostApi): Fields {
  const names = memberNames(host);
  return { invites: host.peer.invites(host.nowMs()).map((view) => inviteFields(host, view, names)) };
}

/** A role in an object; undefined where it is absent. @throws {KithError} `bad_request`. */
export function roleField(fields: Fields): Role | undefined {
  const role = textField(fields, "role");
  if (role === undefined || ROLES.includes(role)) return role as Role | undefined;
  throw new KithError("bad_request", { detail: `'role' must be one of ${ROLES.join(", ")}` });
}

/** When a time that lasts so long is over, ms since 1970; 0 for ever, of 0. */
export function endOf(lastsMs: number, nowMs: number): number {
  return lastsMs === 0 ? 0 : nowMs + Math.ceil(lastsMs);
}

function inviteFields(host: HostApi, view: InviteView, names: ReadonlyMap<string, string>): Fields {
  const { invite, role, prefix, uses, usesLeft, expiresMs, memberExpiresMs, madeBy, madeAtMs, secret } = view;
  const spellings = secret === null ? {} : { words: ticketWords(secret), ticket: ticketText(secret, host.addresses) };
  return {
    ...spellings,
    ...{ expires: expiresMs, invite, role, prefix, uses, uses_left: usesLeft, member_until: memberExpiresMs },
    ...{ ...doerFields(madeBy, names), made: madeAtMs },
  };
}
