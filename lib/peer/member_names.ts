import { type ErrorCode, KithError } from "../base/errors.ts";
import { MIN_ABBREVIATION_LETTERS } from "../base/limits.ts";
import { spokenPeerName } from "../base/spoken_name.ts";

/** Somebody who has an id in base32 and a name, which may be empty. */
interface Named {
  readonly peer: string;
  readonly name: string;
}

/** Letters of an id that tell a few dozen members apart. */
const LABEL_LETTERS = 8;
/** Candidates that are listed: more than a person compares. */
const MAX_CANDIDATES = 8;

/**
 * The member that a person means, by its whole id, its name, or the beginning of its id. Names are chosen by members
 * themselves, so that two may have one: then neither is meant.
 *
 * @param unknown the error where nobody is called so.
 * @throws {KithError} `unknown`, `member_ambiguous`.
 */
export function memberCalled<Member extends Named>(
  members: readonly Member[],
  text: string,
  unknown: ErrorCode = "member_unknown",
): Member {
  const exact = members.find(({ peer }) => peer === text);
  if (exact !== undefined) return exact;
  const fitting = members.filter(({ peer, name }) => {
    return (name || spokenPeerName(peer)) === text || isAbbreviation(peer, text);
  });
  const [member] = fitting;
  if (member === undefined) throw new KithError(unknown, { peer: text });
  if (fitting.length === 1) return member;
  const candidates = fitting.slice(0, MAX_CANDIDATES).map(({ peer, name }) => memberLabel(peer, name));
  const more = fitting.length > MAX_CANDIDATES ? ", …" : "";
  throw new KithError("member_ambiguous", { peer: text, candidates: candidates.join(", ") + more });
}

/** A member as people tell it from others, such as `attic (7f2kq3md)`. */
export function memberLabel(peer: string, name: string): string {
  const letters = peer.slice(0, LABEL_LETTERS);
  return name === "" ? letters : `${name} (${letters})`;
}

/** Whether a text stands for a longer one: it is the beginning of it, and long enough. */
export function isAbbreviation(whole: string, text: string): boolean {
  return text.length >= MIN_ABBREVIATION_LETTERS && whole.startsWith(text);
}
