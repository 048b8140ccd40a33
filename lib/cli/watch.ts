import { KithError } from "../base/errors.ts";
import { MAX_POSITION_BYTES } from "../base/limits.ts";
import { valueOf } from "../api/value_fields.ts";
import { type JsonObject } from "./client.ts";
import { type Context, EXIT_OK } from "./context.ts";
import { eventsOf, followEvents } from "./events.ts";
import { previewOf } from "./entry.ts";
import { escapeText } from "./escape.ts";
import { textField } from "./fields.ts";
import { type Happening, Hooks } from "./hooks.ts";
import { readAll } from "./lines.ts";
import { usageError } from "./usage.ts";
import { openFile } from "./values.ts";

/** Columns for the value of a change. */
const PREVIEW_COLUMNS = 60;

/** `watch [PREFIX]`. */
export async function watch(context: Context): Promise<number> {
  const { output, flags } = context;
  if (flags.on("events")) return await watchEvents(context);
  if (flags.on("positions") && !output.json) throw usageError("--positions is for --json.");
  if (flags.has("exec")) {
    if (flags.on("positions")) {
      throw usageError("--positions and --exec do not go together: runs end in another order.");
    }
    return await new Hooks(context, true).follow(changesToRun(context));
  }
  for await (const events of changes(context)) {
    output.together(() => {
      for (const event of events) tell(event, context);
    });
  }
  return EXIT_OK;
}

/** What the peer tells, in groups as it comes, until as many changes were told as were asked for. */
async function* changes(context: Context): AsyncGenerator<JsonObject[]> {
  const { flags } = context;
  const tellsPositions = context.output.json && !flags.has("exec") && (flags.on("positions") || flags.has("since"));
  const since = await givenPosition(context);
  const peer = await context.needRunningPeer();
  const groups = peer.objectGroups(since === undefined ? "GET" : "POST", "/v1/watch", {
    query: { prefix: context.args[0], initial: flags.on("initial"), positions: tellsPositions },
    ...(since === undefined ? {} : { body: new TextEncoder().encode(since), media: "text/plain" }),
    signal: context.signal,
  });
  let left = flags.number("count") ?? Infinity;
  for await (const events of groups) {
    const told: JsonObject[] = [];
    for (const event of events) {
      if (event.event === "watching") continue;
      if (event.event === "lagged") {
        yield told;
        throw new KithError("watch_lagged");
      }
      const isChange = event.event === "put" || event.event === "del";
      // Behind the last change that was asked for, the position may follow, but no other change.
      if (left <= 0 && isChange) return yield told;
      told.push(event);
      if (isChange) left--;
      if (left <= 0 && !(isChange && tellsPositions)) return yield told;
    }
    yield told;
  }
}

/** The changes, as a program is run for them. */
async function* changesToRun(context: Context): AsyncGenerator<Happening> {
  for await (const events of changes(context)) {
    for (const event of events) if (event.event === "put" || event.event === "del") yield changeToRun(event);
  }
}

function changeToRun(event: JsonObject): Happening {
  const [op, key, version] = [String(event.event), textField(event, "key"), textField(event, "version")];
  return {
    lane: key,
    input: op === "del" ? new Uint8Array() : valueOf(event).value,
    variables: {
      ...{ OP: op, KEY: key, VERSION: version, MEDIA: textField(event, "type") },
      ...{ WRITER: textField(event, "peer"), WRITER_NAME: textField(event, "name"), TIME: String(event.time) },
    },
    fields: { op, key, version },
  };
}

async function watchEvents(context: Context): Promise<number> {
  const { flags, args } = context;
  if (args[0] !== undefined || flags.on("positions") || flags.has("since")) {
    throw usageError("--events goes with neither PREFIX, --positions nor --since: it tells of members, not of keys.");
  }
  const count = flags.number("count") ?? Infinity;
  if (flags.has("exec")) return await new Hooks(context, false).follow(eventsToRun(context, count));
  return await followEvents(context, count);
}

/** The events, as a program is run for them. */
async function* eventsToRun(context: Context, count: number): AsyncGenerator<Happening> {
  for await (const event of eventsOf(context, count)) {
    const [name, peer] = [String(event.event), textField(event, "peer")];
    yield {
      lane: peer,
      input: new TextEncoder().encode(JSON.stringify(event) + "\n"),
      variables: {
        ...{ EVENT: name, PEER: peer, PEER_NAME: textField(event, "name") },
        ...{ REASON: textField(event, "reason"), TIME: String(event.time) },
      },
      fields: { of: name, peer },
    };
  }
}

function tell(event: JsonObject, { output }: Context): void {
  if (output.json) return output.object(event);
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
