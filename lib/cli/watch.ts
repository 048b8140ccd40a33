import { KithError } from "../base/errors.ts";
import { MAX_POSITION_BYTES } from "../base/limits.ts";
import { type JsonObject } from "./client.ts";
import { type Context, EXIT_OK } from "./context.ts";
import { followEvents } from "./events.ts";
import { previewOf } from "./entry.ts";
import { escapeText } from "./escape.ts";
import { readAll } from "./lines.ts";
import { usageError } from "./usage.ts";
import { openFile } from "./values.ts";

/** Columns for the value of a change. */
const PREVIEW_COLUMNS = 60;

/** `watch [PREFIX]`. */
export async function watch(context: Context): Promise<number> {
  const { output, flags } = context;
  if (flags.on("events")) return await watchEvents(context);
  const tellsPositions = output.json && (flags.on("positions") || flags.has("since"));
  if (flags.on("positions") && !output.json) throw usageError("--positions is for --json.");
  const since = await givenPosition(context);
  const peer = await context.needRunningPeer();
  const events = peer.objects(since === undefined ? "GET" : "POST", "/v1/watch", {
    query: { prefix: context.args[0], initial: flags.on("initial"), positions: tellsPositions },
    ...(since === undefined ? {} : { body: new TextEncoder().encode(since), media: "text/plain" }),
    signal: context.signal,
  });
  let left = flags.number("count") ?? Infinity;
  for await (const event of events) {
    if (event.event === "watching") continue;
    if (event.event === "lagged") throw new KithError("watch_lagged");
    const isChange = event.event === "put" || event.event === "del";
    // Behind the last change that was asked for, the position may follow, but no other change.
    if (left <= 0 && isChange) break;
    if (output.json) output.object(event);
    else tell(event, context);
    if (isChange) left--;
    if (left <= 0 && !(isChange && tellsPositions)) break;
  }
  return EXIT_OK;
}

async function watchEvents(context: Context): Promise<number> {
  const { flags, args } = context;
  if (args[0] !== undefined || flags.on("positions") || flags.has("since")) {
    throw usageError("--events goes with neither PREFIX, --positions nor --since: it tells of members, not of keys.");
  }
  return await followEvents(context, flags.number("count") ?? Infinity);
}

function tell(event: JsonObject, { output }: Context): void {
  switch (event.event) {
    case "put":
      return output.line(`+ ${escapeText(String(event.key))}  ${output.dim(previewOf(event, PREVIEW_COLUMNS))}`);
    case "del":
      return output.line(`- ${escapeText(String(event.key))}`);
    case "reset":
      return output.words("(not all since that position can be told: this is everything that there is now)");
  }
}

/** The position of `--since`: the text itself, or what a file or standard input holds. @throws {KithError} */
async function givenPosition(context: Context): Promise<string | undefined> {
  const text = context.flags.text("since");
  if (text === undefined || (text !== "-" && !text.startsWith("@"))) return text;
  const stream = text === "-" ? context.console.stdin() : (await openFile(context, text.slice(1))).stream;
  const bytes = await readAll(stream, MAX_POSITION_BYTES);
  if (bytes === null) throw usageError(`--since takes a position of at most ${MAX_POSITION_BYTES} bytes.`);
  return new TextDecoder().decode(bytes);
}
