import type { ArgumentSpec, CommandSpec, FlagSpec } from "./command.ts";
import { HOOK_DETAILS, HOOK_FLAGS } from "./hook_flags.ts";

/** The topic of what people say to each other at their prompts. */
export const CHAT_TOPIC = "chat";

const MESSAGE: ArgumentSpec = { name: "MESSAGE", kind: "file" };

const TOPIC: FlagSpec = {
  name: "topic",
  type: "text",
  default: CHAT_TOPIC,
  // A program that 'kith sub' runs finds the topic of its message there.
  hasVariable: false,
  help: "the topic that it is on",
};

/** The commands about messages, a part of the table of commands. */
export const MESSAGE_COMMANDS: readonly CommandSpec[] = [
  {
    name: "pub",
    summary: "send a message on a topic, to all who subscribe",
    group: "messages",
    details: "MESSAGE is a text; '-' sends all of standard input as one message, '@FILE' what a file holds. With " +
      "--lines, each line of standard input, or of '@FILE', is a message of its own, sent as it comes. A topic is a " +
      "text of at most 512 bytes, in parts with '/' by custom. A message has at most 60 KiB. It is kept nowhere: who " +
      "is not linked or does not subscribe at that moment never gets it, and that is no error. Readers may send " +
      "messages too. Who is slower than the fastest linked peer loses the oldest of what waits for it, and is told.",
    arguments: [{ name: "TOPIC", kind: "other" }, { ...MESSAGE, required: false }],
    flags: [{ name: "lines", type: "switch", help: "each line of standard input, or of a file, is a message" }],
    examples: [
      ["kith pub news hello", "whoever runs 'kith sub news' anywhere in the space sees it"],
      ["tail -f log | kith pub log --lines", "line by line, as they come"],
      ["kith pub pictures/cat @cat.jpg", "the bytes of a file"],
    ],
  },
  {
    name: "sub",
    summary: "print the messages on a topic as they come",
    group: "messages",
    details: "A topic stands for itself and what is below it: 'news' takes news and news/today, but not newspaper; " +
      "'news/' takes what is below it alone; none takes all. What is sent to this peer alone is among them. On a " +
      "terminal each message has its sender and topic before it; elsewhere a message is its own bytes and a newline, " +
      'and --json tells all about it. Who reads too slowly loses the oldest, and is told how many. A "question" in ' +
      "--json is its id, by which 'kith reply' answers it. --exec runs a program for each message, in order and one at " +
      "a time for a topic, with the message on its standard input and KITH_TOPIC, KITH_SENDER, KITH_SENDER_NAME, " +
      "KITH_TIME, KITH_DIRECT and KITH_QUESTION in its environment. " + HOOK_DETAILS,
    arguments: [{ name: "TOPIC", kind: "other", required: false }],
    flags: [
      { name: "limit", type: "integer", range: [1, Number.MAX_SAFE_INTEGER], help: "end after so many messages" },
      ...HOOK_FLAGS,
    ],
    examples: [
      ["kith sub news", "until Ctrl-C"],
      ["kith sub --json", "all topics, with senders and times"],
      ["kith sub door/bell --limit 1", "wait for one message, and end"],
      ["kith sub door/bell --exec aplay -- ding.wav", "play a sound for each"],
    ],
  },
  {
    name: "send",
    summary: "send a message to one peer, or to all",
    group: "messages",
    details: "PEER is a linked peer, by its name or the beginning of its id; '@all' is everybody. The message is on " +
      "the topic 'chat', which peers at a prompt show. What is sent to one peer no other can read. In a space of more " +
      "than 13 members, where not all are linked with each other, PEER may be any member: the message then goes by " +
      "others, and when no word comes back that it came, exit 5. MESSAGE is given as for 'kith pub'.",
    arguments: [{ name: "PEER|@all", kind: "peer" }, MESSAGE],
    flags: [TOPIC],
    examples: [
      ["kith send otter-7f2k 'lunch?'", "to one"],
      ["kith send @all 'the bus leaves at five'", "to all, as '/say' does at the prompt"],
    ],
  },
  {
    name: "ask",
    summary: "send a question, and print the first answer",
    group: "messages",
    details:
      "To whoever subscribes to TOPIC, or with '@PEER' to one linked peer, on the topic 'chat' or --topic. When " +
      "nobody answers in time, exit 5. MESSAGE is given as for 'kith pub'. 'kith reply' answers.",
    arguments: [{ name: "TOPIC|@PEER", kind: "other" }, MESSAGE],
    flags: [
      { name: "timeout", type: "duration", default: "10s", help: "wait so long for an answer" },
      { ...TOPIC, help: "the topic of a question to one peer" },
    ],
    examples: [
      ["kith ask temperature now --timeout 2s", "the first one who knows"],
      ["kith ask @otter-7f2k now --topic temperature", "that one peer"],
    ],
  },
  {
    name: "reply",
    summary: "answer a question",
    group: "messages",
    details:
      "QUESTION is the id that 'kith sub --json' shows of it. A question can be answered once by each peer, as " +
      "long as it is waited for; the first answer of all counts. MESSAGE is given as for 'kith pub'.",
    arguments: [{ name: "QUESTION", kind: "other" }, MESSAGE],
    flags: [],
    examples: [
      ["kith reply 7f2kq3mdabcde '21.5 °C'", "answer it"],
      ["read-thermometer | kith reply 7f2kq3mdabcde -", "with what a program prints"],
    ],
  },
];
