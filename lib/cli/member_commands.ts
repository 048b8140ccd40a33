import type { CommandSpec, FlagSpec } from "./command.ts";
import { UP_FLAGS } from "./up_flags.ts";

const ROLE: FlagSpec = {
  name: "role",
  type: "choice",
  choices: ["reader", "writer", "admin"],
  help: "what who comes in may do",
};

const PREFIX: FlagSpec = {
  name: "prefix",
  type: "text",
  value: "PREFIX",
  kind: "key",
  help: "what the keys begin with that may be written; default all, or those of who invites",
};

/** The commands about who may be in the space, a part of the table of commands. */
export const MEMBER_COMMANDS: readonly CommandSpec[] = [
  {
    name: "invite",
    summary: "make a ticket that lets a machine in",
    group: "members",
    details: "Prints six words, to be typed at 'kith join' on the other machine. Whoever has the words gets in, so " +
      "pass them on as you would a key. --long prints a ticket that also says where this peer is, and --qr draws it. " +
      "A reader writes nothing, a writer writes all keys or those below a prefix, an admin also lets in and removes; " +
      "each of them reads the whole space.",
    arguments: [],
    flags: [
      { ...ROLE, default: "writer" },
      PREFIX,
      { name: "for", type: "duration", default: "24h", help: "how long the ticket can be used, or 'never' to expire" },
      {
        name: "member-for",
        type: "duration",
        default: "never",
        help: "how long who comes in is a member, counted from now on",
      },
      { name: "uses", type: "integer", range: [1, 1000], default: "1", help: "how many machines it lets in" },
      { name: "long", type: "switch", help: "print the long ticket, which also says where this peer is" },
      { name: "qr", type: "switch", help: "draw the long ticket as a QR code, on a terminal" },
    ],
    examples: [
      ["kith invite", "six words for one machine, valid 24 hours"],
      ["kith invite --uses 15 --for 2h", "for a class room"],
      ["kith invite --role reader --member-for 30d", "for a guest who looks on for a month"],
      ["kith invite --prefix sensors/", "for a machine that writes below sensors/ only"],
      ["kith invite --role admin --long", "a ticket that needs no --at, for someone who may invite others"],
    ],
  },
  {
    name: "invites",
    summary: "list the tickets that can still be used",
    group: "members",
    details: "With --json also the words and the long ticket, of those that were made here. 'kith revoke --invite " +
      "INVITE' closes one.",
    arguments: [],
    flags: [],
    examples: [["kith invites", "role, what it lets write, uses left, until when"]],
  },
  {
    name: "join",
    summary: "get into a space with a ticket, then go on as 'up'",
    group: "members",
    details:
      "Asks for the ticket without showing it; 'join -' reads it from standard input, and KITH_TICKET may hold " +
      "it. A ticket on the command line works, but others on this machine may see it there: where it can let in more " +
      "machines than this one, there is a warning. With six words alone, a peer of the same machine, of the " +
      "local network, or by the public DHT is found; --at says where another one is.",
    arguments: [{ name: "TICKET", kind: "other", required: false, rest: true }],
    flags: [
      { name: "at", type: "address", repeats: true, help: "where a member of the space listens" },
      { name: "carry", type: "switch", help: "take the data of this home along into the space" },
      { name: "exit", type: "switch", help: "end once in sync, instead of going on as 'up'" },
      ...UP_FLAGS,
    ],
    examples: [
      ["kith join", "ask for the words, find a member, and go on as a peer"],
      ["kith join --at 192.168.1.10:5484", "the same, with a member that listens there"],
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
    details:
      "'writes' is what the keys begin with that a member may write; 'by' is who let it in or gave it its role, " +
      "'since' when that was, 'until' when it ends. Names are what members call themselves; ids are not to be forged.",
    arguments: [],
    flags: [{ name: "all", type: "switch", help: "also who left, was removed, or whose time was over" }],
    examples: [
      ["kith members", "name, role, what it may write, and whether it is here"],
      ["kith members --all --json", "with whole ids, also of those who are gone"],
    ],
  },
  {
    name: "grant",
    summary: "give a member another role",
    group: "members",
    details:
      "For admins. The new role takes the place of the one that the member has, also where it is a lesser one, " +
      "and what the member wrote stays. A space that has one admin only can lose it: give another member that role.",
    arguments: [{ name: "MEMBER", kind: "member" }],
    flags: [
      { ...ROLE, help: "what it may do from now on" },
      { ...PREFIX, help: "what the keys begin with that it may write; default all, or those of who grants" },
      { name: "for", type: "duration", default: "never", help: "how long it is a member, counted from now on" },
    ],
    examples: [
      ["kith grant otter-7f2k --role admin", "a second admin"],
      ["kith grant otter-7f2k --role writer --prefix sensors/", "it writes below sensors/ only"],
      ["kith grant otter-7f2k --role reader --for 7d", "it looks on for a week more"],
    ],
  },
  {
    name: "revoke",
    summary: "remove a member, or close an invite",
    group: "members",
    details:
      "For admins. A removed member is linked with nobody any more, and no old ticket lets it in again. What it " +
      "wrote and this peer has seen stays; what this peer has not seen is undone everywhere, and 'kith conflicts' " +
      "lists it for whoever has it. It keeps what it has received. Without --yes it asks, on a terminal.",
    arguments: [{ name: "MEMBER", kind: "member", required: false }],
    flags: [
      {
        name: "invite",
        type: "text",
        value: "INVITE",
        kind: "invite",
        help: "close this invite, as 'kith invites' lists it; who came in by it stays",
      },
      { name: "yes", type: "switch", help: "do not ask whether that is meant" },
    ],
    examples: [
      ["kith revoke otter-7f2k", "by name, or by the beginning of its id"],
      ["kith revoke --invite le2mkd2w", "so that nobody else comes in by that ticket"],
    ],
  },
];
