import type { Client, JsonObject } from "./client.ts";
import { type Context, EXIT_OK } from "./context.ts";
import { calledText, eventText, followEvents } from "./events.ts";
import { escapeText } from "./escape.ts";
import { numberField, objectsOf, textField } from "./fields.ts";
import {
  cutToWidth,
  formatAge,
  formatBriefSize,
  formatCalled,
  formatDuration,
  formatName,
  formatTable,
  shortId,
} from "./format.ts";
import { awayText, othersText, printTable } from "./people.ts";
import { noHoleText } from "./punch.ts";

/** How often the live view is drawn anew, besides with each event. */
const REDRAW_MS = 1000;
/** The events that it shows, the latest last. */
const SHOWN_EVENTS = 8;
/** Rows for a list that is cut to what the screen holds. */
const MIN_ROWS = 8;
const HEADINGS = ["name", "in sync", "path", "trip", "since", "in/s", "out/s", "in", "out"];

/** `peers`. */
export async function peers(context: Context): Promise<number> {
  const { output, flags, signal } = context;
  const peer = await context.needRunningPeer();
  if (flags.on("watch")) {
    return output.isTerminal && !output.json ? await watchPeers(context, peer) : await followEvents(context, Infinity);
  }
  const answer = await peer.object("GET", "/v1/peers", { signal });
  const linked = objectsOf(answer, "peers");
  if (output.json) {
    for (const peer of linked) output.object(peer);
    return EXIT_OK;
  }
  if (linked.length === 0) output.words("No peer is linked.");
  const nowMs = context.console.nowMs();
  printTable(output, HEADINGS, peerRows(linked, nowMs));
  output.lines(otherLines(answer, nowMs));
  return EXIT_OK;
}

/** Draws who is linked, who is away, who is at the door and what happened last, again and again in place. */
async function watchPeers(context: Context, peer: Client): Promise<number> {
  const { output, console, signal } = context;
  const happened: JsonObject[] = [];
  let changed = Promise.withResolvers<void>();
  let isOver = false;
  const following = (async () => {
    for await (const event of peer.objects("GET", "/v1/events", { signal })) {
      if (event.event === "watching") continue;
      happened.push(event);
      if (happened.length > SHOWN_EVENTS) happened.shift();
      changed.resolve();
    }
  })().finally(() => {
    isOver = true;
    changed.resolve();
  });
  // It is told once the view ends.
  following.catch(() => {});
  let drawnRows = 0;
  while (!isOver && !signal.aborted) {
    changed = Promise.withResolvers();
    const answer = await peer.object("GET", "/v1/peers", { signal });
    const rows = console.rows() - 1;
    const lines = screenLines(answer, happened, console.nowMs(), rows, output.columns);
    const [heading = "", ...rest] = lines;
    const back = drawnRows === 0 ? "" : `\x1b[${drawnRows}A\x1b[J`;
    output.line(back + [output.dim(heading), ...rest].join("\n"));
    drawnRows = lines.length;
    const timer = setTimeout(changed.resolve, REDRAW_MS);
    await changed.promise;
    clearTimeout(timer);
  }
  await following;
  output.words("The peer has stopped.");
  return EXIT_OK;
}

/** The lines of the live view, at most `rows` of them: what happened goes first where there is no room, then peers. */
function screenLines(
  answer: JsonObject,
  happened: readonly JsonObject[],
  nowMs: number,
  rows: number,
  columns: number,
): string[] {
  const linked = objectsOf(answer, "peers");
  const table = formatTable([HEADINGS, ...peerRows(linked, nowMs)], columns);
  const others = otherLines(answer, nowMs);
  const events = happened.map((event) =>
    `${formatAge(numberField(event, "time") ?? nowMs, nowMs)}: ${eventText(event)}`
  );
  const room = Math.max(MIN_ROWS, rows) - Math.min(others.length, 4) - (events.length === 0 ? 0 : 3);
  const lines = [...cutList(table, room), ...cutList(others, 4)];
  const left = Math.max(MIN_ROWS, rows) - lines.length - 1;
  if (events.length > 0 && left > 0) lines.push("", ...events.slice(-left));
  return lines.map((line) => cutToWidth(line, columns));
}

function cutList(lines: readonly string[], room: number): readonly string[] {
  if (lines.length <= room) return lines;
  return [...lines.slice(0, Math.max(1, room - 1)), `… and ${lines.length - Math.max(1, room - 1)} more`];
}

function peerRows(linked: readonly JsonObject[], nowMs: number): string[][] {
  const names = Map.groupBy(linked, (peer) => textField(peer, "name"));
  return linked.map((peer) => {
    const name = textField(peer, "name");
    const isAlone = name !== "" && names.get(name)?.length === 1;
    return [
      isAlone ? formatName(name) : calledText(peer),
      syncText(peer),
      pathText(peer),
      tripText(peer),
      formatDuration(Math.max(0, nowMs - (numberField(peer, "since") ?? nowMs))),
      ...["received_per_s", "sent_per_s", "received", "sent"].map((name) =>
        formatBriefSize(numberField(peer, name) ?? 0)
      ),
    ];
  });
}

/** How a linked peer is reached; one through another member with its name. */
export function pathText(peer: JsonObject): string {
  const path = escapeText(textField(peer, "path"));
  const relay = textField(peer, "relay");
  return relay === "" ? path : `${path} by ${formatCalled(textField(peer, "relay_name"), relay)}`;
}

/** Whether both hold the same, else how many transactions which of them lacks. */
function syncText(peer: JsonObject): string {
  if (peer.in_sync === true) return "yes";
  const here = numberField(peer, "missing_here");
  const there = numberField(peer, "missing_there");
  const parts = [
    here === null || here === 0 ? [] : `lacking ${here}`,
    there === null || there === 0 ? [] : `it lacks ${there}`,
  ].flat();
  if (parts.length > 0) return parts.join(", ");
  return here === null || there === null ? "unknown" : "soon";
}

function tripText(peer: JsonObject): string {
  const measuredMs = numberField(peer, "round_trip_ms");
  return measuredMs === null ? "-" : formatDuration(measuredMs);
}

/** Why no holes lead to whom, how many members are linked with others alone, who is away, who is at the door, and each that is linked with others. */
function otherLines(answer: JsonObject, nowMs: number): string[] {
  const here = objectsOf(answer, "elsewhere").map((member) => {
    const heard = formatAge(numberField(member, "heard") ?? nowMs, nowMs);
    const by = formatCalled(textField(member, "by_name"), textField(member, "by"));
    const inSync = member.in_sync === true ? ", in sync" : "";
    return `here: ${calledText(member)}${inSync}, heard ${heard} by way of ${by}`;
  });
  const relayed = objectsOf(answer, "peers").flatMap((peer) => {
    const why = noHoleText(peer);
    return why === null ? [] : [`no hole leads to ${calledText(peer)}: ${why}`];
  });
  const away = objectsOf(answer, "absent").map((member) => `away: ${calledText(member)}, ${awayText(member, nowMs)}`);
  const door = objectsOf(answer, "door").map((stranger) => {
    const since = formatAge(numberField(stranger, "since") ?? nowMs, nowMs);
    const from = escapeText(textField(stranger, "address"));
    return `at the door: ${shortId(textField(stranger, "peer"))}, ${escapeText(textField(stranger, "stage"))}, ` +
      `from ${from}, came ${since}`;
  });
  return [relayed, othersText(answer) ?? [], away, door, here].flat();
}
