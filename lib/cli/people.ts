import { type JsonObject } from "./client.ts";
import { type Context, EXIT_OK } from "./context.ts";
import { escapeText } from "./escape.ts";
import { numberField, objectsOf, textField } from "./fields.ts";
import { formatAge, formatCalled, formatCount, formatName, formatNumber, formatTable, shortId } from "./format.ts";
import { scopeText } from "./scope.ts";
import type { Output } from "./output.ts";

/** How many members are linked with others alone, in a large space; null where there are none. */
export function othersText(answer: JsonObject): string | null {
  const others = numberField(answer, "others") ?? 0;
  if (others === 0) return null;
  const here = objectsOf(answer, "elsewhere");
  const inSync = here.filter((member) => member.in_sync === true).length;
  const unheard = others - here.length;
  const parts = [
    here.length === 0 ? [] : `${here.length === others ? "all" : formatNumber(here.length)} here`,
    here.length === 0 ? [] : `${inSync === others ? "all" : formatNumber(inSync)} in sync`,
    unheard === 0 ? [] : `nothing heard from ${here.length === 0 ? "them" : formatNumber(unheard)} so far`,
  ].flat();
  return `${formatCount(others, "more member")} by way of these: ${parts.join(", ")}`;
}

/** A member that is not linked, and not known to be here: since when, and who says so. */
export function awayText(member: JsonObject, nowMs: number): string {
  const seenMs = numberField(member, "since");
  const how = textField(member, "state");
  const by = formatCalled(textField(member, "by_name"), textField(member, "by"));
  const parts = [
    how === "" ? [] : escapeText(how),
    seenMs === null ? "not seen yet" : `last seen ${formatAge(seenMs, nowMs)}`,
    by === "" ? [] : `as ${by} says`,
  ].flat();
  return parts.join(", ");
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
  return formatCalled(textField(member, "by_name"), textField(member, "by")) || "-";
}

function endText(endMs: number | null, nowMs: number): string {
  if (endMs === null || endMs === 0) return "-";
  return endMs <= nowMs ? "over" : formatAge(endMs, nowMs);
}

function presenceText(member: JsonObject, nowMs: number): string {
  if (member.self === true) return "this peer";
  if (member.online === true) return member.linked === false ? "here" : "linked";
  const seenMs = numberField(member, "last_seen");
  return seenMs === null ? "not seen yet" : `away, seen ${formatAge(seenMs, nowMs)}`;
}

/** Prints rows below dimmed headings; nothing when there are none. */
export function printTable(output: Output, headings: readonly string[], rows: readonly (readonly string[])[]): void {
  if (rows.length === 0) return;
  const [heading, ...lines] = formatTable([headings, ...rows], output.columns);
  output.lines([output.dim(heading as string), ...lines]);
}
