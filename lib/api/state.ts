import type { DhtState } from "../host/dht_service.ts";
import type { HostApi } from "../host/host_api.ts";
import type { MessageCounts } from "../peer/post_views.ts";
import type { AbsentView, ElsewhereView } from "../peer/presence_views.ts";
import type { PunchView } from "../peer/punches.ts";
import type { ReachView } from "../peer/reachability.ts";
import type { PublicRelayView } from "../peer/relay_client.ts";
import type { CompactionView, ConflictView, LinkCounts, PeerView } from "../peer/reads.ts";
import type { Fields } from "./answer.ts";
import { doerFields, entryFields, memberNames, writerFields } from "./entries.ts";
import { valueFields } from "./value_fields.ts";

/** How the peer is. */
export function statusFields(host: HostApi): Fields {
  const { peers, absent, elsewhere, ...rest } = host.peer.status();
  const { counters, compaction, links, cut, reach, punch, messages, relay, publicRelay, ...others } = rest;
  const { removedBy, toldRemovedBy, ...status } = others;
  const names = memberNames(host);
  return {
    ...status,
    removed_by: removedBy === null ? null : writerFields(removedBy, names),
    told_removed_by: toldRemovedBy.map((peer) => writerFields(peer, names)),
    peers: peers.map(peerFields),
    absent: absent.map((member) => absentFields(member, names)),
    elsewhere: elsewhere.map((member) => elsewhereFields(member, names)),
    compaction: compactionFields(compaction),
    links: linkFields(links),
    reach: reachFields(reach),
    punch: punchFields(punch),
    messages: messageFields(messages),
    relay: { serving: relay.isServing, circuits: relay.circuits, carried: relay.carriedBytes },
    public_relay: publicRelay === null ? null : publicRelayFields(publicRelay),
    cut: cut.map(({ untilMs, ...fields }) => ({ ...fields, until: untilMs })),
    events: { ...counters, ...host.counters },
    version: host.version,
    running: host.running,
    started: host.startedMs,
    addresses: host.addresses,
    lan: host.lan,
    port_map: host.running ? host.portMap : null,
    dht: host.running ? dhtFields(host.dht) : null,
    notices: host.notices.map(({ name, reason, fields }) => ({ event: name, reason, ...fields })),
    home: host.paths.home,
  };
}

/** Who is linked, which members are not, and who is at the door. */
export function peersFields(host: HostApi): Fields {
  const peers = host.peer.peers(host.nowMs()).map(peerFields);
  const door = host.peer.door().map(({ sinceMs, ...stranger }) => ({ ...stranger, since: sinceMs }));
  const { absent, elsewhere, others } = host.peer.status();
  const names = memberNames(host);
  return {
    peers,
    elsewhere: elsewhere.map((member) => elsewhereFields(member, names)),
    absent: absent.map((member) => absentFields(member, names)),
    others,
    door,
  };
}

/** What needs a person's eye. */
export function conflictsFields(host: HostApi): Fields {
  const names = memberNames(host);
  const conflicts = host.peer.conflicts().map((conflict) => conflictFields(conflict, names));
  return { conflicts, forks: host.peer.forks() };
}

/** How a linked peer is reached; `relay` is only there where it is through another member, and why no hole leads to it. */
export function pathFields({ path, relay, relayName, punchFailure }: PeerView): Fields {
  const by = relay === null ? {} : { relay, relay_name: relayName };
  return { path, ...by, ...(punchFailure === null ? {} : { punch_failed: punchFailure }) };
}

function peerFields(view: PeerView): Fields {
  const { peer, name, address, roundTripMs, sinceMs, inSync, sentBytes, receivedBytes, queuedBytes } = view;
  const { role, missingHere, missingThere, sentPerS, receivedPerS } = view;
  return {
    ...{ peer, name, address, ...pathFields(view), round_trip_ms: roundTripMs, since: sinceMs, in_sync: inSync },
    ...{ sent: sentBytes, received: receivedBytes, queued: queuedBytes },
    ...{ role, missing_here: missingHere, missing_there: missingThere },
    ...(sentPerS === null ? {} : { sent_per_s: sentPerS, received_per_s: receivedPerS }),
  };
}

function publicRelayFields({ isLinked, sinceMs, ...view }: PublicRelayView): Fields {
  return { ...view, linked: isLinked, since: sinceMs };
}

function linkFields({ members, maxMembers, inbound, maxInbound, pending, maxPending }: LinkCounts): Fields {
  return { members, max_members: maxMembers, inbound, max_inbound: maxInbound, pending, max_pending: maxPending };
}

function reachFields({ addresses, ...reach }: ReachView): Fields {
  return {
    ...reach,
    addresses: addresses.map(({ address, reachedBy, failedFor, timeMs, isTold }) => {
      return { address, reached_by: reachedBy, failed_for: failedFor, time: timeMs, told: isTold };
    }),
  };
}

function punchFields({ failed, ...punch }: PunchView): Fields {
  return { ...punch, failed: failed.map(({ peer, reason, timeMs }) => ({ peer, reason, time: timeMs })) };
}

function messageFields({ sent, received, passedOn, missed, dropped, unread }: MessageCounts): Fields {
  return { sent, received, passed_on: passedOn, missed, dropped, unread };
}

/** `history_ms` is null for ever. */
function compactionFields(view: CompactionView): Fields {
  const { historyMs, finalAtMs, compactedAtMs, isDone, pendingSinceMs, waitsFor } = view;
  return {
    ...{ history_ms: historyMs === Infinity ? null : historyMs, final: finalAtMs, compacted: compactedAtMs },
    ...{ done: isDone, pending: pendingSinceMs, waits_for: waitsFor },
  };
}

function dhtFields({ problem, nodes, announcedMs, answeredMs }: DhtState): Fields {
  return { problem, nodes, announced: announcedMs, answered: answeredMs };
}

function absentFields({ peer, name, sinceMs, absence, by }: AbsentView, names: ReadonlyMap<string, string>): Fields {
  return { peer, name, since: sinceMs, state: absence, ...(by === null ? {} : doerFields(by, names)) };
}

function elsewhereFields(view: ElsewhereView, names: ReadonlyMap<string, string>): Fields {
  const { peer, name, heardMs, by, inSync } = view;
  return { peer, name, heard: heardMs, ...doerFields(by, names), in_sync: inSync };
}

function conflictFields(conflict: ConflictView, names: ReadonlyMap<string, string>): Fields {
  const { kind, key } = conflict;
  if (conflict.kind === "delete_beside_put") {
    const { version, peer, timeMs, deletedBy, deletedAtMs } = conflict;
    const deleter = names.get(deletedBy);
    return {
      ...{ kind, key, version, ...writerFields(peer, names), time: timeMs },
      ...{ deleted_by: deletedBy, ...(deleter === undefined ? {} : { deleted_by_name: deleter }) },
      deleted_at: deletedAtMs,
    };
  }
  if (conflict.kind === "undone") {
    const { version, operation, peer, timeMs, undoneBy } = conflict;
    const undoer = undoneBy === null ? undefined : names.get(undoneBy);
    return {
      ...{ kind, key, version, operation, ...writerFields(peer, names), time: timeMs },
      ...{ undone_by: undoneBy, ...(undoer === undefined ? {} : { undone_by_name: undoer }) },
    };
  }
  const versions = conflict.versions.map(({ winner, ...entry }) => {
    return { winner, ...entryFields(entry, names), ...valueFields(entry.media, entry.value) };
  });
  return { kind, key, versions };
}
