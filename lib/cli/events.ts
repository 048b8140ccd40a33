import { KithError } from "../base/errors.ts";
import type { JsonObject } from "./client.ts";
import { type Context, EXIT_OK } from "./context.ts";
import { escapeText } from "./escape.ts";
import { numberField, textField } from "./fields.ts";
import { formatCalled, formatCount, formatDuration, formatName, shortId } from "./format.ts";
import { noHoleText } from "./punch.ts";
import { reachChangeText } from "./reach.ts";

/** Reasons for which links end, as people say it. */
const REASONS: Readonly<Record<string, string>> = {
  goodbye: "it said goodbye",
  other_neighbours: "in a large space not all are linked, and it has other neighbours now",
  truncated: "the connection broke",
  silent: "nothing is heard from it",
  member_left: "it is no member any more",
  refused_ticket: "its ticket is not good here",
};

/** Follows who joins, leaves, is lost or is back. @param count ends after so many events. */
export async function followEvents(context: Context, count: number): Promise<number> {
  const { output } = context;
  for await (const event of eventsOf(context, count)) {
    if (output.json) output.object(event);
    else output.line(eventText(event));
  }
  return EXIT_OK;
}

/** The events, until there were so many. */
export async function* eventsOf(context: Context, count: number): AsyncGenerator<JsonObject> {
  const { flags, signal } = context;
  const peer = await context.needRunningPeer();
  let left = count;
  for await (const event of peer.objects("GET", "/v1/events", { query: { initial: flags.on("initial") }, signal })) {
    if (event.event === "watching") continue;
    if (event.event === "lagged") throw new KithError("watch_lagged");
    yield event;
    if (--left <= 0) break;
  }
}

/** An event in words, in one line that is safe to show. */
export function eventText(event: JsonObject): string {
  const who = calledText(event);
  const address = escapeText(textField(event, "address"));
  const by = formatCalled(textField(event, "by_name"), textField(event, "by")) || "nobody";
  switch (event.event) {
    case "joined":
      return `${who} joined the space as ${escapeText(textField(event, "role"))}, let in by ${by}`;
    case "removed":
      return `${who} is no member any more: ${removalText(textField(event, "reason"), by)}`;
    case "linked":
      if (textField(event, "by") !== "") return `${who} is linked, relayed by ${by}`;
      return `${who} is linked ${event.path === "punched" ? "through a hole in the routers" : `at ${address}`}`;
    case "path":
      return `${who} is now reached ${pathChangeText(event, by)}`;
    case "punch_failed":
      return `no hole could be punched to ${who}: ${noHoleText(event, "reason") ?? "nobody knows why"}`;
    case "unlinked": {
      const count = numberField(event, "interruptions");
      const more = count === null ? "" : `; so it was ${formatCount(count, "time")} more since that was told last`;
      return `${who} is not linked any more: ${reasonText(event)}${more}`;
    }
    case "left":
      return `${who} left: ${reasonText(event)}`;
    case "gone":
      return `${who} is gone: ${reasonText(event)}${event.by === undefined ? "" : `, as ${by} says`}`;
    case "back":
      return `${who} is back after ${formatDuration(numberField(event, "away_ms") ?? 0)}`;
    case "waiting":
      return `${who} is at the door, from ${address}`;
    case "asking":
      return "somebody on the local network looks for this space with a ticket";
    case "reachability":
      return `how others reach this peer changed: ${reachChangeText(event) ?? "nothing is known of it"}`;
    case "relay_linked":
      return `this peer is linked with the relay at ${address}`;
    case "relay_lost":
      return `this peer is not linked any more with the relay at ${address}: ${reasonText(event)}`;
    case "refused":
      return `${who} was refused at the door, from ${address}: ${reasonText(event)}`;
    default:
      return `${escapeText(String(event.event))}: ${who}`;
  }
}

/** A peer by its name and the beginning of its id, safe to show. */
export function calledText(peer: JsonObject): string {
  const name = formatName(textField(peer, "name"));
  const id = shortId(textField(peer, "peer"));
  return name === "" ? id : `${name} (${id})`;
}

function pathChangeText(event: JsonObject, by: string): string {
  if (event.path === "relayed") return `through ${by}, which relays the link`;
  return event.path === "punched" ? "directly, through a hole in the routers" : "directly";
}

function removalText(reason: string, by: string): string {
  if (reason === "left") return "it left";
  if (reason === "ended") return "its time is over, or its invite was used too often";
  return reason === "undone" ? "who let it in was removed" : `removed by ${by}`;
}

function reasonText(event: JsonObject): string {
  const reason = textField(event, "reason");
  return REASONS[reason] ?? escapeText(reason);
}
