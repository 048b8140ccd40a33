import { KithError } from "../base/errors.ts";
import { canonicalAddresses } from "../base/ip_address.ts";
import { MAX_JOIN_DOORS } from "../base/limits.ts";
import { addressText, parseAddress } from "../host/address.ts";
import type { HostApi } from "../host/host_api.ts";
import { DEFAULT_PORT } from "../host/listen.ts";
import { ticketFromText } from "../space/ticket.ts";
import { accepted, type Fields } from "./answer.ts";
import { textField, textsField } from "./body.ts";
import { pathFields } from "./state.ts";

/** Founds a space. */
export async function createSpace(host: HostApi): Promise<Fields> {
  return { space: accepted(await host.request({ type: "create_space" })).space };
}

/**
 * Gets in with a ticket, telling what it does. Fields: ticket (in either spelling), at (addresses of members).
 *
 * @throws {KithError} `ticket_…`, `join_failed`, `refused_ticket`, `home_has_space`, …
 */
export async function* join(host: HostApi, fields: Fields): AsyncGenerator<Fields> {
  const text = textField(fields, "ticket") ?? textField(fields, "words");
  if (text === undefined) throw new KithError("bad_request", { detail: "it has no 'ticket'" });
  const ticket = ticketFromText(text);
  const named = textsField(fields, "at").map(dialable);
  if (!host.running) throw new KithError("no_peer_running", { home: host.paths.home });
  yield { event: "deriving" };
  const keys = await host.ticketKeys(ticket.secret);
  const found = [...named, ...ticket.addresses, ...await host.nearbyAddresses()];
  const addresses = canonicalAddresses(found).slice(0, MAX_JOIN_DOORS);
  yield { event: "joining", addresses };
  const joining = host.request({ type: "join", keys, addresses, named });
  let detail: string | undefined;
  const searching = new Promise<void>((resolve) => {
    const unsubscribe = host.onEvent(({ name, reason }) => {
      if (name !== "join_searching") return;
      detail = reason;
      resolve();
    });
    void joining.then(unsubscribe).then(resolve);
  });
  await searching;
  if (detail !== undefined) yield { event: "searching", detail };
  const { space, uses } = accepted(await joining);
  yield { event: "joined", joined: true, space, uses };
}

/** Dials an address, and keeps it as a hint. Fields: address. */
export async function connect(host: HostApi, fields: Fields): Promise<Fields> {
  const address = dialable(textField(fields, "address") ?? "");
  accepted(await host.request({ type: "connect", address }));
  return { address };
}

/** Measures a round trip, and tells by which path. Fields: peer, its name or the beginning of its id. */
export async function ping(host: HostApi, fields: Fields): Promise<Fields> {
  const peer = textField(fields, "peer") ?? "";
  const { roundTripMs, pinged } = accepted(await host.request({ type: "ping", peer }));
  const linked = host.peer.peers().find((view) => view.peer === pinged);
  return { peer, round_trip_ms: roundTripMs, ...(linked === undefined ? {} : pathFields(linked)) };
}

function dialable(text: string): string {
  const endpoint = parseAddress(text, DEFAULT_PORT);
  if (endpoint !== null && endpoint.port !== 0) return addressText(endpoint);
  throw new KithError("usage", { detail: `'${text}' is not an address HOST:PORT.` });
}
