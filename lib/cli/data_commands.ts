import type { ArgumentSpec, CommandSpec, FlagSpec } from "./command.ts";
import { HOOK_DETAILS, HOOK_FLAGS } from "./hook_flags.ts";

const KEY: ArgumentSpec = { name: "KEY", kind: "key" };
const PREFIX: ArgumentSpec = { name: "PREFIX", kind: "key", required: false };

const IF_VERSION: FlagSpec = {
  name: "if-version",
  type: "text",
  value: "VERSION",
  help: "only if this is the version that stands; else nothing is written, exit 6",
};

const TYPE: FlagSpec = {
  name: "type",
  type: "text",
  value: "json|text|bytes|MEDIA",
  default: "text",
  help: "what the value is: JSON is checked and normalised, text must be UTF-8, or any media type",
};

/** The commands about the shared data, a part of the table of commands. */
export const DATA_COMMANDS: readonly CommandSpec[] = [
  {
    name: "set",
    summary: "give a key a value",
    group: "data",
    details: "VALUE is text; '-' reads it from standard input, '@FILE' from a file ('--' and '=' are not needed for " +
      "a value such as -5). A text that begins with '@' or is '-' is given by standard input. --if-absent and " +
      "--if-version compare with what this peer holds at that moment: among all who write through this peer, one " +
      "gets its way. They are no lock across peers: another peer may write the same key meanwhile, and then both " +
      "values stand until one is chosen (kith conflicts).",
    arguments: [KEY, { name: "VALUE", kind: "file" }],
    flags: [
      TYPE,
      { name: "if-absent", type: "switch", help: "only if the key has no value; else exit 6" },
      IF_VERSION,
    ],
    examples: [
      ["kith set greeting hello", "set a text"],
      ["kith set config/lamp '{\"on\":true}' --type json", "set a JSON value"],
      ["kith set photo @cat.jpg --type image/jpeg", "set the bytes of a file"],
      ["kith set turn ada --if-absent", "only if nobody has it, as far as this peer knows"],
      ["date | kith set stamp -", "set what standard input holds"],
    ],
  },
  {
    name: "get",
    summary: "print the value of a key",
    group: "data",
    details: "Writes the exact bytes; on a terminal a newline follows them, and control characters are shown " +
      'escaped. With --json, an object with "json", "text" or "base64".',
    arguments: [KEY],
    flags: [
      { name: "default", type: "text", help: "print this when the key has no value, instead of exit 3" },
      {
        name: "at",
        type: "text",
        value: "VERSION",
        help: "the value of this version, or of the one that begins so, whatever replaced it since",
      },
    ],
    examples: [
      ["kith get greeting", "print it"],
      ["kith get greeting --at qf3k7mzd", "what it was, as 'kith history greeting' lists it"],
      ["kith get photo > cat.jpg", "its exact bytes into a file"],
      ["kith get level --default 0", "or 0"],
    ],
  },
  {
    name: "del",
    summary: "delete keys",
    group: "data",
    details: "Ends all versions of a key that this peer holds, concurrent ones too; so it also settles a conflict by " +
      "deleting. --if-version compares with what this peer holds at that moment, and is no lock across peers: what " +
      "another peer writes meanwhile stands beside the delete (kith conflicts).",
    arguments: [{ ...KEY, rest: true }],
    flags: [IF_VERSION],
    examples: [["kith del greeting", "delete it, here and everywhere; exit 3 if it has no value"]],
  },
  {
    name: "ls",
    summary: "list keys",
    group: "data",
    arguments: [PREFIX],
    flags: [
      { name: "long", short: "l", type: "switch", help: "show size, age, writer and the beginning of the value" },
      { name: "limit", type: "integer", range: [1, Number.MAX_SAFE_INTEGER], help: "list at most so many" },
    ],
    examples: [
      ["kith ls", "all keys, one per line"],
      ["kith ls -l config/", "those below config/, with more about each"],
    ],
  },
  {
    name: "watch",
    summary: "print changes as they happen",
    group: "data",
    details: "Who was away goes on with --since from where it was, and misses nothing: with --positions or --since, " +
      '--json prints {"event":"position","since":POSITION} whenever all before it has been told. Keep the last one; ' +
      "it holds at every peer of the space. A key is told as it is now, at least once for all that happened to it. " +
      "Where a peer can't tell all since a position (it never held it all, or no longer does), it says so, exit 3; " +
      'with --initial as well, {"event":"reset"} and then every entry come instead: forget what you had. ' +
      "With --events it tells who is joined to the space or removed from it, linked or unlinked with this peer, has " +
      "left (was stopped), is gone (lost for some seconds) or back, and who waits or is refused at the door, each " +
      "with its reason; also by which path a member is reached, when that changes or no hole could be punched to it, and how " +
      "others reach this peer. --exec runs a program for each change, one at a time for a key, with the value on its standard " +
      "input and KITH_KEY, KITH_OP (put or del), KITH_VERSION, KITH_MEDIA, KITH_WRITER, KITH_WRITER_NAME, KITH_TIME " +
      "and KITH_SKIPPED in its environment; of what came during a run the newest value counts, and the others are " +
      "skipped. With --events: for each event, which is on its standard input, with KITH_EVENT, KITH_PEER, " +
      "KITH_PEER_NAME and KITH_REASON. " + HOOK_DETAILS,
    arguments: [PREFIX],
    flags: [
      { name: "events", type: "switch", help: "who joins, leaves, is lost or is back, instead of changes" },
      { name: "initial", type: "switch", help: "begin with what is there already" },
      {
        name: "since",
        type: "text",
        value: "POSITION",
        help: "begin with what changed since a position; @FILE or - reads it from there",
      },
      { name: "positions", type: "switch", help: "with --json, tell positions to go on from" },
      { name: "count", type: "integer", range: [1, Number.MAX_SAFE_INTEGER], help: "end after so many changes" },
      ...HOOK_FLAGS,
    ],
    examples: [
      ["kith watch config/", "follow the keys below config/ until Ctrl-C"],
      ["kith watch --json --initial --positions", "what there is, then what changes, with positions"],
      ["kith watch --json --since @position", "go on from the position that a file holds"],
      ["kith watch --events", "follow who comes and goes"],
      ["kith watch lamp --exec ./switch.sh", "run a script whenever lamp changes"],
      ["kith watch jobs/ --exec python3 -- job.py --fast", "with arguments"],
    ],
  },
  {
    name: "history",
    summary: "show who wrote or deleted a key, and when",
    group: "data",
    details:
      "Lists what was written at the key, the last that came to this peer first, each with the versions that it " +
      "replaced. A version that this peer no longer holds, since history is kept for some time only ('kith help up', " +
      "--history), is called gone. 'kith get KEY --at VERSION' prints what a version held. Times are by the clock of " +
      "who wrote it.",
    arguments: [KEY],
    flags: [
      { name: "limit", type: "integer", range: [1, 1_000_000], default: "100", help: "show at most so many" },
    ],
    examples: [
      ["kith history greeting", "the last 100 of them"],
      ["kith history greeting --json --limit 1", "the last one, with whole versions and ids"],
    ],
  },
  {
    name: "conflicts",
    summary: "list keys with concurrent versions",
    group: "data",
    details:
      "A key is here where it was written on two peers before either saw what the other wrote. 'get' shows the " +
      "first of its versions; the others stay until 'kith resolve', 'kith set' or 'kith del' settles it. What a " +
      "removed member wrote, and the removal undid, is here too; 'kith get KEY --at VERSION' shows it, and " +
      "'kith readopt' takes it back in.",
    arguments: [],
    flags: [],
    examples: [
      ["kith conflicts", "each key with its versions, the winner first"],
      ["kith resolve greeting --keep qf3k7mzd", "settle one of them"],
    ],
  },
  {
    name: "resolve",
    summary: "settle a conflict, by one of its versions or another value",
    group: "data",
    details:
      "Ends all versions of a key that stand beside each other, and a delete beside a value, by one write: with " +
      "--keep one that says again what that version holds, else one with VALUE, which is given as for 'kith set'. " +
      "To settle it by keeping the delete, 'kith del KEY'. What another peer writes meanwhile is a new conflict.",
    arguments: [KEY, { name: "VALUE", kind: "file", required: false }],
    flags: [
      {
        name: "keep",
        type: "text",
        value: "VERSION",
        help: "the version to keep, or its first letters, as 'kith conflicts' shows them",
      },
      TYPE,
    ],
    examples: [
      ["kith resolve greeting --keep qf3k7mzd", "keep one of the versions"],
      ["kith resolve greeting 'hello to both'", "put another value in their place"],
      ["kith del greeting", "delete it instead"],
    ],
  },
  {
    name: "readopt",
    summary: "take back in what a removal undid",
    group: "data",
    details: "Writes the undone values again, under this peer's own name. Nothing is undone of what the admin who " +
      "removed a member had seen of it.",
    arguments: [{ ...KEY, required: false, rest: true }],
    flags: [{ name: "all", type: "switch", help: "all that was undone, as 'kith conflicts' lists it" }],
    examples: [
      ["kith readopt notes/monday", "one key, or several"],
      ["kith readopt --all", "everything that a removal undid"],
    ],
  },
  {
    name: "import",
    summary: "read entries from NDJSON",
    group: "data",
    details: 'Each line is an object with "key" and one of "json", "text" or "base64", and may have ' +
      '"type". What is there already is left as it is. A bad line ends the import and is named; the lines before ' +
      "it stay imported.",
    arguments: [{ name: "FILE", kind: "file", required: false }],
    flags: [],
    examples: [
      ["kith import entries.ndjson", "from a file"],
      ["kith export | kith import --home /tmp/other", "from one home to another"],
    ],
  },
  {
    name: "export",
    summary: "write entries as NDJSON",
    group: "data",
    arguments: [PREFIX],
    flags: [],
    examples: [["kith export config/ > config.ndjson", "those below config/, sorted by key"]],
  },
  {
    name: "backup",
    summary: "write the whole home into one file",
    group: "data",
    details: "Identity, settings and data, as of now, also while the peer runs; the file is a tar that only you may " +
      "read. Whoever has it can be this peer, so keep it as you would a key. A file that is there is left alone.",
    arguments: [{ name: "FILE", kind: "file" }],
    flags: [],
    examples: [["kith backup kith-monday.tar", "write it, and read it again to see that it is whole"]],
  },
  {
    name: "restore",
    summary: "make a home from a backup",
    group: "data",
    details:
      "The home must not be there yet. What was written since the backup comes back from other members. A peer " +
      "that still runs elsewhere with the same identity must not run beside the restored one: let it join anew instead.",
    needs: "files",
    arguments: [{ name: "FILE", kind: "file" }],
    flags: [],
    examples: [["kith restore kith-monday.tar --home ~/kith-again", "then run it: kith up --home ~/kith-again"]],
  },
];
