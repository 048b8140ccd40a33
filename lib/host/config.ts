import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { readDurationMs } from "../base/duration.ts";
import { KithError } from "../base/errors.ts";
import { GREATEST_MAX_LINKS, MAX_ADDRESSES, MAX_CONFIG_BYTES, MAX_NAME_BYTES } from "../base/limits.ts";
import { parseAddress, parseTarget } from "./address.ts";
import { fileError, readFileCapped, writeFileWhole } from "./file_error.ts";
import { relayFromText } from "../mesh/relay_address.ts";
import type { HomePaths } from "./home.ts";
import { DEFAULT_PORT } from "./listen.ts";

/** What `up` does without flags. Every field may be absent: then the default holds. */
export interface Config {
  /** What others see this peer called. Default: an animal and four letters of the peer id. */
  readonly name?: string;
  /** Addresses to listen on. Default: all interfaces, port 5484 or another where that is busy. */
  readonly listen?: readonly string[];
  /** Address of the text protocol's listener. Default: none. */
  readonly text?: string;
  /** How long what was replaced is kept, such as `30d` or `forever`. Default: 30d. */
  readonly history?: string;
  /** Links to members at a time, as a number in decimal. Default: DEFAULT_MAX_LINKS. */
  readonly "max-links"?: string;
  /** Whether peers are not looked for on the local network: `yes` or `no`. Default: no. */
  readonly "no-lan"?: string;
  /** Whether the DHT is not used: `yes` or `no`. Default: no. */
  readonly "no-dht"?: string;
  /** The nodes of the DHT that are asked first. Default: those of the public one. */
  readonly "dht-bootstrap"?: readonly string[];
  /** Whether the router is not asked to pass connections on: `yes` or `no`. Default: no. */
  readonly "no-port-map"?: string;
  /** Whether routers are not opened by QUIC: `yes` or `no`. Default: no. */
  readonly "no-punch"?: string;
  /** Whether links of others are not relayed: `yes` or `no`. Default: no. */
  readonly "no-relay"?: string;
  /** The text of a relay that belongs to no space, which holds a secret. Default: none. */
  readonly relay?: string;
}

type Check = (value: unknown) => string | null;

const isAddress = (value: unknown) => typeof value === "string" && parseAddress(value, DEFAULT_PORT) !== null;

const isList = (value: unknown, isItem: (item: unknown) => boolean) =>
  Array.isArray(value) && value.length >= 1 && value.length <= MAX_ADDRESSES && value.every(isItem);

const isTarget = (value: unknown) => typeof value === "string" && parseTarget(value) !== null;

const isYesOrNo: Check = (value) => value === "yes" || value === "no" ? null : "'yes' or 'no'";

const CHECKS: Readonly<Record<keyof Config, Check>> = {
  name: (value) => typeof value === "string" && nameProblem(value) === null ? null : "a name of 1 to 64 bytes",
  listen: (value) => isList(value, isAddress) ? null : `a list of 1 to ${MAX_ADDRESSES} addresses HOST:PORT`,
  text: (value) => isAddress(value) ? null : "an address HOST:PORT",
  history: (value) =>
    typeof value === "string" && readDurationMs(value) !== null ? null : "a time such as 12h, 30d or forever",
  "max-links": (value) =>
    typeof value === "string" && /^\d{1,9}$/.test(value) && Number(value) >= 1 && Number(value) <= GREATEST_MAX_LINKS
      ? null
      : `a number, 1 to ${GREATEST_MAX_LINKS}`,
  "no-lan": isYesOrNo,
  "no-dht": isYesOrNo,
  "dht-bootstrap": (value) => isList(value, isTarget) ? null : `a list of 1 to ${MAX_ADDRESSES} addresses HOST:PORT`,
  "no-port-map": isYesOrNo,
  "no-punch": isYesOrNo,
  "no-relay": isYesOrNo,
  relay: (value) => isRelay(value) ? null : "all of the text that 'kith relay' prints",
};

function isRelay(value: unknown): boolean {
  try {
    return typeof value === "string" && relayFromText(value) !== null;
  } catch (error) {
    if (error instanceof KithError) return false;
    throw error;
  }
}

/** Why a text can't be a peer's name; null when it can. */
export function nameProblem(name: string): string | null {
  if (!name.isWellFormed() || utf8Encode(name).length > MAX_NAME_BYTES) return `longer than ${MAX_NAME_BYTES} bytes`;
  if (name.trim() === "") return "empty";
  // deno-lint-ignore no-control-regex
  return /[\u0000-\u001f\u007f-\u009f]/.test(name) ? "control characters in it" : null;
}

/** A configuration from JSON. @throws {KithError} `config_invalid` naming the field. */
export function parseConfig(value: unknown, path: string): Config {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new KithError("config_invalid", { path, detail: "it is not a JSON object" });
  }
  for (const [field, content] of Object.entries(value)) {
    if (field === "v") continue;
    if (!Object.hasOwn(CHECKS, field)) throw new KithError("config_invalid", { path, detail: `no field '${field}'` });
    const wanted = CHECKS[field as keyof Config](content);
    if (wanted !== null) throw new KithError("config_invalid", { path, detail: `'${field}' must be ${wanted}` });
  }
  const { v: _v, ...config } = value as Config & { v?: unknown };
  return config;
}

/** The configuration of a home; empty where it has none. @throws {KithError} `config_invalid`, `home_…`. */
export function readConfig(paths: HomePaths): Config {
  try {
    const bytes = readFileCapped(paths.config, MAX_CONFIG_BYTES);
    return bytes === null ? {} : parseConfig(JSON.parse(utf8Decode(bytes)), paths.config);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError) {
      throw new KithError("config_invalid", { path: paths.config, detail: error.message }, error);
    }
    throw fileError(error, paths.home);
  }
}

/** Keeps a configuration; it holds from the next `up` on. @throws {KithError} `home_…`. */
export function writeConfig(paths: HomePaths, config: Config): void {
  try {
    writeFileWhole(paths.config, utf8Encode(JSON.stringify({ v: 1, ...config }, null, 2) + "\n"));
  } catch (error) {
    throw fileError(error, paths.home);
  }
}
