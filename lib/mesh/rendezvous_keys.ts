import { DOMAINS } from "../wire/domains.ts";
import { dayMac } from "./lan_names.ts";

/** Bytes of an info hash (BEP 5). */
export const INFO_HASH_BYTES = 20;

/** The info hash under which the members of a space meet on a day. @param epoch the newest secret of its epochs. */
export function spaceInfoHash(epoch: Uint8Array, day: number): Uint8Array {
  return dayMac(DOMAINS.dht_space, epoch, day).subarray(0, INFO_HASH_BYTES);
}

/** The info hash under which the doors of a ticket are found on a day. @param lanKey a LAN key of the ticket. */
export function ticketInfoHash(lanKey: Uint8Array, day: number): Uint8Array {
  return dayMac(DOMAINS.dht_ticket, lanKey, day).subarray(0, INFO_HASH_BYTES);
}
