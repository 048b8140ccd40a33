/** How a flag's value is read: see `readFlagValue` in flags.ts. Of a `program` the words behind `--` are arguments. */
export type FlagType =
  | "program"
  | "switch"
  | "text"
  | "integer"
  | "duration"
  | "address"
  | "choice"
  | "optional_address";

/** One flag of the table. */
export interface FlagSpec {
  /** Without the dashes, such as `if-absent`. Its variable is `KITH_IF_ABSENT`. */
  readonly name: string;
  /** One letter, given behind a single dash. */
  readonly short?: string;
  readonly type: FlagType;
  /** How help calls the value, such as `HOST:PORT`. Default: by the type. */
  readonly value?: string;
  /** The values of a `choice`. */
  readonly choices?: readonly string[];
  /** Used when neither the flag nor its variable is given; read as if it were typed. */
  readonly default?: string;
  /** The least and the greatest of an `integer`. */
  readonly range?: readonly [number, number];
  /** What its value is, for completion. Default: nothing is offered, but for the values of a `choice`. */
  readonly kind?: ArgumentKind;
  /** Whether it may be given several times; its variable holds a list with commas. Default: false. */
  readonly repeats?: boolean;
  /** Whether a variable can stand in for it. Default: true. */
  readonly hasVariable?: boolean;
  /** One line for help, with no full stop. */
  readonly help: string;
}

/** What the words of a command are, for completion. */
export type ArgumentKind = "key" | "peer" | "member" | "invite" | "file" | "command" | "shell" | "setting" | "other";

/** One word, or the last words, of a command. */
export interface ArgumentSpec {
  /** As help shows it, such as `KEY`. */
  readonly name: string;
  readonly kind: ArgumentKind;
  /** Default: true. */
  readonly required?: boolean;
  /** Whether it takes all the words that are left. Default: false. */
  readonly rest?: boolean;
}

/** One command of the table. */
export interface CommandSpec {
  readonly name: string;
  /** One line for the list of commands, with no full stop. */
  readonly summary: string;
  /** The heading under which the list shows it. */
  readonly group: "peer" | "members" | "data" | "messages" | "state" | "other";
  /** More, for its own help: whole sentences. */
  readonly details?: string;
  /**
   * What it needs of the machine, so that the rest can be given up: a peer or, where none runs, its home without any
   * network; a peer or its home and the network; files; nothing at all. Default: a home.
   */
  readonly needs?: "home" | "network" | "files" | "nothing";
  readonly arguments: readonly ArgumentSpec[];
  readonly flags: readonly FlagSpec[];
  /** Command lines with what they do. */
  readonly examples: readonly (readonly [line: string, does: string])[];
}

/** The environment variable that stands in for a flag. */
export function flagVariable(flag: FlagSpec): string {
  return `KITH_${flag.name.toUpperCase().replaceAll("-", "_")}`;
}

/** The word by which help calls a flag's value; empty for a switch. */
export function flagValueName(flag: FlagSpec): string {
  if (flag.value !== undefined) return flag.value;
  switch (flag.type) {
    case "switch":
      return "";
    case "text":
    case "program":
      return "TEXT";
    case "integer":
      return "N";
    case "duration":
      return "TIME";
    case "address":
    case "optional_address":
      return "HOST:PORT";
    case "choice":
      return (flag.choices ?? []).join("|");
  }
}
