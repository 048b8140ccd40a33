/** What a key of a terminal in raw mode sends. */
const CTRL_C = 0x03;
const CTRL_D = 0x04;
const BACKSPACE = 0x08;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const CTRL_U = 0x15;
const DELETE = 0x7f;

/** More than any ticket has, in bytes; what is typed behind it is dropped. */
const MAX_SECRET_BYTES = 16 * 1024;
/** So many characters of a secret are shown as stars; a longer one would wrap, and could not be erased. */
const MAX_STARS = 40;

const encoder = new TextEncoder();

/** A question was answered with Ctrl-C or Ctrl-D: nothing is decided, and nothing is to be done. */
export class GivenUpError extends Error {
  override readonly name = "GivenUpError";
}

/** Asks on the terminal; only a yes is a yes. @throws {GivenUpError} */
export function askYesNo(question: string): boolean {
  return isYes(ask(`${question} ${YES_OR_NO}`));
}

/** What stands behind a question that only a yes answers. */
export const YES_OR_NO = "[y/N]";

/** Whether an answer is a yes. */
export function isYes(answer: string): boolean {
  return ["y", "yes"].includes(answer.trim().toLowerCase());
}

/** Asks on the terminal for one of a few answers, by number or first letters; Enter alone is the first. @throws {GivenUpError} */
export function askChoice(question: string, choices: readonly string[]): number {
  const numbers = choices.map((_, index) => index + 1).join(" or ");
  const listed = choices.map((choice, index) => `  ${index + 1}  ${choice}`).join("\n");
  let text = ask(`${question}\n${listed}\n${numbers} (Enter for 1):`);
  while (true) {
    if (text === "") return 0;
    const byNumber = Number(text) - 1;
    if (choices[byNumber] !== undefined) return byNumber;
    const byWord = choices.findIndex((choice) => choice.startsWith(text.toLowerCase()));
    if (byWord >= 0) return byWord;
    text = ask(`Please answer ${numbers}:`);
  }
}

/** Asks for a ticket, and shows stars only. @throws {GivenUpError} */
export async function askTicket(): Promise<string> {
  const show = (text: string) => void Deno.stderr.writeSync(encoder.encode(text));
  show("Ticket (six words, or the long one): ");
  // Raw, so that Ctrl-C is a key here: as a signal it would find this waiting, and the terminal without echo.
  Deno.stdin.setRaw(true);
  try {
    return await readSecret(show);
  } finally {
    Deno.stdin.setRaw(false);
    show("\n");
  }
}

async function readSecret(show: (text: string) => void): Promise<string> {
  const typed: number[] = [];
  const erase = () => {
    if (typed.length > 0 && typed.length <= MAX_STARS) show("\b \b");
    typed.pop();
  };
  // One at a time: what is typed behind the line belongs to whoever reads next.
  const key = new Uint8Array(1);
  while (await Deno.stdin.read(key) !== null) {
    const byte = key[0] as number;
    if (byte === LINE_FEED || byte === CARRIAGE_RETURN) return new TextDecoder().decode(new Uint8Array(typed));
    if (byte === CTRL_C || (byte === CTRL_D && typed.length === 0)) break;
    if (byte === BACKSPACE || byte === DELETE) erase();
    else if (byte === CTRL_U) { while (typed.length > 0) erase(); }
    else if (byte >= 0x20 && typed.length < MAX_SECRET_BYTES) {
      typed.push(byte);
      if (typed.length <= MAX_STARS) show("*");
    }
  }
  throw new GivenUpError();
}

function ask(question: string): string {
  const answer = prompt(question);
  if (answer === null) throw new GivenUpError();
  return answer.trim();
}
