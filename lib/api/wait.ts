import { utf8Decode } from "../base/bytes.ts";
import { KithError } from "../base/errors.ts";
import { MAX_TIMER_MS, WAIT_LOOK_MS } from "../base/limits.ts";
import type { HostApi } from "../host/host_api.ts";
import { type Fields, lateAnswer } from "./answer.ts";
import { flagField, numberField, textField } from "./body.ts";

/**
 * Waits until all that is asked for holds: `synced` (with `all`: and no member is absent, and each that is not linked says
 * that it holds the same), at least `peers` linked, a value at `key`, or `value` there. Looks again after turns, at most
 * every WAIT_LOOK_MS.
 *
 * @throws {KithError} `timed_out` after `timeoutMs`, `no_peer_running` for what can't come about without one.
 */
export function waitFor(host: HostApi, fields: Fields): Response {
  const missing = conditionOf(host, fields);
  const timeoutMs = numberField(fields, "timeoutMs");
  const beganMs = host.nowMs();
  if (missing() !== null && !host.running) throw new KithError("no_peer_running", { home: host.paths.home });
  return lateAnswer(async (signal) => {
    const outcome = await becomes(host, () => missing() === null, timeoutMs, signal);
    if (outcome === "aborted") throw new KithError("stopping");
    if (outcome === "timed_out") {
      throw new KithError("timed_out", { seconds: (timeoutMs ?? 0) / 1000, detail: missing() ?? "it just did" });
    }
    return { waited_ms: Math.max(0, host.nowMs() - beganMs) };
  }, host.stopping);
}

/** What still has to come about, in words; null when all holds. */
function conditionOf(host: HostApi, fields: Fields): () => string | null {
  const synced = flagField(fields, "synced");
  const all = flagField(fields, "all");
  const peers = numberField(fields, "peers");
  const key = textField(fields, "key");
  const value = textField(fields, "value");
  if (!synced && peers === undefined && key === undefined) {
    throw new KithError("bad_request", { detail: "it names nothing to wait for" });
  }
  return () => {
    const linked = () => host.peer.peers().length;
    if (synced && !host.peer.synced()) return notSynced(linked());
    if (synced && all) {
      const { absent, others, elsewhere } = host.peer.status();
      if (absent.length > 0) return absentText(absent.length);
      const behind = others - elsewhere.filter(({ inSync }) => inSync).length;
      if (behind > 0) return behindText(behind);
    }
    if (peers !== undefined && linked() < peers) return linkedText(linked());
    if (key === undefined) return null;
    const entry = host.peer.get(key);
    if (entry === null) return `nothing is at '${key}'`;
    return value === undefined || textOf(entry.value) === value ? null : `another value is at '${key}'`;
  };
}

async function becomes(
  host: HostApi,
  holds: () => boolean,
  timeoutMs: number | undefined,
  signal: AbortSignal,
): Promise<"held" | "timed_out" | "aborted"> {
  const { promise, resolve, reject } = Promise.withResolvers<"held" | "timed_out" | "aborted">();
  let lookTimer: ReturnType<typeof setTimeout> | undefined;
  let isDue = false;
  const look = () => {
    lookTimer = undefined;
    try {
      if (holds()) return resolve("held");
    } catch (error) {
      return reject(error);
    }
    if (!isDue) return;
    isDue = false;
    lookTimer = setTimeout(look, WAIT_LOOK_MS);
  };
  const unsubscribe = host.onTurn(() => {
    isDue = true;
    lookTimer ??= setTimeout(look, 0);
  });
  const timeout = timeoutMs === undefined
    ? undefined
    : setTimeout(() => resolve("timed_out"), Math.min(timeoutMs, MAX_TIMER_MS));
  const aborted = () => resolve("aborted");
  signal.addEventListener("abort", aborted);
  if (signal.aborted) aborted();
  look();
  try {
    return await promise;
  } finally {
    unsubscribe();
    clearTimeout(lookTimer);
    clearTimeout(timeout);
    signal.removeEventListener("abort", aborted);
  }
}

function textOf(value: Uint8Array): string | null {
  try {
    return utf8Decode(value);
  } catch {
    // Bytes that are no text equal none.
    return null;
  }
}

function notSynced(linked: number): string {
  return linked === 0 ? linkedText(0) : `${linkedText(linked)}, and not all is in sync`;
}

function linkedText(count: number): string {
  if (count === 0) return "no peer is linked";
  return count === 1 ? "1 peer is linked" : `${count} peers are linked`;
}

function behindText(count: number): string {
  return count === 1
    ? "1 member that is not linked has not said that it holds the same"
    : `${count} members that are not linked have not said that they hold the same`;
}

function absentText(count: number): string {
  return count === 1 ? "1 member is absent" : `${count} members are absent`;
}
