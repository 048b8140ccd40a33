import { DEFAULT_MAX_LINKS } from "../base/limits.ts";
import type { JsonObject } from "./client.ts";
import { type Context, EXIT_OK } from "./context.ts";
import { escapeText } from "./escape.ts";
import { readRelay, RELAY_SETTING, shownRelay } from "./relay_flag.ts";
import { suggestion, usageError } from "./usage.ts";

/** Where the text protocol is spoken unless an address is given. */
export const DEFAULT_TEXT_ADDRESS = "127.0.0.1:12345";

/** One setting of a home. */
export interface Setting {
  readonly name: string;
  /** Whether it has several values. */
  readonly list: boolean;
  /** What holds when it is not set, for people. */
  readonly otherwise: string;
}

/** The settings that `config` knows. */
export const SETTINGS: readonly Setting[] = [
  { name: "name", list: false, otherwise: "an animal and the beginning of the peer's id" },
  { name: "listen", list: true, otherwise: "all interfaces, port 5484 or the next free one" },
  { name: "text", list: false, otherwise: "off" },
  { name: "history", list: false, otherwise: "30d" },
  { name: "max-links", list: false, otherwise: String(DEFAULT_MAX_LINKS) },
  { name: "no-lan", list: false, otherwise: "no" },
  { name: "no-dht", list: false, otherwise: "no" },
  { name: "dht-bootstrap", list: true, otherwise: "those of the public DHT" },
  { name: "no-port-map", list: false, otherwise: "no" },
  { name: "no-punch", list: false, otherwise: "no" },
  { name: "no-relay", list: false, otherwise: "no" },
  { name: "relay", list: false, otherwise: "none but members" },
];

/** `config [SETTING [VALUE…]]`. */
export async function config(context: Context): Promise<number> {
  const [name, ...values] = context.args;
  const unset = context.flags.on("unset");
  if (name === undefined) {
    if (unset) throw usageError("--unset needs the name of a setting.");
    return show(context, SETTINGS, await read(context));
  }
  const setting = SETTINGS.find((known) => known.name === name);
  if (setting === undefined) {
    const near = suggestion(name, SETTINGS.map((known) => known.name), "'kith config' lists the settings.");
    throw usageError(`There is no setting '${name}'; ${near}`);
  }
  if (unset && values.length > 0) throw usageError("--unset takes no value.");
  if (!setting.list && values.length > 1) {
    throw usageError(`The setting '${name}' has one value; quote it if it has spaces.`);
  }
  const kept = await read(context);
  if (values.length === 0 && !unset) return show(context, [setting], kept);
  const { [name]: _replaced, ...others } = kept;
  if (name === RELAY_SETTING && !unset) values[0] = readRelay(context, values[0] as string, true);
  const changed = unset ? others : { ...others, [name]: setting.list ? values : values[0] };
  const peer = await context.peer();
  await peer.object("PUT", "/v1/config", { json: changed, signal: context.signal });
  if (context.output.json) return show(context, [setting], changed);
  if (await context.runningPeer() !== null) context.output.words("It holds from the next 'kith up' on.");
  return EXIT_OK;
}

async function read(context: Context): Promise<JsonObject> {
  const { v: _version, ...kept } = await (await context.peer()).object("GET", "/v1/config", { signal: context.signal });
  return kept;
}

function show(context: Context, settings: readonly Setting[], kept: JsonObject): number {
  if (context.output.json) {
    context.output.object(Object.fromEntries(settings.map(({ name }) => [name, shownOf(name, kept[name])])));
    return EXIT_OK;
  }
  const width = Math.max(...settings.map(({ name }) => name.length));
  for (const { name, otherwise } of settings) {
    const value = shownOf(name, kept[name]);
    const text = Array.isArray(value) ? value.join(" ") : value;
    const shown = text === undefined || text === null ? context.output.dim(`(${otherwise})`) : escapeText(String(text));
    context.output.line(`${context.output.dim(name.padEnd(width))}  ${shown}`);
  }
  return EXIT_OK;
}

/** A setting as it is shown: of a relay where it is, since the rest is a secret. */
function shownOf(name: string, value: unknown): unknown {
  return name === RELAY_SETTING && typeof value === "string" ? shownRelay(value) : value ?? null;
}
