/** What the registry knows of an error. */
export interface ErrorEntry {
  /** The exit code of a command that ends with it (DESIGN: 1 failed, 2 usage, 3 not found, 4 denied, 5 timed out, 6 conflict). */
  readonly exit: 1 | 2 | 3 | 4 | 5 | 6;
  /** The code with which a link is closed for it; absent for errors that no link knows. */
  readonly close?: number;
  /** One sentence with what was wrong, the value, and what to do; `{name}` stands for a value. */
  readonly sentence: string;
}

/**
 * The one registry of errors: code, exit code, close code, sentence. Append-only in its close codes, since those
 * are part of the wire (lib/wire/PROTOCOL.md).
 */
export const ERRORS = {
  // Links: 1 to 99 are close codes on the wire.
  goodbye: { exit: 1, close: 1, sentence: "The other peer closed the link." },
  malformed: { exit: 1, close: 2, sentence: "The other peer sent bytes that are not kith's protocol: {detail}." },
  too_large: { exit: 1, close: 3, sentence: "The other peer sent more than a limit allows: {detail}." },
  bad_state: { exit: 1, close: 4, sentence: "The other peer sent a message that does not belong here: {detail}." },
  bad_handshake: { exit: 1, close: 5, sentence: "The handshake with {address} failed: {detail}." },
  not_kith: { exit: 1, close: 6, sentence: "What answers at {address} is not kith; check the address and port." },
  version_too_new: {
    exit: 1,
    close: 7,
    sentence: "{address} speaks a newer protocol than this kith ({detail}); update this kith.",
  },
  version_too_old: {
    exit: 1,
    close: 8,
    sentence: "{address} speaks an older protocol than this kith ({detail}); update kith there.",
  },
  not_a_member: { exit: 4, close: 9, sentence: "{address} is not in this peer's space, or does not know this peer." },
  silent: { exit: 5, close: 10, sentence: "Nothing was heard from {address} for {seconds} s." },
  duplicate_link: { exit: 1, close: 11, sentence: "There is another link to the same peer." },
  too_many_links: { exit: 1, close: 12, sentence: "This peer has as many links as it allows ({limit})." },
  truncated: { exit: 1, close: 13, sentence: "The connection to {address} ended without a goodbye." },
  refused_ticket: {
    exit: 4,
    close: 14,
    sentence: "The ticket was refused: {detail}; ask for a new one, which 'kith invite' makes on the other side.",
  },
  handshake_timeout: { exit: 5, close: 15, sentence: "{address} did not finish the handshake in {seconds} s." },
  bad_transaction: { exit: 1, close: 16, sentence: "The other peer sent a transaction that is not valid: {detail}." },
  overloaded: { exit: 1, close: 17, sentence: "The other peer does not take what is sent to it: {detail}." },
  self: { exit: 1, close: 18, sentence: "{address} is this peer itself." },
  member_left: { exit: 4, close: 19, sentence: "{peer} has left the space or was removed from it." },
  misbehaved: {
    exit: 4,
    close: 20,
    sentence: "{address} takes no links from this peer for a while, since it misbehaved: {detail}.",
  },
  // Without a link there is nothing to close.
  too_many_handshakes: { exit: 1, sentence: "Too many connections come from {address}; wait for some seconds." },
  // People: no close code.
  usage: { exit: 2, sentence: "{detail}" },
  ticket_word: {
    exit: 2,
    sentence: "Word {position} of the ticket, '{word}', is not in the word list; did you mean {near}?",
  },
  ticket_word_count: { exit: 2, sentence: "A ticket has 6 words, and this has {count}; type all of them." },
  ticket_checksum: {
    exit: 2,
    sentence: "The ticket does not check out: a word or letter was mistyped; type it again.",
  },
  ticket_malformed: {
    exit: 2,
    sentence: "This is not a ticket; it is six words or a text that begins with 'kith1', as 'kith invite' prints them.",
  },
  relay_invalid: {
    exit: 2,
    sentence: "This is not the text of a relay ({detail}); give all that 'kith relay' prints, from 'kithrelay1' on.",
  },
  programs_not_allowed: { exit: 4, sentence: "kith may not run {program}: {detail}." },
  program_unusable: { exit: 1, sentence: "The program {program} can't be run: {detail}." },
  not_allowed: { exit: 4, sentence: "This peer may not do that: {detail}." },
  no_space: { exit: 1, sentence: "This home is in no space yet; run 'kith up' for a new one, or 'kith join'." },
  left_space: { exit: 4, sentence: "This peer is no longer a member of its space; 'kith join' with a new ticket." },
  still_joining: {
    exit: 1,
    sentence: "This peer has not received its space yet and can't write; wait for it with 'kith wait --synced'.",
  },
  home_has_space: {
    exit: 6,
    sentence: "This home already has a space with data in it; join with another one (--home DIR), " +
      "or export the data, join, and import it again (--carry does so).",
  },
  join_failed: { exit: 1, sentence: "No member could be reached to join at ({detail}); name one with --at HOST:PORT." },
  key_too_long: { exit: 2, sentence: "The key '{key}' has {sizeBytes} bytes; at most {limitBytes} are allowed." },
  key_invalid: { exit: 2, sentence: "The key '{key}' can't be used: {detail}." },
  value_too_large: {
    exit: 2,
    sentence: "The value of '{key}' has {sizeBytes} bytes; at most {limitBytes} are allowed.",
  },
  media_invalid: { exit: 2, sentence: "'{media}' is not a media type such as text/plain." },
  already_set: { exit: 6, sentence: "The key '{key}' already has a value; it was left as it is." },
  version_changed: {
    exit: 6,
    sentence: "The key '{key}' is at version {current}, not {expected}; read it again and decide anew.",
  },
  version_invalid: {
    exit: 2,
    sentence:
      "'{version}' is not a version, and not the beginning of one; 'kith history KEY' lists the versions of a " +
      "key, with --json whole.",
  },
  version_ambiguous: {
    exit: 2,
    sentence: "More than one version of '{key}' begins with '{version}'; type more of it.",
  },
  version_unknown: {
    exit: 3,
    sentence: "'{version}' is no version of the key '{key}'; 'kith history KEY' lists those that are.",
  },
  version_not_held: {
    exit: 3,
    sentence: "This peer does not hold the version {version} of '{key}': it never came here, or is older than the " +
      "history that is kept.",
  },
  version_is_delete: { exit: 3, sentence: "The version {version} deleted the key '{key}', so it has no value." },
  version_not_live: {
    exit: 6,
    sentence: "The version {version} is none of those that stand at '{key}' now; 'kith conflicts' lists them.",
  },
  no_conflict: { exit: 3, sentence: "There is no conflict at '{key}'; 'kith conflicts' lists those that there are." },
  position_invalid: {
    exit: 2,
    sentence: "'{position}' is not a position; give one whole, as 'kith watch --positions --json' prints it.",
  },
  position_lost: {
    exit: 3,
    sentence: "Not all that changed since that position can be told here: {detail}; with --initial as well, " +
      "everything is listed anew where that is so.",
  },
  watch_lagged: {
    exit: 6,
    sentence: "The changes were read too slowly, and some are lost to this reader; go on with --since from its last " +
      "position, or with --initial.",
  },
  removed_from_space: {
    exit: 4,
    sentence:
      "This peer was removed from its space by {by}; what it writes would be taken by nobody, so ask an admin " +
      "for a new ticket and use it with 'kith join'.",
  },
  member_unknown: { exit: 3, sentence: "No member is called '{peer}'; 'kith members' lists them." },
  member_ambiguous: {
    exit: 2,
    sentence: "More than one member is called '{peer}': {candidates}; type the beginning of the id of one of them.",
  },
  grant_unusable: { exit: 2, sentence: "A role can't be granted so: {detail}." },
  invite_unknown: { exit: 3, sentence: "No open invite is called '{invite}'; 'kith invites' lists them." },
  invite_ambiguous: { exit: 2, sentence: "More than one open invite begins with '{invite}'; type more of it." },
  not_undone: {
    exit: 3,
    sentence: "Nothing at '{key}' was undone by a removal; 'kith conflicts' lists what was.",
  },
  peer_unknown: { exit: 3, sentence: "No linked peer is called '{peer}'; 'kith peers' lists them." },
  invite_unusable: { exit: 2, sentence: "An invite can't be made so: {detail}." },
  not_found: { exit: 3, sentence: "There is no value at '{key}'; 'kith ls' lists the keys." },
  topic_invalid: { exit: 2, sentence: "The topic '{topic}' can't be used: {detail}." },
  message_too_large: {
    exit: 2,
    sentence:
      "The message has {sizeBytes} bytes; at most {limitBytes} are allowed, so put it under a key or send less.",
  },
  question_unknown: {
    exit: 3,
    sentence: "No question '{question}' can be answered: it was answered here already, or its time is over.",
  },
  timed_out: { exit: 5, sentence: "It did not come about within {seconds} s: {detail}." },
  busy: { exit: 1, sentence: "This peer has too many requests waiting ({limit}); try again in a moment." },
  stopping: { exit: 1, sentence: "This peer is stopping; what was asked of it may not have happened." },
  home_owned: {
    exit: 1,
    sentence: "Another kith (process {pid}) uses {home}; stop it with 'kith down', or name another home with --home.",
  },
  relay_running: {
    exit: 1,
    sentence: "A relay (process {pid}) already runs in {home}; end that one, or name another home with --home.",
  },
  home_unusable: {
    exit: 1,
    sentence: "The home {home} can't be used: {detail}; repair it, or name another with --home.",
  },
  home_read_only: { exit: 1, sentence: "The home {home} can't be written to ({detail}); name another with --home." },
  key_damaged: {
    exit: 1,
    sentence: "The identity in {path} is damaged ({detail}); put a copy of that file back, " +
      "or begin a new home and join the space again.",
  },
  key_missing: {
    exit: 1,
    sentence: "The home {home} has data but no identity ({path}); put a copy of that file back, " +
      "or begin a new home and join the space again.",
  },
  config_invalid: { exit: 2, sentence: "The configuration {path} is not usable: {detail}; correct or remove it." },
  port_in_use: { exit: 1, sentence: "{address} is in use by another program; name another address with --listen." },
  address_unusable: { exit: 1, sentence: "It is not possible to listen on {address}: {detail}." },
  no_peer_running: { exit: 1, sentence: "No peer is running in {home}; start one with 'kith up'." },
  bad_request: { exit: 2, sentence: "The request can't be understood: {detail}." },
  unknown_path: { exit: 2, sentence: "There is no {method} {path} in this API." },
  bad_line: {
    exit: 6,
    sentence: "Line {line} can't be imported: {detail}; {kept} lines before it were kept, " +
      "so correct it and import the same file again.",
  },
  import_stopped: {
    exit: 1,
    sentence: "The import stopped at line {line}: {detail}; {kept} lines before it were kept, " +
      "and importing the same file again goes on from there.",
  },
  line_too_long: {
    exit: 6,
    sentence: "Line {line} is longer than {limitBytes} bytes; {kept} lines before it were kept.",
  },
  number_changes: {
    exit: 2,
    sentence: "The number {number} would become {becomes} in JSON; write it as a string to keep it.",
  },
  invalid_utf8: {
    exit: 2,
    sentence: "The {what} is not valid UTF-8; store such bytes with 'kith set KEY @FILE --type bytes', " +
      "or import them as 'base64'.",
  },
  bad_json: { exit: 2, sentence: "The {what} is not valid JSON: {detail}." },
  unreachable: { exit: 1, sentence: "{address} can't be reached: {detail}." },
  text_failed: { exit: 1, sentence: "The exchange with {address} failed: {detail}." },
  backup_exists: { exit: 6, sentence: "The file {path} is there already; name another one, or remove it first." },
  backup_failed: { exit: 1, sentence: "The backup {path} could not be written: {detail}." },
  backup_damaged: { exit: 1, sentence: "{path} is not a whole backup ({detail}); use another copy of it." },
  home_not_empty: {
    exit: 6,
    sentence: "The home {home} is in use already; name one that is not there yet with --home.",
  },
  record_damaged: {
    exit: 1,
    sentence: "The disk gave back something else than was written ({detail}); a running peer fetches it anew from " +
      "other members, and 'kith status' says what none of them has.",
  },
  control_failed: { exit: 1, sentence: "The running peer's control channel {path} does not work: {detail}." },
  // The store.
  store_full: { exit: 1, sentence: "The disk is full: {path} could not be written; free some space and try again." },
  store_read_only: {
    exit: 1,
    sentence: "The store {path} cannot be written; check the permissions of the file and of its folder.",
  },
  store_io: {
    exit: 1,
    sentence: "The disk failed under the store {path} ({detail}); check the disk, then start kith again.",
  },
  store_damaged: {
    exit: 1,
    sentence: "The store {path} is damaged ({detail}); 'kith up' makes it anew from what is left and from other " +
      "members, or put back a backup.",
  },
  store_too_new: {
    exit: 1,
    sentence: "The store {path} is of a newer kith (data version {theirs}, this one knows {ours}); update this kith.",
  },
  store_not_kith: { exit: 1, sentence: "{path} is not a kith store ({detail}); choose another --home." },
  store_busy: { exit: 1, sentence: "The store {path} is in use by another program; stop that first." },
  internal: { exit: 1, sentence: "kith has a defect: {detail}; please report it, with what led to it." },
  file_unreadable: { exit: 1, sentence: "The file {path} can't be read: {detail}." },
} as const satisfies Record<string, ErrorEntry>;

/** A code of the registry. */
export type ErrorCode = keyof typeof ERRORS;

/** A code of the registry that a link can be closed with. */
export type CloseReason = {
  [code in ErrorCode]: (typeof ERRORS)[code] extends { close: number } ? code : never;
}[ErrorCode];

/** Values that stand in for the `{name}`s of a sentence. */
export type ErrorValues = Readonly<Record<string, string | number>>;

/** The sentence of a code with its values filled in; a value that is not given stays as its name. */
export function sentenceOf(code: ErrorCode, values: ErrorValues = {}): string {
  return ERRORS[code].sentence.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The close reason that a number on the wire stands for; undefined for one that this version does not know. */
export function closeReasonOf(closeCode: number): CloseReason | undefined {
  for (const [code, entry] of Object.entries(ERRORS) as [ErrorCode, ErrorEntry][]) {
    if (entry.close === closeCode) return code as CloseReason;
  }
  return undefined;
}

/** The number on the wire of a close reason. */
export function closeCodeOf(reason: CloseReason): number {
  return ERRORS[reason].close;
}

/** Something that a person, a command or the environment got wrong; shown as its sentence. */
export class KithError extends Error {
  override readonly name = "KithError";

  constructor(readonly code: ErrorCode, readonly values: ErrorValues = {}, cause?: unknown) {
    super(sentenceOf(code, values), cause === undefined ? undefined : { cause });
  }
}

/** Something that a peer sent wrong: caught in one place, counted, and the link is closed with its code. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";

  constructor(readonly code: CloseReason, readonly detail: string) {
    super(sentenceOf(code, { detail }));
  }
}
