import type { ArgumentSpec, CommandSpec, FlagSpec } from "./command.ts";

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

const UP_FLAGS: readonly FlagSpec[] = [
  { name: "name", type: "text", value: "NAME", help: "what other members call this peer" },
  {
    name: "listen",
    type: "address",
    repeats: true,
    help: "where to listen for peers, default all interfaces at port 5484 or the next free one",
  },
  {
    name: "text",
    type: "optional_address",
    help: "speak the plain-text protocol, without any password, default at 127.0.0.1:12345",
  },
  { name: "ephemeral", type: "switch", help: "use a home that is removed when the peer stops" },
];

/** Flags that every command has. */
export const GLOBAL_FLAGS: readonly FlagSpec[] = [
  { name: "home", type: "text", value: "DIR", help: "the directory that holds identity and data" },
  { name: "json", type: "switch", help: "print one JSON object per line" },
  { name: "quiet", short: "q", type: "switch", help: "say nothing besides results and errors" },
  { name: "help", short: "h", type: "switch", help: "show help" },
  { name: "version", type: "switch", help: "show the version" },
];

/** The one table of commands: it drives parsing, help, completion and the prompt. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: "up",
    summary: "run a peer in the foreground; also what a bare 'kith' does",
    group: "peer",
    details: "On a terminal it is a prompt that takes all these commands: Ctrl-C clears the line, Ctrl-D stops the " +
      "peer. Without a terminal it asks nothing and runs until SIGINT or SIGTERM. The first 'up' of a home makes a " +
      'new space. With --json it prints an object with "event":"ready" once it listens.',
    arguments: [],
    flags: UP_FLAGS,
    examples: [
      ["kith", "run a peer with the settings of the home"],
      ["kith up --name attic --listen 0.0.0.0:7000", "with another name and port"],
      ["kith up --json < /dev/null", 'from a script, which waits for the line with "event":"ready"'],
    ],
  },
  {
    name: "down",
    summary: "stop the running peer of this home",
    group: "peer",
    arguments: [],
    flags: [],
    examples: [["kith down", "stop it, and wait until it has stopped"]],
  },
  {
    name: "config",
    summary: "show or change what 'up' does without flags",
    group: "peer",
    details: "The settings are name, listen and text; they are kept in the home, and 'up' reads them when it starts.",
    arguments: [
      { name: "SETTING", kind: "setting", required: false },
      { name: "VALUE", kind: "other", required: false, rest: true },
    ],
    flags: [{ name: "unset", type: "switch", help: "go back to the default of the setting" }],
    examples: [
      ["kith config", "show all settings"],
      ["kith config name attic", "call this peer attic"],
      ["kith config listen 0.0.0.0:7000 [::]:7000", "listen at two addresses"],
      ["kith config listen --unset", "listen as by default"],
    ],
  },
  {
    name: "invite",
    summary: "make a ticket that lets a machine in",
    group: "members",
    details: "Prints six words, to be typed at 'kith join' on the other machine. Whoever has the words gets in, so " +
      "pass them on as you would a key.",
    arguments: [],
    flags: [
      {
        name: "role",
        type: "choice",
        choices: ["reader", "writer", "admin"],
        default: "writer",
        help: "what who comes in may do",
      },
      { name: "for", type: "duration", default: "24h", help: "how long the ticket can be used, or 'never' to expire" },
      { name: "uses", type: "integer", range: [1, 1000], default: "1", help: "how many machines it lets in" },
      { name: "long", type: "switch", help: "print the long ticket, which also says where this peer is" },
    ],
    examples: [
      ["kith invite", "six words for one machine, valid 24 hours"],
      ["kith invite --uses 15 --for 2h", "for a class room"],
      ["kith invite --role admin --long", "a ticket that needs no --at, for someone who may invite others"],
    ],
  },
  {
    name: "join",
    summary: "get into a space with a ticket, then go on as 'up'",
    group: "members",
    details:
      "Asks for the ticket without showing it; 'join -' reads it from standard input, and KITH_TICKET may hold " +
      "it. A ticket on the command line works, but others on this machine may see it there. With six words alone, a " +
      "peer of the same machine is found; --at says where another one is.",
    arguments: [{ name: "TICKET", kind: "other", required: false, rest: true }],
    flags: [
      { name: "at", type: "address", repeats: true, help: "where a member of the space listens" },
      { name: "carry", type: "switch", help: "take the data of this home along into the space" },
      { name: "exit", type: "switch", help: "end once in sync, instead of going on as 'up'" },
      ...UP_FLAGS,
    ],
    examples: [
      ["kith join --at 192.168.1.10:5484", "ask for the words, join there, and go on as a peer"],
      ["kith join - --exit < ticket.txt", "from a script: join, sync, and end"],
    ],
  },
  {
    name: "leave",
    summary: "leave the space; the data stays here",
    group: "members",
    arguments: [],
    flags: [{ name: "yes", type: "switch", help: "do not ask whether that is meant" }],
    examples: [["kith leave --yes", "leave without being asked"]],
  },
  {
    name: "members",
    summary: "list who may be in the space",
    group: "members",
    arguments: [],
    flags: [],
    examples: [["kith members", "name, role, and since when"]],
  },
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
      'with --initial as well, {"event":"reset"} and then every entry come instead: forget what you had.',
    arguments: [PREFIX],
    flags: [
      { name: "initial", type: "switch", help: "begin with what is there already" },
      {
        name: "since",
        type: "text",
        value: "POSITION",
        help: "begin with what changed since a position; @FILE or - reads it from there",
      },
      { name: "positions", type: "switch", help: "with --json, tell positions to go on from" },
      { name: "count", type: "integer", range: [1, Number.MAX_SAFE_INTEGER], help: "end after so many changes" },
    ],
    examples: [
      ["kith watch config/", "follow the keys below config/ until Ctrl-C"],
      ["kith watch --json --initial --positions", "what there is, then what changes, with positions"],
      ["kith watch --json --since @position", "go on from the position that a file holds"],
    ],
  },
  {
    name: "history",
    summary: "show who wrote or deleted a key, and when",
    group: "data",
    details: "Lists what was written at the key, newest first in the order in which it came to this peer, with the " +
      "versions that each replaced; those that this peer does not hold, or no longer, are called gone. 'kith get KEY " +
      "--at VERSION' gives the value of one; times are by the clock of who wrote it.",
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
    arguments: [],
    flags: [],
    examples: [["kith conflicts", "each key with its versions, the winner first"]],
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
    arguments: [{ name: "FILE", kind: "file" }],
    flags: [],
    examples: [["kith restore kith-monday.tar --home ~/kith-again", "then run it: kith up --home ~/kith-again"]],
  },
  {
    name: "status",
    summary: "say how this peer is, and whether all are in sync",
    group: "state",
    arguments: [],
    flags: [],
    examples: [["kith status --json", 'with "digest", "synced", "entries", "conflicts" and "peers"']],
  },
  {
    name: "peers",
    summary: "list who is linked now",
    group: "state",
    arguments: [],
    flags: [],
    examples: [["kith peers", "name, address, path, round trip"]],
  },
  {
    name: "wait",
    summary: "wait until something is so",
    group: "state",
    details: "Several conditions must hold at once. KEY waits for a value, KEY=VALUE for this very one. When the " +
      "time is up, exit 5.",
    arguments: [{ name: "KEY[=VALUE]", kind: "key", required: false }],
    flags: [
      { name: "synced", type: "switch", help: "until another member is linked and all linked ones agree" },
      { name: "all", type: "switch", help: "with --synced: until every member is linked and agrees" },
      { name: "peers", type: "integer", range: [0, 1_000_000], help: "until so many peers are linked" },
      { name: "timeout", type: "duration", default: "never", help: "give up after this time" },
    ],
    examples: [
      ["kith wait --synced --timeout 30s", "until in sync"],
      ["kith wait lamp=on", "until the key lamp is 'on'"],
    ],
  },
  {
    name: "ping",
    summary: "measure the round trip to a peer",
    group: "state",
    arguments: [{ name: "PEER", kind: "peer" }],
    flags: [{ name: "count", type: "integer", range: [1, 1000], default: "1", help: "measure so often" }],
    examples: [["kith ping otter-7f2k", "by name, or by the beginning of its id"]],
  },
  {
    name: "verify",
    summary: "reread everything from disk and check it",
    group: "state",
    details: "Names each record that is not as it was written; ends with 1 where there is one. What follows from the " +
      "other records is put right at once, the rest is fetched anew from other members. A running peer goes on " +
      "meanwhile; the structure of the database file is checked only where none runs.",
    arguments: [],
    flags: [],
    examples: [
      ["kith verify", "check what this home holds"],
      ["kith verify --json", "one object for each damaged record, and one at the end"],
    ],
  },
  {
    name: "text",
    summary: "exchange values with a program that speaks the plain-text protocol",
    group: "other",
    details: "Pulls the values of the program at HOST:PORT into text/, then pushes those that it lacks.",
    arguments: [{ name: "HOST:PORT", kind: "other" }],
    flags: [],
    examples: [["kith text 127.0.0.1:12345", "pull and push once"]],
  },
  {
    name: "paths",
    summary: "show where kith keeps what",
    group: "other",
    arguments: [],
    flags: [],
    examples: [["kith paths", "home, data, log, control socket"]],
  },
  {
    name: "version",
    summary: "show the version",
    group: "other",
    arguments: [],
    flags: [],
    examples: [["kith version --json", "also the versions of wire and store"]],
  },
  {
    name: "completions",
    summary: "print a shell's completion script",
    group: "other",
    arguments: [{ name: "bash|zsh|fish", kind: "shell" }],
    flags: [],
    examples: [
      ["source <(kith completions bash)", "for this shell"],
      ["kith completions fish > ~/.config/fish/completions/kith.fish", "for good"],
    ],
  },
  {
    name: "help",
    summary: "show help, also of one command",
    group: "other",
    arguments: [{ name: "COMMAND", kind: "command", required: false }],
    flags: [],
    examples: [["kith help set", "the same as kith set --help"]],
  },
];

/** The command of that name. */
export function findCommand(name: string): CommandSpec | undefined {
  return COMMANDS.find((command) => command.name === name);
}
