import { spokenSpaceName } from "../base/spoken_name.ts";
import { isLoopback } from "../peer/source_address.ts";
import type { JsonObject } from "./client.ts";
import { escapeText } from "./escape.ts";
import { numberField, textField } from "./fields.ts";
import { formatCount, formatDuration } from "./format.ts";
import type { Output } from "./output.ts";

/** What the first screen of `up` shows. */
export interface Screen {
  readonly version: string;
  /** The answer of `GET /v1/status`. */
  readonly status: JsonObject;
  readonly addresses: readonly string[];
  /** Whether it is found on the local network without an address. */
  readonly isFoundByName: boolean;
  /** Whether the usual port was busy. */
  readonly otherPort: boolean;
  /** Where the text protocol is spoken; null: nowhere. */
  readonly text: string | null;
  /** The home, as people write it. */
  readonly home: string;
  /** A ticket as the API gives it; null where none is to be shown. */
  readonly ticket: JsonObject | null;
  /** Wall clock, ms since 1970. */
  readonly nowMs: number;
}

/** The lines of the first screen. */
export function screenLines(screen: Screen, output: Output): string[] {
  const name = escapeText(textField(screen.status, "name"));
  const space = textField(screen.status, "space");
  const members = numberField(screen.status, "members") ?? 0;
  // Who has just joined does not know its members before it has received them.
  const known = members === 0 ? "receiving it" : formatCount(members, "member");
  const spaceText = space === "" ? "none yet" : `${spokenSpaceName(space)} (${known})`;
  const note = screen.otherPort ? "   (port 5484 is busy)" : "";
  const found = screen.isFoundByName ? "   found on the LAN by name" : "";
  const lines = [
    `${output.bold(`kith ${screen.version}`)}   peer ${output.bold(name)}   space ${output.bold(spaceText)}`,
    `${output.dim("listening")}    ${screen.addresses.join("   ")}${note}${found}`,
  ];
  if (screen.text !== null) lines.push(`${output.dim("text")}         ${screen.text}, without any password`);
  lines.push(`${output.dim("data")}         ${escapeText(screen.home)}`);
  if (screen.ticket === null) return lines;
  const { where, command } = howToJoin(screen.addresses, screen.isFoundByName);
  return [
    ...lines,
    "",
    `${where}, run   ${output.bold(command)}   and type   ${output.bold(textField(screen.ticket, "words"))}`,
    `(${validity(screen.ticket, screen.nowMs)}; for more, or from afar: kith invite --uses 15, kith invite --long)`,
  ];
}

/**
 * Where a ticket is of use, and the command for it there; on its own machine a peer is found without an address.
 *
 * @param isFoundByName whether it is on the local network too.
 */
export function howToJoin(
  addresses: readonly string[],
  isFoundByName: boolean,
): { readonly where: string; readonly command: string } {
  const reachable = addresses.find((address) => !isLoopback(address));
  return reachable === undefined
    ? { where: "In another home of this machine", command: "kith join" }
    : { where: "On another machine", command: isFoundByName ? "kith join" : `kith join --at ${reachable}` };
}

/** Whether a peer is found on the local network without an address, by the answer of `GET /v1/status`. */
export function isFoundByName(status: JsonObject): boolean {
  const lan = status.lan as { readonly interfaces?: unknown } | undefined;
  return Array.isArray(lan?.interfaces) && lan.interfaces.length > 0;
}

function validity(ticket: JsonObject, nowMs: number): string {
  const expires = numberField(ticket, "expires") ?? 0;
  return expires === 0 ? "valid for ever" : `one machine, valid ${formatDuration(Math.max(0, expires - nowMs))}`;
}
