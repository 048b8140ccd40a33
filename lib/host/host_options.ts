import { readDurationMs } from "../base/duration.ts";
import { KithError } from "../base/errors.ts";
import { DEFAULT_HISTORY_MS, DEFAULT_MAX_LINKS } from "../base/limits.ts";
import { type RelayAddress, relayFromText } from "../mesh/relay_address.ts";
import { parseAddress } from "./address.ts";
import { type Config, nameProblem } from "./config.ts";
import type { Handler } from "./control.ts";
import type { HostApi } from "./host_api.ts";
import { DEFAULT_PORT, listenAnywhere, listenOn } from "./listen.ts";

/** How a peer is to be run. */
export interface HostOptions {
  /** kith's version; others are told. */
  readonly version: string;
  /** The home. Default: KITH_HOME, else the usual one. */
  readonly home?: string;
  /** What others see this peer called. Default: as configured, else an animal and four letters of its id. */
  readonly name?: string;
  /** Where to listen, `HOST:PORT`. Default: as configured, else all interfaces. */
  readonly listen?: readonly string[];
  /** How long what was replaced is kept, in ms; Infinity for ever. Default: as configured, else 30 days. */
  readonly historyMs?: number;
  /** Links to members at a time. Range: 1 to GREATEST_MAX_LINKS. Default: as configured, else DEFAULT_MAX_LINKS. */
  readonly maxLinks?: number;
  /** Whether peers are looked for on the local network. Default: as configured, else true. */
  readonly lan?: boolean;
  /** Whether the DHT is used to find peers, and to be found. Default: as configured, else true. */
  readonly dht?: boolean;
  /** Whether the router is asked to pass connections from outside on. Default: as configured, else true. */
  readonly portMap?: boolean;
  /** Whether routers are opened from both sides, by QUIC over UDP. Default: as configured, else true. */
  readonly punch?: boolean;
  /** The nodes of the DHT that are asked first, `HOST:PORT`. Default: as configured, else those of the public one. */
  readonly dhtBootstrap?: readonly string[];
  /** Whether links of others are relayed that can't reach each other. Default: as configured, else true. */
  readonly relay?: boolean;
  /** A relay that belongs to no space, as the text that it has printed. Default: as configured, else none. */
  readonly publicRelay?: string;
  /** Whether to use a new home that is removed at the end. Default: false. */
  readonly ephemeral?: boolean;
  /** Whether only to open the store, for one command: no network, no control channel. Default: false. */
  readonly offline?: boolean;
  /** Whether the home's data is on its way into another space by this very process: that is not taken back then. */
  readonly carrying?: boolean;
  /** Makes what answers on the control channel. Default: no control channel. */
  readonly api?: (host: HostApi) => Handler;
  /** Receives each line of the log too. Default: none. */
  readonly logLine?: (line: string) => void;
}

/** What holds of these options, once the home's settings stand in for what is not said. */
export interface HostSettings {
  /** Where to listen; undefined for anywhere. */
  readonly listen: readonly string[] | undefined;
  readonly historyMs: number;
  readonly maxLinks: number;
  readonly usesLan: boolean;
  readonly usesDht: boolean;
  /** Empty for the nodes of the public DHT. */
  readonly dhtBootstrap: readonly string[];
  readonly mapsPorts: boolean;
  readonly punches: boolean;
  readonly servesRelay: boolean;
  readonly publicRelay: RelayAddress | null;
}

/** What holds of the options that a host is started with. @throws {KithError} `relay_invalid`. */
export function settingsOf(options: HostOptions, config: Config): HostSettings {
  const configuredMs = config.history === undefined ? null : readDurationMs(config.history);
  const configuredLinks = config["max-links"] === undefined ? null : Number(config["max-links"]);
  const publicRelay = options.publicRelay ?? config.relay;
  const usesDht = !options.offline && (options.dht ?? config["no-dht"] !== "yes");
  return {
    listen: options.listen ?? config.listen,
    historyMs: options.historyMs ?? configuredMs ?? DEFAULT_HISTORY_MS,
    maxLinks: options.maxLinks ?? configuredLinks ?? DEFAULT_MAX_LINKS,
    usesLan: options.lan ?? config["no-lan"] !== "yes",
    usesDht,
    dhtBootstrap: usesDht ? options.dhtBootstrap ?? config["dht-bootstrap"] ?? [] : [],
    mapsPorts: !options.offline && (options.portMap ?? config["no-port-map"] !== "yes"),
    punches: !options.offline && (options.punch ?? config["no-punch"] !== "yes"),
    servesRelay: options.relay ?? config["no-relay"] !== "yes",
    publicRelay: options.offline || publicRelay === undefined ? null : relayFromText(publicRelay),
  };
}

/** Listens where it is asked to, else anywhere. @throws {KithError} `usage`, `port_in_use`, `address_unusable`. */
export function openListeners(listen: readonly string[] | undefined): Deno.TcpListener[] {
  if (listen === undefined || listen.length === 0) return listenAnywhere();
  return listenOn(listen.map((text) => {
    const endpoint = parseAddress(text, DEFAULT_PORT);
    if (endpoint === null) throw new KithError("usage", { detail: `'${text}' is not an address HOST:PORT.` });
    return endpoint;
  }));
}

/** A peer's name. @throws {KithError} `usage` where it can't be one. */
export function checkedName(name: string): string {
  const problem = nameProblem(name);
  if (problem === null) return name;
  throw new KithError("usage", { detail: `The name '${name}' can't be used: ${problem}.` });
}
