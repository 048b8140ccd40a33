import type { JsonObject } from "./client.ts";
import { escapeText } from "./escape.ts";
import { numberField, textField } from "./fields.ts";

/** Why no hole through the routers leads to a member, as a part of a sentence about it. */
const FAILURES: Readonly<Record<string, string>> = {
  nobody_to_ask: "nobody that is linked can tell this peer where it is seen by UDP",
  udp_blocked: "nobody answers this peer by UDP",
  no_answer: "it did not answer in time",
  declined: "it names no address for UDP, or has too much to do",
  no_way_through: "the routers let nothing through",
  no_quic_here: "this peer takes no QUIC",
  no_quic_there: "it takes no QUIC",
};

/** What routers do with addresses, as what follows that UDP works. */
const MAPPINGS: Readonly<Record<string, string>> = {
  none: "no router changes this peer's address",
  same: "the router shows one address to all, so that holes can be punched",
  varies: "the router shows each one another address, so that holes can hardly be punched",
};

/** Why no hole leads to a linked peer, or to who an event is about; null where that is not said. */
export function noHoleText(fields: JsonObject, field = "punch_failed"): string | null {
  const reason = textField(fields, field);
  return reason === "" ? null : FAILURES[reason] ?? escapeText(reason);
}

/** `punch` of `GET /v1/status` in words: whether UDP works here, and what routers do with it. */
export function udpText(punch: JsonObject): string {
  const port = numberField(punch, "port");
  const problem = textField(punch, "problem");
  if (port === null) return problem === "" ? "not used" : `not used: ${escapeText(problem)}`;
  const at = `QUIC at port ${port}`;
  if (punch.works === null || punch.works === undefined) return `${at}; nobody could be asked so far`;
  if (punch.works === false) return `${at}, but nobody that was asked answers: this network may keep back UDP`;
  const mapping = textField(punch, "mapping");
  if (mapping === "") return `${at}, which works; too few tell what the router does with it`;
  return `${at}, which works; ${MAPPINGS[mapping] ?? escapeText(mapping)}`;
}
