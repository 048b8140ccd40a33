import type { PeerEvent } from "../base/event.ts";
import type { JsonObject } from "./client.ts";
import { escapeText } from "./escape.ts";
import { eventText } from "./events.ts";
import { numberField, textField } from "./fields.ts";
import { formatCalled, formatCount } from "./format.ts";

/** What is told of members whenever it happens. */
const TOLD_OF_MEMBERS: ReadonlySet<unknown> = new Set(["joined", "removed", "left", "gone", "back", "refused"]);
/** Events that come often, are no matter for a person at the prompt, or are told as news of members. */
const UNTOLD: ReadonlySet<string> = new Set(["link_opened", "link_closed", "link_refused", "connection_refused"]);

/** What a person at the prompt should hear of: the differences of two answers of `GET /v1/status`. */
export function newsBetween(before: JsonObject, after: JsonObject): string[] {
  const news: string[] = [];
  if (after.left === true && before.left !== true) {
    const remover = after.removed_by as JsonObject | null | undefined;
    news.push(remover ? `${called(remover)} removed this peer from the space` : "this peer has left the space");
  }
  const conflicts = (numberField(after, "conflicts") ?? 0) - (numberField(before, "conflicts") ?? 0);
  if (conflicts > 0) news.push(`${formatCount(conflicts, "new conflict")}; 'conflicts' lists them`);
  return news;
}

/** What a person at the prompt hears of members. That one is linked is told once: links break and come back. */
export class MemberNews {
  /** Ids of those who were linked. */
  readonly #met: Set<string>;

  /** @param met ids of those who are linked already. */
  constructor(met: Iterable<string>) {
    this.#met = new Set(met);
  }

  /** A line for an event of `GET /v1/events`; null for one that is not told. */
  line(event: JsonObject): string | null {
    const peer = textField(event, "peer");
    const isFirstLink = event.event === "linked" && !this.#met.has(peer);
    if (isFirstLink) this.#met.add(peer);
    return isFirstLink || TOLD_OF_MEMBERS.has(event.event) ? eventText(event) : null;
  }
}

/** An event as a line for people; null for one that is not worth a line. */
export function eventLine(event: PeerEvent): string | null {
  if (UNTOLD.has(event.name) || event.level === "debug" || event.level === "info") return null;
  const fields = Object.entries(event.fields ?? {}).map(([name, value]) => `${name} ${escapeText(String(value))}`);
  const reason = event.reason === undefined ? "" : `: ${escapeText(event.reason)}`;
  const more = fields.length === 0 ? "" : ` (${fields.join(", ")})`;
  return `${event.name.replaceAll("_", " ")}${reason}${more}`;
}

function called(peer: JsonObject): string {
  return formatCalled(textField(peer, "name"), textField(peer, "peer"));
}
