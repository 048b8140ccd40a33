import type { Client, JsonObject } from "./client.ts";
import type { Context } from "./context.ts";
import { numberField } from "./fields.ts";
import { Progress } from "./progress.ts";

const LOOK_AGAIN_AFTER_MS = 200;

/** Waits until this peer is in sync with those linked, and shows on a terminal how far it is. */
export async function followFirstSync(context: Context, client: Client, signal: AbortSignal): Promise<void> {
  const { output, console } = context;
  const progress = new Progress(console, "receiving", { quiet: output.quiet, stdoutBusy: false });
  let looking = true;
  const look = async () => {
    while (looking && !signal.aborted) {
      const status = await client.object("GET", "/v1/status", { signal });
      showSyncing(progress, status);
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_AFTER_MS));
    }
  };
  const looked = look();
  try {
    await client.object("POST", "/v1/wait", { json: { synced: true }, signal });
  } finally {
    looking = false;
    await looked.catch(() => {});
    progress.end();
  }
}

/** Shows a transfer that is under way; nothing when there is none. */
export function showSyncing(progress: Progress, status: JsonObject): void {
  const syncing = status.syncing as JsonObject | null | undefined;
  if (!syncing) return;
  const received = numberField(syncing, "received") ?? 0;
  const total = numberField(syncing, "total");
  progress.update(total === null || total === 0 ? null : received / total, received, "operations");
}
