import type { JsonObject } from "./client.ts";
import { escapeText } from "./escape.ts";
import { numberField, textField } from "./fields.ts";
import { formatAge, formatCount } from "./format.ts";

/** How it stands with the DHT, in words. @param dht the field `dht` of a status. */
export function dhtText(dht: JsonObject, nowMs: number): string {
  const announcedMs = numberField(dht, "announced");
  const problem = textField(dht, "problem");
  if (numberField(dht, "answered") === null) {
    return problem === "" ? "not needed so far" : `not in use: ${escapeText(problem)}`;
  }
  const announced = announcedMs === null ? "not announced" : `announced ${formatAge(announcedMs, nowMs)}`;
  const known = `${formatCount(numberField(dht, "nodes") ?? 0, "node")} known, ${announced}`;
  return problem === "" ? known : `${known}; the last question failed: ${escapeText(problem)}`;
}
