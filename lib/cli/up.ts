import { toBase32 } from "../base/base32.ts";
import { relayFromText } from "../mesh/relay_address.ts";
import { isLoopback } from "../peer/source_address.ts";
import { askChoice } from "./ask.ts";
import type { RunningPeer, StartOptions } from "./backend.ts";
import { ApiError, Client, type JsonObject } from "./client.ts";
import { type Context, EXIT_INTERRUPTED, EXIT_OK } from "./context.ts";
import { objectsOf, textField } from "./fields.ts";
import { formatPath } from "./format.ts";
import { bringIn, joinWith, readTicket } from "./join.ts";
import { followFirstSync } from "./first_sync.ts";
import { relayOf } from "./relay_flag.ts";
import { isFoundByName, screenLines } from "./screen.ts";
import { secondAdminHint } from "./second_admin.ts";
import { leftText, noticeText } from "./state.ts";
import { usageError } from "./usage.ts";

/** How often a person hears of a disk that stays full. */
const TELL_AGAIN_MS = 60_000;
/** How long the ticket on the first screen is good. */
const FIRST_TICKET_MS = 24 * 60 * 60 * 1000;

/** `up`. */
export async function up(context: Context): Promise<number> {
  if (context.prompted !== null) {
    context.output.words("This is the running peer.");
    return EXIT_OK;
  }
  return await runPeer(context, startOptions(context), async (peer) => {
    const client = new Client(peer.transport);
    const status = await client.object("GET", "/v1/status");
    await keepSettings(context, client, { relay: relayOf(context) });
    if (textField(status, "space") !== "") return await bringInLater(context, client);
    if (isInteractive(context) && wantsToJoin()) await enterSpace(context, client, await readTicket(context));
    else await client.object("POST", "/v1/space");
  });
}

/** `join`. */
export async function join(context: Context): Promise<number> {
  const { backend, flags } = context;
  const ticket = await readTicket(context);
  const running = await context.runningPeer();
  if (running !== null) {
    if (flags.on("carry")) throw usageError("--carry needs the peer of this home stopped; run 'kith down' first.");
    await checkRelay(context, running);
    await enterSpace(context, running, ticket);
    return EXIT_OK;
  }
  const carrying = flags.on("carry") ? await backend.carryOut(context.home) : null;
  const options = { ...startOptions(context), carrying: carrying !== null };
  let joined = false;
  const enter = async (peer: RunningPeer) => {
    const client = new Client(peer.transport);
    await enterSpace(context, client, ticket, () => {
      carrying?.joined();
      joined = true;
    });
    if (carrying === null) return await bringInLater(context, client);
    await bringIn(context, client, true);
    if (flags.on("exit")) await followFirstSync(context, client, true);
  };
  try {
    if (!flags.on("exit")) return await runPeer(context, options, enter);
    const peer = await backend.start(options);
    tellOfFullDisk(context, peer);
    try {
      await enter(peer);
    } finally {
      await peer.stop();
    }
    return EXIT_OK;
  } finally {
    if (!joined) carrying?.putBack();
  }
}

/**
 * A relay is not changed under a running peer. What its home keeps says nothing of that: it holds from the next start on.
 *
 * @throws {KithError} `usage` where another one is given than it uses.
 */
async function checkRelay(context: Context, running: Client): Promise<void> {
  const relay = relayOf(context, true);
  if (relay === undefined) return;
  const used = (await running.object("GET", "/v1/status")).public_relay as JsonObject | null | undefined;
  if (used?.peer === toBase32(relayFromText(relay).peer)) return;
  throw usageError(
    "The peer of this home runs with another relay, or with none, and takes one only when it starts; " +
      "to join through this one, run 'kith down' first.",
  );
}

/** Joins, and receives the space; without `--exit` not for longer than a member is linked. */
async function enterSpace(context: Context, client: Client, ticket: string, joined = () => {}): Promise<void> {
  await joinWith(context, client, ticket);
  joined();
  await keepSettings(context, client, { name: context.flags.text("name"), relay: relayOf(context) });
  await followFirstSync(context, client, context.flags.on("exit"));
}

/**
 * Keeps the name with which this peer came in, since nobody joins again only to be called the same at the next `up`; and
 * the relay, without which it may not find the others then.
 */
async function keepSettings(
  { signal }: Context,
  client: Client,
  settings: { readonly name?: string | undefined; readonly relay: string | undefined },
): Promise<void> {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  if (given.length === 0) return;
  const { v: _version, ...kept } = await client.object("GET", "/v1/config", { signal });
  await client.object("PUT", "/v1/config", { json: { ...kept, ...Object.fromEntries(given) }, signal });
}

/** `down`. */
export async function down(context: Context): Promise<number> {
  if (context.prompted !== null) {
    void context.prompted.peer.stop();
    return EXIT_OK;
  }
  await (await context.needRunningPeer()).object("POST", "/v1/down", { signal: context.signal });
  await context.backend.untilFree(context.home);
  if (context.output.json) context.output.object({ stopped: true });
  return EXIT_OK;
}

/** What an earlier join took along and did not get to bring in; where that does not go now, the next start tries again. */
async function bringInLater(context: Context, client: Client): Promise<void> {
  try {
    await bringIn(context, client, false);
  } catch (error) {
    if (!(error instanceof ApiError) || context.signal.aborted) throw error;
    const carried = await context.backend.carriedIn(context.home);
    const file = formatPath(carried?.file ?? "", context.console.variable("HOME"));
    context.output.warning(`${error.message} What 'join --carry' took along stays in ${file}.`);
  }
}

/** Runs a peer until it is stopped; `enter` sees to it that it is in a space. */
async function runPeer(
  context: Context,
  options: StartOptions,
  enter: (peer: RunningPeer) => Promise<void>,
): Promise<number> {
  const peer = await context.backend.start(options);
  const stopTelling = tellOfFullDisk(context, peer);
  let ready = false;
  context.endsItself = true;
  const interrupted = new Promise<void>((resolve) => {
    if (context.signal.aborted) resolve();
    context.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  try {
    const entered = enter(peer).then(() => announce(context, peer)).then(() => ready = true);
    await Promise.race([entered, interrupted, peer.stopped]);
    if (!ready && (context.signal.aborted || peer.failure !== null)) {
      entered.catch(() => {});
      if (context.signal.aborted) return EXIT_INTERRUPTED;
      throw peer.failure;
    }
    if (isInteractive(context)) {
      stopTelling();
      await (await import("./prompt.ts")).runPrompt(context, peer, interrupted);
    } else await Promise.race([interrupted, peer.stopped]);
  } finally {
    await peer.stop();
  }
  if (peer.failure !== null) throw peer.failure;
  return EXIT_OK;
}

/**
 * Tells of a full disk, since what then does not arrive is waited for in vain: at once, and again while it lasts.
 *
 * @returns how to stop that; at the prompt the news do so.
 */
function tellOfFullDisk(context: Context, peer: RunningPeer): () => void {
  let toldMs = -Infinity;
  return peer.onEvent(({ name, reason, fields }) => {
    const nowMs = context.console.nowMs();
    if (name !== "turn_failed" || reason !== "store_full") return;
    if (nowMs - toldMs < TELL_AGAIN_MS) return;
    toldMs = nowMs;
    context.output.warning(String(fields?.message ?? reason));
  });
}

function startOptions(context: Context): StartOptions {
  const { flags, home } = context;
  const publicRelay = relayOf(context, true);
  const name = flags.text("name");
  const text = flags.text("text");
  const historyMs = flags.number("history");
  const maxLinks = flags.number("max-links");
  return {
    ...(home === undefined ? {} : { home }),
    ...(name === undefined ? {} : { name }),
    ...(flags.has("listen") ? { listen: flags.list("listen") } : {}),
    ...(text === undefined ? {} : { text }),
    ...(historyMs === undefined ? {} : { historyMs }),
    ...(maxLinks === undefined ? {} : { maxLinks }),
    ...(flags.has("no-lan") ? { lan: !flags.on("no-lan") } : {}),
    ...(flags.has("no-port-map") ? { portMap: !flags.on("no-port-map") } : {}),
    ...(flags.has("no-dht") ? { dht: !flags.on("no-dht") } : {}),
    ...(flags.has("dht-bootstrap") ? { dhtBootstrap: flags.list("dht-bootstrap") } : {}),
    ...(flags.has("no-punch") ? { punch: !flags.on("no-punch") } : {}),
    ...(flags.has("no-relay") ? { relay: !flags.on("no-relay") } : {}),
    ...(publicRelay === undefined ? {} : { publicRelay }),
    ephemeral: flags.on("ephemeral"),
  };
}

/** Whether a person sits at both ends, so that questions and a prompt make sense. */
function isInteractive({ console, output }: Context): boolean {
  return console.stdinIsTerminal && console.stdout.isTerminal && !output.json;
}

function wantsToJoin(): boolean {
  const choice = askChoice("This machine is in no space yet. What shall it be?", [
    "new: begin a new space",
    "join: get into one with a ticket",
  ]);
  return choice === 1;
}

async function announce(context: Context, peer: RunningPeer): Promise<void> {
  const { output, console } = context;
  if (peer.text !== null && !isLoopback(peer.text)) {
    output.warning(`Whoever reaches ${peer.text} can read and write text/ without any password.`);
  }
  const client = new Client(peer.transport);
  const status = await client.object("GET", "/v1/status");
  for (const notice of objectsOf(status, "notices")) output.warning(`${noticeText(notice)}.`);
  if (status.left === true) {
    output.warning(`This peer is in a space${leftText(status)}; 'kith join' with a new ticket.`);
  }
  if (output.json) {
    output.object({
      event: "ready",
      peer: status.peer,
      name: status.name,
      space: status.space,
      addresses: peer.addresses,
      home: peer.home,
      ...(peer.text === null ? {} : { text: peer.text }),
    });
    return;
  }
  const ticket = output.isTerminal && status.members === 1 ? await openTicket(client) : null;
  output.lines(screenLines({
    version: context.backend.version,
    status,
    addresses: peer.addresses,
    isFoundByName: isFoundByName(status),
    otherPort: peer.otherPort,
    text: peer.text,
    home: formatPath(peer.home, console.variable("HOME")),
    ticket,
    nowMs: console.nowMs(),
  }, output));
  const hint = await secondAdminHint(context, client, status);
  if (hint !== null) output.words(`\n${hint}`);
}

/** A ticket for one machine that is still good, else a new one. */
async function openTicket(client: Client): Promise<JsonObject> {
  const open = objectsOf(await client.object("GET", "/v1/invites"), "invites");
  const plain = open.find((one) =>
    "words" in one && one.role === "writer" && one.prefix === "" && one.uses === 1 && one.member_until === 0
  );
  return plain ?? await client.object("POST", "/v1/invites", { json: { forMs: FIRST_TICKET_MS } });
}
