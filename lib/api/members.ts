import { KithError } from "../base/errors.ts";
import type { HostApi } from "../host/host_api.ts";
import { memberCalled } from "../peer/member_names.ts";
import type { MemberView, RemovedView } from "../peer/reads.ts";
import { accepted, type Fields } from "./answer.ts";
import { numberField, textField } from "./body.ts";
import { doerFields, memberNames } from "./entries.ts";
import { endOf, roleField } from "./invites.ts";

/** Who is in the space. Query: all (also who was: `removed`). */
export function membersFields(host: HostApi, query: URLSearchParams): Fields {
  const names = memberNames(host);
  const members = host.peer.members().map((view) => memberFields(view, names));
  if (query.get("all") !== "1") return { members };
  return { members, removed: host.peer.removed().map((view) => removedFields(view, names)) };
}

/** One member. Query: called (its name, its id or the beginning of it). @throws {KithError} `member_…`. */
export function memberAnswer(host: HostApi, query: URLSearchParams): Fields {
  return memberFields(memberCalled(host.peer.members(), query.get("called") ?? ""), memberNames(host));
}

/**
 * Gives a member another role. Fields: peer (its name, its id or the beginning of it), role, prefix (default: as for
 * this peer), forMs (how long from now it is a member; default: 0, for ever). Answers with the member as it is then.
 */
export async function grant(host: HostApi, fields: Fields): Promise<Fields> {
  const role = roleField(fields);
  if (role === undefined) throw new KithError("bad_request", { detail: "it has no 'role'" });
  const { peer } = memberCalled(host.peer.members(), peerField(fields));
  const own = host.peer.members().find(({ self }) => self);
  const prefix = textField(fields, "prefix") ?? own?.prefix ?? "";
  const expiresMs = endOf(numberField(fields, "forMs") ?? 0, host.nowMs());
  accepted(await host.request({ type: "grant", peer, role, prefix, expiresMs }));
  return memberFields(memberCalled(host.peer.members(), peer), memberNames(host));
}

/** Removes a member, or closes an invite. Fields: peer or invite, each by the beginning of it, a peer by its name too. */
export async function revoke(host: HostApi, fields: Fields): Promise<Fields> {
  const invite = textField(fields, "invite");
  if (invite !== undefined) {
    accepted(await host.request({ type: "revoke_invite", invite }));
    return { closed: true, invite };
  }
  const { peer, name } = memberCalled(host.peer.members(), peerField(fields));
  accepted(await host.request({ type: "revoke", peer }));
  return { removed: true, peer, name };
}

function peerField(fields: Fields): string {
  const peer = textField(fields, "peer");
  if (peer === undefined) throw new KithError("bad_request", { detail: "it has no 'peer'" });
  return peer;
}

function memberFields(view: MemberView, names: ReadonlyMap<string, string>): Fields {
  const { peer, name, role, prefix, expiresMs, sinceMs, grantedBy, lastSeenMs, online, linked, self } = view;
  return {
    ...{ peer, name, role, prefix, expires: expiresMs, since: sinceMs, invited_by: grantedBy },
    ...{ ...doerFields(grantedBy, names), last_seen: lastSeenMs, online, linked, self },
  };
}

function removedFields({ peer, name, kind, by, timeMs }: RemovedView, names: ReadonlyMap<string, string>): Fields {
  return { peer, name, state: kind, ...doerFields(by, names), time: timeMs };
}
