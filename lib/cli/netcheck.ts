import type { MulticastCheck, NetworkCheck } from "../host/network_check.ts";
import type { JsonObject } from "./client.ts";
import { type Context, EXIT_OK } from "./context.ts";
import { dhtText } from "./dht.ts";
import { escapeText } from "./escape.ts";
import { portMapText } from "./port_map.ts";
import { publicRelayText } from "./public_relay.ts";
import { udpText } from "./punch.ts";
import { reachText } from "./reach.ts";

/** What was found: of this machine, and by its running peer (its status; null where none runs). */
interface Found {
  readonly check: NetworkCheck;
  readonly status: JsonObject | null;
  /** Wall clock, ms since 1970. */
  readonly nowMs: number;
}

/** One matter that is told of: a line, and fields under --json. */
interface Section {
  readonly name: string;
  readonly text: (found: Found) => string;
  readonly fields: (found: Found) => JsonObject;
}

/** All that is told of, in this order. */
const SECTIONS: readonly Section[] = [
  {
    name: "addresses",
    text: ({ check }) => {
      const shown = check.addresses.filter(({ scope }) => scope !== "link");
      return (shown.length > 0 ? shown : check.addresses)
        .map(({ address, interface: on, scope }) => `${address} (${escapeText(on)}, ${scope})`).join("  ");
    },
    fields: ({ check }) => ({ addresses: check.addresses }),
  },
  {
    name: "listening",
    text: ({ check, status }) => {
      if (status !== null) return listOf(status.addresses).join("  ") || "nowhere";
      const ports = check.ports.map(({ port, isFree }) =>
        `port ${port} ${
          isFree === null ? "is at no address of now" : isFree ? "is free" : "is used by another program"
        }`
      );
      return `no peer runs; ${ports.join(", ")}`;
    },
    fields: ({ check, status }) => ({
      running: status !== null,
      listening: listOf(status?.addresses),
      ports: check.ports.map(({ port, isFree }) => ({ port, free: isFree })),
    }),
  },
  {
    name: "reached",
    text: ({ status }) =>
      status === null
        ? "only a running peer learns from members whether it can be reached: kith up"
        : reachText((status.reach ?? {}) as JsonObject) ?? "no member from outside of this network has told so far",
    fields: ({ status }) => ({ reach: status?.reach ?? null }),
  },
  {
    name: "udp",
    text: ({ status }) =>
      status === null
        ? "only a running peer learns from members what becomes of it"
        : udpText((status.punch ?? {}) as JsonObject),
    fields: ({ status }) => ({ udp: status?.punch ?? null }),
  },
  {
    name: "router",
    text: ({ status }) => status === null ? "only a running peer asks it to pass connections on" : portMapText(status),
    fields: ({ status }) => ({ port_map: status?.port_map ?? null }),
  },
  {
    name: "multicast",
    text: ({ check }) => multicastText(check.multicast),
    fields: ({ check }) => ({ multicast: check.multicast }),
  },
  {
    name: "dht",
    text: ({ status, nowMs }) =>
      status === null ? "only a running peer asks it" : dhtText((status.dht ?? {}) as JsonObject, nowMs),
    fields: ({ status }) => ({ dht: status?.dht ?? null }),
  },
  {
    name: "relay",
    text: ({ status }) =>
      status === null
        ? "only a running peer is linked with one"
        : publicRelayText(status.public_relay) ?? "none is used",
    fields: ({ status }) => ({ public_relay: status?.public_relay ?? null }),
  },
];

/** `netcheck`. */
export async function netcheck(context: Context): Promise<number> {
  const { output, backend, console, flags, home, signal } = context;
  const running = await context.runningPeer();
  const status = running === null ? null : await running.object("GET", "/v1/status", { signal });
  const check = await backend.checkNetwork(home, { lan: !flags.on("no-lan"), running: running !== null });
  const found = { check, status, nowMs: console.nowMs() };
  const network = check.addresses.length > 0;
  if (output.json) {
    output.object(Object.assign({ network }, ...SECTIONS.map(({ fields }) => fields(found))));
  } else if (!network) {
    output.line("This machine has no network: kith works locally, and links once there is one.");
  } else {
    output.lines(SECTIONS.map(({ name, text }) => `${output.dim(name.padEnd(12))} ${text(found)}`));
  }
  return EXIT_OK;
}

function multicastText({ interfaces, problem, self, peers, others }: MulticastCheck): string {
  if (interfaces.length === 0) return `not used: ${escapeText(problem ?? "no network was found")}`;
  const on = `asked on ${interfaces.map(escapeText).join(" and ")}`;
  const more = problem === null ? "" : ` (but ${escapeText(problem)})`;
  if (peers) return `${on}: other peers are heard${more}`;
  if (others) return `${on}: other machines are heard, but no peer${more}`;
  if (self) return `${on}: nobody else is heard; there may be nobody, or this network keeps back multicast${more}`;
  return `${on}: not even the question came back: this machine or its firewall keeps back multicast ` +
    `(UDP port 5353)${more}`;
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map((one) => escapeText(String(one))) : [];
}
