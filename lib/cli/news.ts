import type { PeerEvent } from "../base/event.ts";
import type { JsonObject } from "./client.ts";
import { escapeText } from "./escape.ts";
import { numberField, objectsOf, textField } from "./fields.ts";
import { formatCalled, formatCount } from "./format.ts";

/** Events that come often, are no matter for a person at the prompt, or are told by `newsBetween`. */
const UNTOLD: ReadonlySet<string> = new Set(["link_opened", "link_closed", "link_refused", "connection_refused"]);

/** What a person at the prompt should hear of: the differences of two answers of `GET /v1/status`. */
export function newsBetween(before: JsonObject, after: JsonObject): string[] {
  const news: string[] = [];
  const linkedBefore = byId(before);
  const linkedAfter = byId(after);
  const joined = (numberField(after, "members") ?? 0) - (numberField(before, "members") ?? 0);
  if (joined > 0) news.push(`${formatCount(joined, "new member")} in the space`);
  if (joined < 0) news.push(`${formatCount(-joined, "member")} less in the space; 'members --all' says who is gone`);
  if (after.left === true && before.left !== true) {
    const remover = after.removed_by as JsonObject | null | undefined;
    news.push(remover ? `${called(remover)} removed this peer from the space` : "this peer has left the space");
  }
  for (const [id, peer] of linkedAfter) {
    if (!linkedBefore.has(id)) news.push(`linked with ${called(peer)} at ${escapeText(textField(peer, "address"))}`);
  }
  for (const [id, peer] of linkedBefore) {
    if (!linkedAfter.has(id)) news.push(`lost the link to ${called(peer)}`);
  }
  const conflicts = (numberField(after, "conflicts") ?? 0) - (numberField(before, "conflicts") ?? 0);
  if (conflicts > 0) news.push(`${formatCount(conflicts, "new conflict")}; 'conflicts' lists them`);
  return news;
}

/** An event as a line for people; null for one that is not worth a line. */
export function eventLine(event: PeerEvent): string | null {
  if (UNTOLD.has(event.name) || event.level === "debug" || event.level === "info") return null;
  const fields = Object.entries(event.fields ?? {}).map(([name, value]) => `${name} ${escapeText(String(value))}`);
  const reason = event.reason === undefined ? "" : `: ${escapeText(event.reason)}`;
  const more = fields.length === 0 ? "" : ` (${fields.join(", ")})`;
  return `${event.name.replaceAll("_", " ")}${reason}${more}`;
}

function byId(status: JsonObject): Map<string, JsonObject> {
  return new Map(objectsOf(status, "peers").map((peer) => [textField(peer, "peer"), peer]));
}

function called(peer: JsonObject): string {
  return formatCalled(textField(peer, "name"), textField(peer, "peer"));
}
