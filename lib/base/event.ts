import { ERRORS } from "./errors.ts";

/** What an event tells of: the value of a field as it is shown to people and written as JSON. */
export type EventValue = string | number | boolean | null;

/**
 * Something that a person may want to know of: every refusal, drop and limit hit, and every change of links and
 * members. The host writes it to the log and counts it for `status`.
 */
export interface PeerEvent {
  /** What happened, in snake_case: `link_opened`, `link_refused`, `transaction_refused`, … */
  readonly name: string;
  /** How much it matters. */
  readonly level: "debug" | "info" | "warning" | "error";
  /** Why, as a code of the error registry or a short phrase. */
  readonly reason?: string;
  /** More, by name. Texts from other peers are as they came: escape them before they reach a terminal. */
  readonly fields?: Readonly<Record<string, EventValue>>;
}

/** The names under which an event is counted: its own, and `NAME:REASON` where the reason is a code of the registry. */
export function countedNames({ name, reason }: PeerEvent): string[] {
  return reason !== undefined && Object.hasOwn(ERRORS, reason) ? [name, `${name}:${reason}`] : [name];
}
