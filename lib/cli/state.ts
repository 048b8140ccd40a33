import { spokenSpaceName } from "../base/spoken_name.ts";
import { type JsonObject } from "./client.ts";
import { type Context, EXIT_OK } from "./context.ts";
import { dhtText } from "./dht.ts";
import { escapeText } from "./escape.ts";
import { numberField, objectsOf, textField } from "./fields.ts";
import { formatAge, formatCount, formatName, formatNumber, formatSize, shortId } from "./format.ts";
import { pathText } from "./peers.ts";
import { awayText, othersText } from "./people.ts";
import { portMapText } from "./port_map.ts";
import { publicRelayText } from "./public_relay.ts";
import { noHoleText } from "./punch.ts";
import { reachText } from "./reach.ts";
import { secondAdminHint } from "./second_admin.ts";
import { usageError } from "./usage.ts";

/** Characters of the digest for people: two equal ones are equal in full, but for an attacker. */
const SHOWN_DIGEST = 16;
/** Reasons with which links are closed where all is well. */
const USUAL_REASONS: readonly string[] = ["goodbye", "duplicate_link", "self"];

/** `status`. */
export async function status(context: Context): Promise<number> {
  const running = await context.runningPeer();
  const answer = await (running ?? await context.peer()).object("GET", "/v1/status", { signal: context.signal });
  if (context.output.json) {
    context.output.object({ ...answer, running: running !== null });
    return EXIT_OK;
  }
  context.output.lines(statusLines(answer, running !== null, context));
  const hint = await secondAdminHint(context, await context.peer(), answer);
  if (hint !== null) context.output.words(hint);
  return EXIT_OK;
}

function statusLines(answer: JsonObject, running: boolean, { output, console }: Context): string[] {
  const row = (name: string, text: string) => `${output.dim(name.padEnd(12))} ${text}`;
  const nowMs = console.nowMs();
  const id = textField(answer, "peer");
  const space = textField(answer, "space");
  const left = answer.left === true ? output.yellow(`${leftText(answer)}; 'kith join' with a new ticket`) : "";
  const linked = objectsOf(answer, "peers");
  const absent = objectsOf(answer, "absent");
  const lines = [
    row("peer", `${escapeText(textField(answer, "name"))} (${shortId(id)})${running ? "" : ", not running"}`),
    row("space", space === "" ? "none yet" : spokenSpaceName(space) + left),
    row("members", formatNumber(numberField(answer, "members") ?? 0)),
    row("entries", formatNumber(numberField(answer, "entries") ?? 0)),
    row("conflicts", conflictsText(numberField(answer, "conflicts") ?? 0, output.yellow.bind(output))),
    row("digest", textField(answer, "digest").slice(0, SHOWN_DIGEST)),
    row("in sync", answer.synced === true ? output.green("yes") : output.yellow("no")),
  ];
  for (const [index, peer] of linked.entries()) {
    const agrees = peer.in_sync === true ? "in sync" : "not in sync";
    const where = textField(peer, "relay") === "" ? escapeText(textField(peer, "address")) : pathText(peer);
    lines.push(row(index === 0 ? "linked" : "", `${peerText(peer)}  ${where}  ${agrees}`));
  }
  const holeless = linked.filter((peer) => noHoleText(peer) !== null);
  for (const [index, peer] of holeless.entries()) {
    lines.push(row(index === 0 ? "no hole" : "", `to ${peerText(peer)}: ${noHoleText(peer)}`));
  }
  const others = othersText(answer);
  if (others !== null) lines.push(row("", others));
  for (const [index, peer] of absent.entries()) {
    lines.push(row(index === 0 ? "away" : "", `${peerText(peer)}  ${awayText(peer, nowMs)}`));
  }
  const history = historyText(answer, nowMs);
  if (history !== null) lines.push(row("history", history));
  if (running) {
    lines.push(row("router", portMapText(answer)), row("dht", dhtText((answer.dht ?? {}) as JsonObject, nowMs)));
  }
  const reach = reachText((answer.reach ?? {}) as JsonObject);
  if (reach !== null) lines.push(row("reached", reach));
  const relay = publicRelayText(answer.public_relay);
  if (relay !== null) lines.push(row("relay", relay));
  const relays = relaysText((answer.relay ?? {}) as JsonObject);
  if (relays !== null) lines.push(row("relays", relays));
  const syncing = answer.syncing as JsonObject | null | undefined;
  if (syncing) {
    const total = numberField(syncing, "total");
    const received = formatNumber(numberField(syncing, "received") ?? 0);
    lines.push(row("receiving", total === null ? received : `${received} of ${formatNumber(total)}`));
  }
  const waiting = numberField(answer, "waiting") ?? 0;
  if (waiting > 0) lines.push(row("waiting", output.yellow(formatCount(waiting, "transaction"))));
  const lostMessages = lostMessagesText(answer);
  if (lostMessages !== null) lines.push(row("messages", output.yellow(lostMessages)));
  const troubles = [
    ...objectsOf(answer, "forks").map((fork) => ["forked", forkText(fork)] as const),
    ...(answer.copies as string[] ?? []).map((address) => ["copied", copyText(address)] as const),
    ...objectsOf(answer, "told_removed_by").map((teller) => ["removed?", toldRemovedText(teller)] as const),
    ...objectsOf(answer, "cut").map((cut) => ["cut", cutText(cut, nowMs)] as const),
    ...damageRows(answer),
    ...objectsOf(answer, "notices").map((notice) => ["noticed", noticeText(notice)] as const),
  ];
  for (const [name, text] of troubles) lines.push(row(name, output.yellow(text)));
  const refusals = refusalsOf(answer);
  for (const [index, text] of refusals.entries()) lines.push(row(index === 0 ? "refused" : "", output.yellow(text)));
  return lines;
}

/** What this peer carries for others, in words; null where it carried nothing so far, and would. */
function relaysText(relay: JsonObject): string | null {
  if (relay.serving === false) return "nothing for others (no-relay)";
  const carried = numberField(relay, "carried") ?? 0;
  const circuits = numberField(relay, "circuits") ?? 0;
  if (carried === 0 && circuits === 0) return null;
  return `${formatCount(circuits, "link")} of others, ${formatSize(carried)} so far`;
}

/** Which messages on topics went to nobody, in words; null where none did. */
function lostMessagesText(answer: JsonObject): string | null {
  const counts = (answer.messages ?? {}) as JsonObject;
  const parts = [
    ["dropped", "left out on links that are too slow"],
    ["unread", "not read in time here"],
    ["missed", "of others never came"],
  ].flatMap(([name = "", text]) => {
    const count = numberField(counts, name) ?? 0;
    return count === 0 ? [] : [`${formatNumber(count)} ${text}`];
  });
  return parts.length === 0 ? null : parts.join(", ");
}

/** How this peer came to be no member of its space any more, as what follows the name of the space. */
export function leftText(answer: JsonObject): string {
  const remover = answer.removed_by as JsonObject | null | undefined;
  return remover ? `, from which ${peerText(remover)} removed this peer` : ", which this peer has left";
}

/** What a member says that this peer has not received itself, in words. */
function toldRemovedText(teller: JsonObject): string {
  return `${peerText(teller)} does not link, since this peer was removed, it says`;
}

/** How far the history is final, how far it was let go, and what holds that back; null where there is nothing to tell. */
function historyText(answer: JsonObject, nowMs: number): string | null {
  const compaction = answer.compaction as JsonObject | undefined;
  if (compaction === undefined) return null;
  const pendingMs = numberField(compaction, "pending");
  const finalMs = numberField(compaction, "final");
  if (pendingMs !== null) {
    const known = [...objectsOf(answer, "peers"), ...objectsOf(answer, "absent")];
    const waits = (compaction.waits_for as string[]).map((id) => {
      const peer = known.find((peer) => textField(peer, "peer") === id);
      return peer === undefined ? (id === textField(answer, "peer") ? "this peer" : shortId(id)) : peerText(peer);
    });
    return `a checkpoint of ${formatAge(pendingMs, nowMs)} waits for ${waits.join(", ")}`;
  }
  if (finalMs === null) return null;
  const final = `final up to a checkpoint of ${formatAge(finalMs, nowMs)}`;
  const compactedMs = numberField(compaction, "compacted");
  if (compactedMs === null) return final;
  return `${final}, let go up to ${compactedMs === finalMs ? "it" : `one of ${formatAge(compactedMs, nowMs)}`}`;
}

/** Who used a number twice, in words. */
export function forkText(fork: JsonObject): string {
  const who = `${formatName(textField(fork, "name"))} (${shortId(textField(fork, "peer"))})`.trim();
  return `${who} used number ${formatNumber(numberField(fork, "sequence") ?? 0)} of its history twice: ` +
    "its home was copied or put back, or it cheats; both histories are kept";
}

/** What to do about another process with this identity, in words. */
function copyText(address: string): string {
  return `another kith runs with this peer's identity, met at ${escapeText(address)}: stop the one that is the copy, ` +
    "and let that machine join anew, with a new ticket and another home";
}

/** Who misbehaved, in words. */
function cutText(cut: JsonObject, nowMs: number): string {
  const minutes = Math.ceil(((numberField(cut, "until") ?? nowMs) - nowMs) / 60_000);
  const why = escapeText([textField(cut, "reason"), textField(cut, "detail")].filter((text) => text !== "").join(", "));
  const who = textField(cut, "peer") === "" ? "Who is not known as a member here" : peerText(cut);
  return `${who} misbehaved (${why}) and gets no link for ${formatCount(Math.max(minutes, 1), "minute")}`;
}

function damageRows(answer: JsonObject): (readonly [string, string])[] {
  const damaged = numberField(answer, "damaged") ?? 0;
  const unrecovered = numberField(answer, "unrecovered") ?? 0;
  if (damaged === 0) return [];
  const lost = unrecovered === 0 ? "" : `; ${formatNumber(unrecovered)} of them no linked member has`;
  return [["damaged", `${formatCount(damaged, "record")} on disk, to be fetched from other members${lost}`]];
}

/** What was found of the store at the start, in words. */
export function noticeText(notice: JsonObject): string {
  const event = textField(notice, "event").replaceAll("_", " ");
  const more = ["store migrated", "carry undone"].includes(event) ? "" : "; it writes on under a new number";
  return `${event}: ${escapeText(textField(notice, "reason"))}${more}`;
}

/** How often since the start something was refused or went wrong, by event and reason. */
function refusalsOf(answer: JsonObject): string[] {
  const events = Object.entries((answer.events ?? {}) as JsonObject);
  return events.flatMap(([name, count]) => {
    const [event = "", reason] = name.split(":");
    // Who comes and goes is told elsewhere, and nothing of it is a refusal.
    if (reason === undefined || event.startsWith("member_") || USUAL_REASONS.includes(reason)) return [];
    return [`${formatNumber(Number(count))} × ${event}: ${reason}`];
  });
}

function conflictsText(count: number, emphasised: (text: string) => string): string {
  return count === 0 ? "none" : emphasised(`${formatNumber(count)}; 'kith conflicts' lists them`);
}

function peerText(peer: JsonObject): string {
  return `${formatName(textField(peer, "name"))} (${shortId(textField(peer, "peer"))})`;
}

/** `wait --synced`, `wait --peers N`, `wait KEY[=VALUE]`. */
export async function wait(context: Context): Promise<number> {
  const { flags, args } = context;
  const peersWanted = flags.number("peers");
  if (!flags.on("synced") && peersWanted === undefined && args[0] === undefined) {
    throw usageError("'kith wait' needs what to wait for: --synced, --peers N or KEY[=VALUE].");
  }
  if (flags.on("all") && !flags.on("synced")) throw usageError("--all belongs to --synced.");
  const timeoutMs = flags.number("timeout") ?? Infinity;
  const answer = await (await context.peer()).object("POST", "/v1/wait", {
    json: {
      ...(flags.on("synced") ? { synced: true, all: flags.on("all") } : {}),
      ...(peersWanted === undefined ? {} : { peers: peersWanted }),
      ...keyCondition(args[0]),
      ...(timeoutMs === Infinity ? {} : { timeoutMs }),
    },
    signal: context.signal,
  });
  if (context.output.json) context.output.object(answer);
  return EXIT_OK;
}

function keyCondition(text: string | undefined): JsonObject {
  if (text === undefined) return {};
  const at = text.indexOf("=");
  return at < 0 ? { key: text } : { key: text.slice(0, at), value: text.slice(at + 1) };
}
