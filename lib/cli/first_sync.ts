import type { Client } from "./client.ts";
import type { Context } from "./context.ts";
import { numberField, objectsOf } from "./fields.ts";
import { Progress } from "./progress.ts";

const LOOK_AGAIN_AFTER_MS = 100;
/** With nobody linked for so long, the rest comes later. */
const ALONE_FOR_MS = 5000;

/**
 * Waits until this peer is in sync with those linked, and shows on a terminal how far it is.
 *
 * @param patient whether to wait also while nobody is linked.
 */
export async function followFirstSync(context: Context, client: Client, patient: boolean): Promise<void> {
  const { output, console, signal } = context;
  const progress = new Progress(console, "receiving", { quiet: output.quiet, stdoutBusy: false });
  let linkedMs = console.nowMs();
  try {
    while (!signal.aborted) {
      const status = await client.object("GET", "/v1/status", { signal });
      if (status.synced === true) return;
      if (objectsOf(status, "peers").length > 0) linkedMs = console.nowMs();
      else if (!patient && console.nowMs() - linkedMs > ALONE_FOR_MS) return;
      const [syncing] = objectsOf({ list: [status.syncing] }, "list");
      if (syncing !== undefined) {
        const received = numberField(syncing, "received") ?? 0;
        const total = numberField(syncing, "total");
        progress.update(total === null || total === 0 ? null : received / total, received, "operations");
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_AFTER_MS));
    }
  } finally {
    progress.end();
  }
}
