import { KithError } from "../base/errors.ts";
import { MAX_ADDRESSES } from "../base/limits.ts";
import { addressText, parseAddress } from "../host/address.ts";
import type { HostApi } from "../host/host_api.ts";
import { DEFAULT_PORT } from "../host/listen.ts";
import type { Role } from "../peer/machine.ts";
import { newTicketSecret, ticketFromText, ticketText, ticketWords } from "../space/ticket.ts";
import { accepted, type Fields } from "./answer.ts";
import { numberField, textField, textsField } from "./body.ts";

/** How long a ticket is good unless it is said. */
const TICKET_FOR_MS = 24 * 60 * 60 * 1000;
const ROLES: readonly string[] = ["reader", "writer", "admin"] satisfies Role[];

/** Founds a space. */
export async function createSpace(host: HostApi): Promise<Fields> {
  return { space: accepted(await host.request({ type: "create_space" })).space };
}

/** Makes a ticket. Fields: role (default: writer), uses (default: 1), forMs (default: 24 hours; 0: for ever). */
export async function invite(host: HostApi, fields: Fields): Promise<Fields> {
  const role = textField(fields, "role") ?? "writer";
  if (!ROLES.includes(role)) {
    throw new KithError("bad_request", { detail: `'role' must be one of ${ROLES.join(", ")}` });
  }
  const forMs = numberField(fields, "forMs") ?? TICKET_FOR_MS;
  const expiresMs = forMs === 0 ? 0 : host.nowMs() + Math.ceil(forMs);
  const secret = newTicketSecret(host.random);
  const keys = await host.ticketKeys(secret);
  const uses = numberField(fields, "uses") ?? 1;
  accepted(await host.request({ type: "invite", keys, secret, role: role as Role, uses, expiresMs }));
  return ticketFields(host, secret, expiresMs);
}

/** The tickets that were made here and are still good. */
export function openInvites(host: HostApi): Fields {
  const open = host.peer.openInvite(host.nowMs());
  return { invites: open === null ? [] : [ticketFields(host, open.secret, open.expiresMs)] };
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
  const addresses = [...new Set(found)].slice(0, MAX_ADDRESSES);
  if (addresses.length === 0) throw new KithError("join_failed", { detail: "no address of a member is known" });
  yield { event: "joining", addresses };
  const { space } = accepted(await host.request({ type: "join", keys, addresses }));
  yield { event: "joined", joined: true, space };
}

/** Dials an address, and keeps it as a hint. Fields: address. */
export async function connect(host: HostApi, fields: Fields): Promise<Fields> {
  const address = dialable(textField(fields, "address") ?? "");
  accepted(await host.request({ type: "connect", address }));
  return { address };
}

/** Measures a round trip. Fields: peer, its name or the beginning of its id. */
export async function ping(host: HostApi, fields: Fields): Promise<Fields> {
  const peer = textField(fields, "peer") ?? "";
  const { roundTripMs } = accepted(await host.request({ type: "ping", peer }));
  return { peer, round_trip_ms: roundTripMs };
}

function ticketFields(host: HostApi, secret: Uint8Array, expiresMs: number): Fields {
  const spellings = { words: ticketWords(secret), ticket: ticketText(secret, host.addresses) };
  return { ...spellings, expires: expiresMs };
}

function dialable(text: string): string {
  const endpoint = parseAddress(text, DEFAULT_PORT);
  if (endpoint !== null && endpoint.port !== 0) return addressText(endpoint);
  throw new KithError("usage", { detail: `'${text}' is not an address HOST:PORT.` });
}
