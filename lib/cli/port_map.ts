import type { JsonObject } from "./client.ts";
import { escapeText } from "./escape.ts";
import { textField } from "./fields.ts";

/** How it stands with the router of this machine's network, in words, from a peer's status. */
export function portMapText(status: JsonObject): string {
  const map = (status.port_map ?? {}) as JsonObject;
  const [address, by, problem] = ["address", "by", "problem"].map((name) => escapeText(textField(map, name)));
  if (address === "") return `passes nothing on: ${problem}`;
  return `passes on what comes to ${address} (${by})${problem === "" ? "" : `, but ${problem}`}`;
}
