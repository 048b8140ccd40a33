import type { JsonObject } from "./client.ts";
import { escapeText } from "./escape.ts";
import { textField } from "./fields.ts";

/** Why there is no link to a relay, as people say it. */
const PROBLEMS: Readonly<Record<string, string>> = {
  not_a_member: "it does not take the key of the text that was given here",
  bad_handshake: "who answers there is another one",
  goodbye: "it has stopped",
  truncated: "the connection broke",
  silent: "nothing is heard from it",
  // Either end may have found so of the other.
  too_large: "more came at once than is allowed",
  misbehaved: "more came than is allowed, again and again, so that there is no link for some minutes",
  too_many_links: "it has as many peers as it allows",
};

/** `public_relay` of `GET /v1/status` in words: how it stands with the relay that is no member; null where none is used. */
export function publicRelayText(relay: unknown): string | null {
  if (typeof relay !== "object" || relay === null) return null;
  const fields = relay as JsonObject;
  const address = escapeText(textField(fields, "address"));
  if (fields.linked === true) return `linked with ${address}`;
  const problem = textField(fields, "problem");
  return `not linked with ${address}${problem === "" ? " so far" : `: ${PROBLEMS[problem] ?? escapeText(problem)}`}`;
}
