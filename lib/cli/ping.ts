import { ERRORS } from "../base/errors.ts";
import { ApiError } from "./client.ts";
import { type Context, EXIT_OK } from "./context.ts";
import { escapeText } from "./escape.ts";
import { numberField } from "./fields.ts";
import { formatDuration } from "./format.ts";
import { pathText } from "./peers.ts";
import { noHoleText } from "./punch.ts";

/** `ping PEER`: one line a round trip, and from two on what they come to. */
export async function ping(context: Context): Promise<number> {
  const { flags, signal, output } = context;
  const peer = await context.needRunningPeer();
  const called = context.args[0] as string;
  const count = flags.number("count") ?? 1;
  const intervalMs = flags.number("interval") ?? 1000;
  const tripsMs: number[] = [];
  let sent = 0;
  while (sent < count) {
    if (sent > 0) await pause(intervalMs, signal);
    if (signal.aborted) break;
    sent++;
    try {
      const answer = await peer.object("POST", "/v1/ping", { json: { peer: called }, signal });
      const tripMs = numberField(answer, "round_trip_ms") ?? 0;
      tripsMs.push(tripMs);
      if (output.json) output.object(answer);
      else output.line([formatDuration(tripMs), pathText(answer)].filter((text) => text !== "").join("  "));
      const noHole = noHoleText(answer);
      if (noHole !== null && sent === 1) output.words(`No hole leads to it: ${noHole}.`);
    } catch (error) {
      // One that is lost is counted where there are others; what has no link, or no such name, ends it.
      if (!(error instanceof ApiError && error.code === "silent") || count === 1) throw error;
      if (output.json) output.object({ peer: called, round_trip_ms: null, error: error.code });
      else output.line(escapeText(error.message));
    }
  }
  if (count > 1 && sent > 0) tell(context, called, sent, tripsMs);
  return tripsMs.length === 0 ? ERRORS.silent.exit : EXIT_OK;
}

function tell({ output }: Context, peer: string, sent: number, tripsMs: readonly number[]): void {
  const lost = (sent - tripsMs.length) / sent;
  const [min, avg, max] = tripsMs.length === 0
    ? [null, null, null]
    : [Math.min(...tripsMs), tripsMs.reduce((sum, ms) => sum + ms, 0) / tripsMs.length, Math.max(...tripsMs)];
  if (output.json) {
    const trips = { min_ms: min, avg_ms: avg, max_ms: max };
    output.object({ event: "summary", peer, sent, answered: tripsMs.length, loss: lost, ...trips });
    return;
  }
  const trips = [min, avg, max].map((ms) => ms === null ? "-" : formatDuration(ms)).join(" / ");
  output.line(`${sent} sent, ${tripsMs.length} answered, ${Math.round(lost * 100)}% lost; min / avg / max ${trips}`);
}

/** Waits, or until the signal is aborted. */
async function pause(forMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, forMs);
    signal.addEventListener("abort", done);
  });
}
