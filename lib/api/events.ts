import type { PeerEvent } from "../base/event.ts";
import { MAX_WATCH_EVENTS } from "../base/limits.ts";
import type { HostApi } from "../host/host_api.ts";
import type { Fields } from "./answer.ts";
import { doerFields, memberNames } from "./entries.ts";
import { Waker } from "./waker.ts";

/** What those who watch are told of, by the name of the event. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ["member_joined", "joined"],
  ["member_removed", "removed"],
  ["member_linked", "linked"],
  ["member_unlinked", "unlinked"],
  ["member_left", "left"],
  ["member_gone", "gone"],
  ["member_back", "back"],
  ["path_changed", "path"],
  ["punch_failed", "punch_failed"],
  ["stranger_waiting", "waiting"],
  ["joiner_asks", "asking"],
  ["reachability_changed", "reachability"],
  ["relay_linked", "relay_linked"],
  ["relay_lost", "relay_lost"],
]);
/** The reason with which a link is refused whose ticket is not good here. */
const REFUSED = "refused_ticket";

/**
 * Who joins, leaves, is lost or is back, as it is noticed: first `watching`, with `initial=1` a `linked` for everyone who
 * is linked already, then each event as it comes, with `time`, `peer` (base32 id; none of who asks on the local network
 * for a door, nor where it is about how others reach this peer), `name` (empty where not known) and mostly `reason`. Who reads too slowly gets `lagged`, and no more.
 */
export async function* watchEvents(host: HostApi, query: URLSearchParams, signal: AbortSignal): AsyncGenerator<Fields> {
  using waker = new Waker(signal);
  const waiting: Fields[] = [];
  let isLagging = false;
  const unsubscribe = host.onEvent((event) => {
    const fields = eventFields(event, host);
    if (fields === null) return;
    if (waiting.length >= MAX_WATCH_EVENTS) isLagging = true;
    else waiting.push(fields);
    waker.wake();
  });
  try {
    yield { event: "watching" };
    if (query.get("initial") === "1") {
      for (const { peer, name, address, path, sinceMs, relay, relayName } of host.peer.peers()) {
        const by = relay === null ? {} : { by: relay, by_name: relayName };
        yield { event: "linked", time: sinceMs, peer, name, address, path, ...by, initial: true };
      }
    }
    while (!signal.aborted) {
      yield* waiting.splice(0);
      if (isLagging) {
        host.event({ name: "watch_lagged", level: "warning", reason: "too_slow", fields: { events: true } });
        yield { event: "lagged" };
        return;
      }
      if (waiting.length === 0) await waker.woken();
    }
  } finally {
    unsubscribe();
  }
}

/** An event as it is told; null for one that is not. */
function eventFields({ name, reason, fields = {} }: PeerEvent, host: HostApi): Fields | null {
  const isRefusal = name === "link_refused" && reason === REFUSED;
  const event = isRefusal ? "refused" : NAMES.get(name);
  if (event === undefined) return null;
  const { peer, name: called = "", by, ...more } = fields;
  return {
    ...{ event, time: host.nowMs(), peer, name: called },
    ...(reason === undefined ? {} : { reason }),
    ...(typeof by === "string" ? doerFields(by, memberNames(host)) : {}),
    ...(isRefusal ? { address: more.address } : more),
  };
}
