import { type Context, EXIT_OK } from "./context.ts";
import { previewOf } from "./entry.ts";
import { escapeText } from "./escape.ts";

/** Columns for the value of a change. */
const PREVIEW_COLUMNS = 60;

/** `watch [PREFIX]`. */
export async function watch(context: Context): Promise<number> {
  const { output, flags } = context;
  const peer = await context.needRunningPeer();
  const changes = peer.objects("GET", "/v1/watch", {
    query: { prefix: context.args[0], initial: flags.on("initial") },
    signal: context.signal,
  });
  let left = flags.number("count") ?? Infinity;
  for await (const change of changes) {
    if (change.event !== "put" && change.event !== "del") continue;
    if (output.json) output.object(change);
    else if (change.event === "del") output.line(`- ${escapeText(String(change.key))}`);
    else output.line(`+ ${escapeText(String(change.key))}  ${output.dim(previewOf(change, PREVIEW_COLUMNS))}`);
    left--;
    if (left === 0) break;
  }
  return EXIT_OK;
}
