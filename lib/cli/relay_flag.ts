import { KithError } from "../base/errors.ts";
import { relayFromText, relayText } from "../mesh/relay_address.ts";
import type { Context } from "./context.ts";

/** The setting, and the flag, that name a relay which belongs to no space. */
export const RELAY_SETTING = "relay";

/**
 * The relay that the command was given, by --relay or KITH_RELAY, as its text; undefined for none.
 *
 * @param warns whether to warn where others on this machine can see it. Default: no.
 * @throws {KithError} `relay_invalid`, `file_unreadable`.
 */
export function relayOf(context: Context, warns = false): string | undefined {
  const given = context.flags.text(RELAY_SETTING);
  if (given === undefined) return undefined;
  return readRelay(context, given, warns && given !== context.console.variable("KITH_RELAY"));
}

/**
 * The text of a relay as it was typed, or of a file that is named with `@`.
 *
 * @param warns whether it stood on the command line of this process.
 * @throws {KithError} `relay_invalid`, `file_unreadable`.
 */
export function readRelay({ console, output, prompted }: Context, given: string, warns: boolean): string {
  const path = given.startsWith("@") ? given.slice(1) : null;
  const text = path === null ? given : console.readTextFile(path);
  if (text === null) throw new KithError("file_unreadable", { path: path ?? "", detail: "there is no such file" });
  const relay = relayFromText(text);
  if (warns && path === null && prompted === null) {
    output.warning(
      "The relay's text was on the command line, where others on this machine can see it, and may use the relay by it. " +
        "Better put it into KITH_RELAY, or into a file and name that: @FILE.",
    );
  }
  return relayText(relay);
}

/** What may be shown of the text of a relay: where it is. */
export function shownRelay(text: string): string {
  return relayFromText(text).addresses.join(" ");
}
