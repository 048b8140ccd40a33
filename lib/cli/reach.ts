import type { JsonObject } from "./client.ts";
import { escapeText } from "./escape.ts";
import { numberField, objectsOf, textField } from "./fields.ts";
import { formatCount } from "./format.ts";

/** Kinds of NAT, as what follows 'IPv4' or 'IPv6'. */
const NATS: Readonly<Record<string, string>> = {
  none: "without NAT",
  port_kept: "behind a NAT that keeps ports",
  port_changed: "behind a NAT that changes ports",
  address_varies: "behind a NAT with several addresses",
};

/** `reach` of `GET /v1/status` in words: whether members reach this peer, where, and what is in between; null: not known. */
export function reachText(reach: JsonObject): string | null {
  const nat = (reach.nat ?? {}) as JsonObject;
  const addresses = objectsOf(reach, "addresses");
  const told = addresses.filter((one) => one.told === true).map((one) => textField(one, "address"));
  const parts = [reachableText(reach.reachable, addresses), natText(nat.ipv4, nat.ipv6)];
  if (told.length > 0) parts.push(`others are told ${told.map(escapeText).join(", ")}`);
  const known = parts.filter((part) => part !== null);
  return known.length === 0 ? null : known.join("; ");
}

/** An event `reachability` in words; null where nothing is known. */
export function reachChangeText(event: JsonObject): string | null {
  const told = textField(event, "addresses").split(" ").filter((address) => address !== "");
  const addresses = told.map((address) => ({ address, reached_by: 1, told: true }));
  return reachText({ reachable: event.reachable, nat: { ipv4: event.nat_ipv4, ipv6: event.nat_ipv6 }, addresses });
}

function reachableText(reachable: unknown, addresses: readonly JsonObject[]): string | null {
  if (reachable === true) {
    const reached = addresses.filter((one) => (numberField(one, "reached_by") ?? 0) > 0);
    const where = reached.map((one) => escapeText(textField(one, "address"))).join(", ");
    return where === "" ? "from outside" : `from outside at ${where}`;
  }
  if (reachable !== false) return null;
  const most = Math.max(0, ...addresses.map((one) => numberField(one, "failed_for") ?? 0));
  return most === 0 ? "not from outside" : `not from outside, where ${formatCount(most, "member")} tried`;
}

function natText(ipv4: unknown, ipv6: unknown): string | null {
  const parts = [["IPv4", ipv4], ["IPv6", ipv6]].flatMap(([family, kind]) => {
    return typeof kind === "string" ? [`${family} ${NATS[kind] ?? escapeText(kind)}`] : [];
  });
  return parts.length === 0 ? null : parts.join(", ");
}
