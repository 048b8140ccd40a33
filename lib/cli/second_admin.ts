import type { Client, JsonObject } from "./client.ts";
import type { Context } from "./context.ts";
import { numberField, objectsOf, textField } from "./fields.ts";
import { shortId } from "./format.ts";

/** A name that is one word in every shell. */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** The hint for a person at a terminal. @param status as `GET /v1/status` answers. @returns null where there is none. */
export async function secondAdminHint(
  { output, console, signal }: Context,
  client: Client,
  status: JsonObject,
): Promise<string | null> {
  if (!output.isTerminal || (numberField(status, "members") ?? 0) < 2) return null;
  const members = objectsOf(await client.object("GET", "/v1/members", { signal }), "members");
  return secondAdminLine(members, console.nowMs());
}

/**
 * What to do about a space whose only admin is this peer, since nobody could let in or remove once it is lost. A member
 * that is here already is proposed, one that may write before one that only reads.
 *
 * @param members as `GET /v1/members` lists them.
 * @returns one line; null where there is another admin, nobody to become one, or this peer is none.
 */
export function secondAdminLine(members: readonly JsonObject[], nowMs: number): string | null {
  const lasting = members.filter((member) => {
    const expiresMs = numberField(member, "expires") ?? 0;
    return expiresMs === 0 || expiresMs > nowMs;
  });
  const admins = lasting.filter(({ role, prefix }) => role === "admin" && prefix === "");
  const others = lasting.filter(({ self }) => self !== true);
  const proposed = others.find(({ role }) => role !== "reader") ?? others[0];
  if (proposed === undefined || admins.length !== 1 || admins[0]?.self !== true) return null;
  return `This peer is the only admin; a second one:   kith grant ${callable(proposed, members)} --role admin`;
}

/** How a member is named in a command: by its name where that is a plain word and nobody else's, else by its id. */
function callable(member: JsonObject, members: readonly JsonObject[]): string {
  const name = textField(member, "name");
  const isOnly = members.filter((other) => other.name === name).length === 1;
  return PLAIN_NAME.test(name) && isOnly ? name : shortId(textField(member, "peer"));
}
