import { type JsonObject } from "./client.ts";
import { type Context, EXIT_OK } from "./context.ts";
import { numberField, objectsOf, textField } from "./fields.ts";
import { formatAge, formatDuration, formatName, formatSize, formatTable, shortId } from "./format.ts";
import { scopeText } from "./scope.ts";
import type { Output } from "./output.ts";

/** `peers`. */
export async function peers(context: Context): Promise<number> {
  const answer = await (await context.needRunningPeer()).object("GET", "/v1/peers", { signal: context.signal });
  const linked = objectsOf(answer, "peers");
  if (context.output.json) {
    for (const peer of linked) context.output.object(peer);
    return EXIT_OK;
  }
  if (linked.length === 0) context.output.words("No peer is linked.");
  const nowMs = context.console.nowMs();
  printTable(
    context.output,
    ["name", "peer", "address", "path", "round trip", "since", "sent", "received", "in sync"],
    [
      ...linked.map((peer) => [
        formatName(textField(peer, "name")),
        shortId(textField(peer, "peer")),
        textField(peer, "address"),
        textField(peer, "path"),
        roundTrip(peer),
        formatAge(numberField(peer, "since") ?? nowMs, nowMs),
        formatSize(numberField(peer, "sent") ?? 0),
        formatSize(numberField(peer, "received") ?? 0),
        peer.in_sync === true ? "yes" : "no",
      ]),
    ],
  );
  return EXIT_OK;
}

/** `members`. */
export async function members(context: Context): Promise<number> {
  const { output, flags, signal } = context;
  const query = { all: flags.on("all") };
  const answer = await (await context.peer()).object("GET", "/v1/members", { query, signal });
  const all = [...objectsOf(answer, "members"), ...objectsOf(answer, "removed")];
  if (output.json) {
    for (const member of all) output.object(member);
    return EXIT_OK;
  }
  const nowMs = context.console.nowMs();
  printTable(
    output,
    ["name", "peer", "role", "writes", "by", "since", "until", "now"],
    all.map((member) => "state" in member ? goneRow(member, nowMs) : memberRow(member, nowMs)),
  );
  return EXIT_OK;
}

function memberRow(member: JsonObject, nowMs: number): string[] {
  return [
    formatName(textField(member, "name")),
    shortId(textField(member, "peer")),
    textField(member, "role"),
    scopeText(member),
    byText(member),
    formatAge(numberField(member, "since") ?? nowMs, nowMs),
    endText(numberField(member, "expires"), nowMs),
    presenceText(member, nowMs),
  ];
}

/** Who is no member any more: when that came about stands where others have since when they are. */
function goneRow(member: JsonObject, nowMs: number): string[] {
  const goneAge = formatAge(numberField(member, "time") ?? nowMs, nowMs);
  return [
    formatName(textField(member, "name")),
    shortId(textField(member, "peer")),
    textField(member, "state"),
    "",
    byText(member),
    goneAge,
    "",
    "",
  ];
}

function byText(member: JsonObject): string {
  return formatName(textField(member, "by_name")) || shortId(textField(member, "by")) || "-";
}

function endText(endMs: number | null, nowMs: number): string {
  if (endMs === null || endMs === 0) return "-";
  return endMs <= nowMs ? "over" : formatAge(endMs, nowMs);
}

function presenceText(member: JsonObject, nowMs: number): string {
  if (member.self === true) return "this peer";
  if (member.online === true) return "linked";
  const seenMs = numberField(member, "last_seen");
  return seenMs === null ? "not seen yet" : `away, seen ${formatAge(seenMs, nowMs)}`;
}

/** `ping PEER`. */
export async function ping(context: Context): Promise<number> {
  const peer = await context.needRunningPeer();
  for (let left = context.flags.number("count") ?? 1; left > 0; left--) {
    const answer = await peer.object("POST", "/v1/ping", {
      json: { peer: context.args[0] as string },
      signal: context.signal,
    });
    if (context.output.json) context.output.object(answer);
    else context.output.line(`${formatDuration(numberField(answer, "round_trip_ms") ?? 0)}`);
  }
  return EXIT_OK;
}

/** Prints rows below dimmed headings; nothing when there are none. */
export function printTable(output: Output, headings: readonly string[], rows: readonly (readonly string[])[]): void {
  if (rows.length === 0) return;
  const [heading, ...lines] = formatTable([headings, ...rows], output.columns);
  output.lines([output.dim(heading as string), ...lines]);
}

function roundTrip(peer: JsonObject): string {
  const measuredMs = numberField(peer, "round_trip_ms");
  return measuredMs === null ? "-" : formatDuration(measuredMs);
}
