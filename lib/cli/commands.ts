import type { CommandSpec, FlagSpec } from "./command.ts";
import { DATA_COMMANDS } from "./data_commands.ts";
import { MEMBER_COMMANDS } from "./member_commands.ts";
import { MESSAGE_COMMANDS } from "./message_commands.ts";
import { UP_FLAGS } from "./up_flags.ts";

/** Flags that every command has. */
export const GLOBAL_FLAGS: readonly FlagSpec[] = [
  { name: "home", type: "text", value: "DIR", help: "the directory that holds identity and data" },
  { name: "json", type: "switch", help: "print one JSON object per line" },
  { name: "quiet", short: "q", type: "switch", help: "say nothing besides results and errors" },
  { name: "help", short: "h", type: "switch", hasVariable: false, help: "show help" },
  { name: "version", type: "switch", hasVariable: false, help: "show the version" },
];

/** The one table of commands: it drives parsing, help, completion and the prompt. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: "up",
    summary: "run a peer in the foreground; also what a bare 'kith' does",
    group: "peer",
    details: "On a terminal it is a prompt that takes all these commands: Ctrl-C clears the line, Ctrl-D stops the " +
      "peer, and '/say TEXT' says something to all, whose prompts show it. Without a terminal it asks nothing and runs until SIGINT or SIGTERM. The first 'up' of a home makes a " +
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
    name: "relay",
    summary: "run a relay for peers that can't reach each other, on a public machine",
    group: "peer",
    details: "It belongs to no space, and holds no data: whoever has the text that it prints may link with others " +
      "through it ('kith up --relay', 'kith join --relay'). Links through it are encrypted from end to end: it sees " +
      "which peers are linked, when, and how much goes by it. The text stays the same, since its identity is kept in " +
      "the home, in a folder of its own: without that folder a new one is made, with which the former text is void. " +
      "By UDP it tells peers where it sees them, so that they can open their routers for each other: at the port of the " +
      "first --listen, or of the one for all interfaces, where that is free, else at another; it says at which one. " +
      "What it carries and refuses is told on standard error whenever that changes, with --json on standard output.",
    needs: "network",
    arguments: [],
    flags: [
      {
        name: "listen",
        type: "address",
        repeats: true,
        help: "where to listen, default all interfaces at port 5485",
      },
      {
        name: "address",
        type: "address",
        repeats: true,
        help: "where peers reach it, where that is none of this machine's own addresses, or a name",
      },
      {
        name: "no-punch",
        type: "switch",
        help: "do not tell peers by UDP where they are seen, which helps them to open their routers",
      },
    ],
    examples: [
      ["kith relay", "run one until Ctrl-C"],
      ["kith relay --address relay.example.org:5485", "tell peers a name in place of addresses"],
      ["kith relay > relay.txt", "keep its text in a file, for 'kith up --relay @relay.txt'"],
      ["kith relay --json", "for a program, one object a line"],
    ],
  },
  {
    name: "config",
    summary: "show or change what 'up' does without flags",
    group: "peer",
    details:
      "The settings are name, listen, text, history, max-links, no-lan, no-dht, dht-bootstrap, no-port-map, no-punch, no-relay " +
      "and relay; they are kept in the home, and 'up' reads them when it starts.",
    arguments: [
      { name: "SETTING", kind: "setting", required: false },
      { name: "VALUE", kind: "other", required: false, rest: true },
    ],
    flags: [{ name: "unset", type: "switch", help: "go back to the default of the setting" }],
    examples: [
      ["kith config", "show all settings"],
      ["kith config name attic", "call this peer attic"],
      ["kith config listen 0.0.0.0:7000 [::]:7000", "listen at two addresses"],
      ["kith config history 90d", "keep old versions for longer"],
      ["kith config listen --unset", "listen as by default"],
    ],
  },
  ...MEMBER_COMMANDS,
  ...DATA_COMMANDS,
  ...MESSAGE_COMMANDS,
  {
    name: "status",
    summary: "say how this peer is, and whether all are in sync",
    group: "state",
    details:
      "'in sync' is yes where all peers that this one is linked with hold what it holds, and it is linked with " +
      "one or alone in its space. 'away' lists members that are not linked, 'reached' says whether members from " +
      "outside of this network reach this peer, 'history' how far old versions were let go, or whom that waits for. What went wrong (damage, copied homes, refused links) comes last.",
    arguments: [],
    flags: [],
    examples: [["kith status --json", 'with "digest", "synced", "entries", "conflicts" and "peers"']],
  },
  {
    name: "peers",
    summary: "list who is linked now, who is away, and who is at the door",
    group: "state",
    details: "'in sync' is yes where both hold the same; else it says how many transactions this peer or that one " +
      "lacks, 'soon' where all is on its way, and 'unknown' where they have yet to compare. 'path' is 'lan' or 'direct', " +
      "'punched' where both opened their routers for each other, or 'relayed' by whom. 'trip' is the last round " +
      "trip, 'in/s' and 'out/s' are bytes a second over the last five, 'in' and 'out' bytes since they are linked. " +
      "--watch follows it: on a terminal as a view that is drawn anew, else as 'kith watch --events'.",
    arguments: [],
    flags: [{ name: "watch", short: "w", type: "switch", help: "follow it until Ctrl-C" }],
    examples: [
      ["kith peers", "who is linked, in sync or behind, and how far away"],
      ["kith peers --watch", "see who comes, waits at the door, and goes"],
      ["kith peers --json", "with addresses, roles and exact numbers"],
    ],
  },
  {
    name: "wait",
    summary: "wait until something is so",
    group: "state",
    details: "Several conditions must hold at once. KEY waits for a value, KEY=VALUE for this very one. When the " +
      "time is up, exit 5. In a space of more than 17 members, where not all are linked, the others say what they hold " +
      "within a quarter of a second for each member.",
    arguments: [{ name: "KEY[=VALUE]", kind: "key", required: false }],
    flags: [
      { name: "synced", type: "switch", help: "until another member is linked and all linked ones agree" },
      { name: "all", type: "switch", help: "with --synced: until every member is here and agrees" },
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
    details:
      "One line for each; from two on also how many were lost, and the least, the mean and the greatest. Where " +
      "none is answered within 5 s, exit 5.",
    arguments: [{ name: "PEER", kind: "peer" }],
    flags: [
      { name: "count", type: "integer", range: [1, 1_000_000], default: "1", help: "measure so often" },
      { name: "interval", type: "duration", default: "1s", help: "the time between two" },
    ],
    examples: [
      ["kith ping otter-7f2k", "by name, or by the beginning of its id"],
      ["kith ping otter-7f2k --count 10 --interval 200ms", "ten times in two seconds"],
    ],
  },
  {
    name: "netcheck",
    summary: "say what this network allows",
    group: "state",
    details: "Addresses of this machine, where its peer listens, whether members from outside of this network reach " +
      "it, what kind of NAT is in between as far as they can tell, whether UDP works and the router lets holes be " +
      "punched, whether multicast works, by which peers of one network find each other, and how it stands with the DHT. Nothing is sent to any server; multicast goes no further than the local networks.",
    needs: "network",
    arguments: [],
    flags: [{ name: "no-lan", type: "switch", help: "do not try multicast" }],
    examples: [
      ["kith netcheck", "in words, a line for each matter"],
      ["kith netcheck --json", 'with "network", "addresses", "listening", "reach", "udp" and "multicast"'],
    ],
  },
  {
    name: "verify",
    summary: "reread everything from disk and check it",
    group: "state",
    details: "Names each record that is not as it was written, and ends with 1 where there is one. What can be made " +
      "anew from the other records is put right at once; the rest a running peer fetches from other members, and " +
      "'kith status' says what is left. A running peer goes on meanwhile; the structure of the database file is " +
      "checked only where none runs.",
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
    needs: "network",
    arguments: [{ name: "HOST:PORT", kind: "other" }],
    flags: [],
    examples: [["kith text 127.0.0.1:12345", "pull and push once"]],
  },
  {
    name: "paths",
    summary: "show where kith keeps what",
    group: "other",
    needs: "files",
    arguments: [],
    flags: [],
    examples: [["kith paths", "home, data, log, control socket"]],
  },
  {
    name: "version",
    summary: "show the version",
    group: "other",
    needs: "nothing",
    arguments: [],
    flags: [],
    examples: [["kith version --json", "also the versions of wire and store"]],
  },
  {
    name: "completions",
    summary: "print a shell's completion script",
    group: "other",
    needs: "nothing",
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
    needs: "nothing",
    arguments: [{ name: "COMMAND", kind: "command", required: false }],
    flags: [],
    examples: [["kith help set", "the same as kith set --help"]],
  },
];

/** The command of that name. */
export function findCommand(name: string): CommandSpec | undefined {
  return COMMANDS.find((command) => command.name === name);
}
