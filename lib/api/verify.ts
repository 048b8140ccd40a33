import { VERIFY_SLICE_MS, VERIFY_TELL_MS } from "../base/limits.ts";
import type { HostApi } from "../host/host_api.ts";
import type { Fields } from "./answer.ts";

/** Rows looked at before the clock is. */
const STEP_ROWS = 16;

/**
 * Checks everything on disk, `VERIFY_SLICE_MS` at a time, so that the peer's turns go on in between. Tells what is
 * damaged as it is found, how far it is, and at the end how much was checked and found.
 */
export async function* verify(host: HostApi, signal: AbortSignal): AsyncGenerator<Fields> {
  const check = host.peer.check(!host.running);
  let mended = 0;
  let toldMs = performance.now();
  for (let isDone = false; !isDone && !signal.aborted;) {
    const endMs = performance.now() + VERIFY_SLICE_MS;
    while (!isDone && performance.now() < endMs) {
      const found = check.step(STEP_ROWS);
      isDone = found === null;
      for (const damage of found ?? []) {
        if (damage.mended) mended++;
        yield { event: "damaged", ...damage };
      }
    }
    if (performance.now() - toldMs >= VERIFY_TELL_MS) {
      toldMs = performance.now();
      yield { event: "progress", checked: check.checkedRows, total: check.totalRows };
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  host.nudge();
  if (signal.aborted) return;
  yield { event: "verified", ok: check.damaged === 0, checked: check.checkedRows, damaged: check.damaged, mended };
}
