import type { FlagSpec } from "./command.ts";

/** The flags of commands that can run a program for each thing that they tell. */
export const HOOK_FLAGS: readonly FlagSpec[] = [
  {
    name: "exec",
    type: "program",
    value: "PROGRAM",
    kind: "file",
    hasVariable: false,
    help: "run this for each; words behind -- are its arguments",
  },
  { name: "exec-jobs", type: "integer", range: [1, 64], default: "4", help: "run so many at a time" },
  { name: "exec-timeout", type: "duration", default: "10m", help: "end a run after this time" },
];

/** What help says of them. */
export const HOOK_DETAILS = "No shell reads the line: ask for one where you want it, as in " +
  "--exec sh -- -c 'echo \"$KITH_KEY\"', and quote the variables there. A run that ends with another code than 0, or " +
  "takes too long, is reported, and makes the command end with 1 once it ends; Ctrl-C ends what runs.";
