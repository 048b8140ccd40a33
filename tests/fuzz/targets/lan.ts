import { utf8Encode } from "../../../lib/base/bytes.ts";
import { MAX_LAN_ASKED_TICKETS, MAX_LAN_PACKET_BYTES, MAX_LAN_TELLS } from "../../../lib/base/limits.ts";
import { decodeLanPacket, encodeLanMessage, isAboutKith } from "../../../lib/host/mdns_packet.ts";
import { Lan } from "../../../lib/mesh/lan.ts";
import type { LanMessage } from "../../../lib/mesh/lan_message.ts";
import { lanRecord, lanTicketTag } from "../../../lib/mesh/lan_names.ts";
import { Prng } from "../../sim/prng.ts";
import { holds, type Target } from "../target.ts";

const KEY = new Uint8Array(32).fill(1);
const NOW = { monotonicMs: 0, wallMs: 20_000 * 86_400_000 };
const PLACE = { port: 5484, addresses: ["10.0.0.2", "fe80::2", "2001:db8::2"] };

const random = new Prng(1);
const record = { ...PLACE, day: 20_000, ...lanRecord(KEY, new Uint8Array(32).fill(2), 20_000, PLACE, random) };
const ticket = lanTicketTag(KEY, 20_000);
const MESSAGES: readonly LanMessage[] = [
  { type: "ask", everybody: true, tickets: [ticket, ticket], known: [record.instance] },
  { type: "tell", record, ticket: null, stays: true },
  { type: "tell", record, ticket, stays: false },
];

/** What a peer makes of it, whose space and ticket it may be about. */
function heardBy(message: LanMessage): unknown {
  const lan = new Lan({
    peer: new Uint8Array(32).fill(3),
    random: new Prng(2),
    keys: () => ({ epoch: KEY, doors: [KEY], sought: [KEY] }),
    emit: () => {},
  });
  const address = { address: "10.0.0.3", prefixBits: 24, isListening: true };
  lan.networkChanged([{ name: "eth0", addresses: [address] }], 5484, NOW);
  const found = lan.received(message, null, false, NOW);
  for (const dialled of found?.addresses ?? []) {
    const isNear = /^(10\.0\.0\.2|\[fe80::2%eth0\]):5484$/.test(dialled);
    holds(isNear, `${dialled} is dialled, where its record was made for other addresses`);
  }
  return found?.addresses;
}

/** What comes by multicast DNS, from whoever is on the network. */
export const TARGETS: readonly Target[] = [{
  name: "lan_packet",
  seeds: MESSAGES.map(encodeLanMessage),
  dictionary: ["_kith", "_tcp", "local", "_sub", "d=20000", "p=", record.instance, ticket].map(utf8Encode),
  maxBytes: MAX_LAN_PACKET_BYTES,
  run(input) {
    isAboutKith(input);
    const messages = decodeLanPacket(input);
    for (const message of messages ?? []) {
      if (message.type === "ask") holds(message.tickets.length <= MAX_LAN_ASKED_TICKETS, "too many tickets");
    }
    holds((messages?.length ?? 0) <= MAX_LAN_TELLS, "too many messages of one packet");
    return messages?.map(heardBy);
  },
}];
