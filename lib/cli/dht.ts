import type { JsonObject } from "./client.ts";
import { escapeText } from "./escape.ts";
import { numberField, textField } from "./fields.ts";
import { formatAge, formatCount } from "./format.ts";

/** How a peer stands with the DHT, by the answer of `GET /v1/status`, in words. */
export function dhtText(answer: JsonObject, nowMs: number): string {
  const dht = (answer.dht ?? {}) as JsonObject;
  const [announcedMs, answeredMs] = [numberField(dht, "announced"), numberField(dht, "answered")];
  const problem = textField(dht, "problem");
  if (answeredMs === null) return problem === "" ? "not needed so far" : `not used: ${escapeText(problem)}`;
  const announced = announcedMs === null ? "not announced" : `announced ${formatAge(announcedMs, nowMs)}`;
  const nodes = `${formatCount(numberField(dht, "nodes") ?? 0, "node")} known, ${announced}`;
  return problem === "" ? nodes : `${nodes}; at last: ${escapeText(problem)}`;
}
