import { type JsonObject } from "./client.ts";
import { type Context, EXIT_OK } from "./context.ts";
import { numberField, objectsOf, textField } from "./fields.ts";
import { formatAge, formatDuration, formatSize, formatTable, shortId } from "./format.ts";
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
        textField(peer, "name"),
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
  const answer = await (await context.peer()).object("GET", "/v1/members", { signal: context.signal });
  const all = objectsOf(answer, "members");
  if (context.output.json) {
    for (const member of all) context.output.object(member);
    return EXIT_OK;
  }
  const nowMs = context.console.nowMs();
  printTable(
    context.output,
    ["name", "peer", "role", "since", "now"],
    all.map((member) => [
      textField(member, "name"),
      shortId(textField(member, "peer")),
      textField(member, "role"),
      formatAge(numberField(member, "since") ?? nowMs, nowMs),
      member.self === true ? "this peer" : member.online === true ? "linked" : "away",
    ]),
  );
  return EXIT_OK;
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
