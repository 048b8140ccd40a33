import { KithError } from "../base/errors.ts";
import { spokenSpaceName } from "../base/spoken_name.ts";
import { ticketFromText } from "../space/ticket.ts";
import { askTicket } from "./ask.ts";
import type { Client } from "./client.ts";
import type { Context } from "./context.ts";
import { escapeText } from "./escape.ts";
import { numberField, textField } from "./fields.ts";
import { followFirstSync } from "./first_sync.ts";
import { formatCount, formatPath } from "./format.ts";
import { readAll } from "./lines.ts";
import type { Output } from "./output.ts";
import { usageError } from "./usage.ts";

/** More than any ticket has. */
const MAX_TICKET_TEXT_BYTES = 16 * 1024;

/**
 * The ticket that a person means: from the words of the command, standard input, KITH_TICKET, or by asking.
 *
 * @throws {KithError} `usage` where there is none, `ticket_…` where it is not one.
 * @throws {GivenUpError} where the person does not want to say.
 */
export async function readTicket(context: Context): Promise<string> {
  const given = await givenTicket(context);
  if (given === null) return await askUntilTicket(context);
  // A slip is told before anything is started or sent.
  ticketFromText(given);
  return given;
}

async function askUntilTicket({ output }: Context): Promise<string> {
  while (true) {
    const asked = await askTicket();
    if (asked.trim() === "") continue;
    try {
      ticketFromText(asked);
      return asked;
    } catch (error) {
      if (!(error instanceof KithError)) throw error;
      output.failure(error.code, error.message, error.values);
    }
  }
}

/** The ticket of the command or its surroundings; null where there is none, but somebody to ask. */
async function givenTicket(context: Context): Promise<string | null> {
  const { args, console, prompted } = context;
  if (args.length === 1 && args[0] === "-") {
    const bytes = await readAll(console.stdin(), MAX_TICKET_TEXT_BYTES);
    if (bytes === null) throw new KithError("ticket_malformed");
    return new TextDecoder().decode(bytes);
  }
  if (isOnCommandLine(context)) return args.join(" ");
  const variable = console.variable("KITH_TICKET");
  if (variable) return variable;
  if (console.stdinIsTerminal && prompted === null) return null;
  throw usageError("'kith join' needs a ticket: type it when asked, or send it to 'kith join -'.");
}

/** Whether the ticket is an argument, which others on this machine can see for as long as the command runs. */
function isOnCommandLine({ args }: Context): boolean {
  return args.length > 0 && args[0] !== "-";
}

/**
 * Joins with a ticket. How often it may be used is known once it was redeemed: one that is good for others too, and was
 * on the command line, is warned of; so is one that was not redeemed, and may be.
 *
 * @throws {ApiError}
 */
export async function joinWith(context: Context, client: Client, ticket: string): Promise<void> {
  const { output, flags, prompted } = context;
  const json = { ticket, at: flags.list("at") };
  const answers = client.objects("POST", "/v1/join", { json, signal: context.signal });
  let space = "";
  let uses: number | null = null;
  try {
    for await (const answer of answers) {
      if (answer.event === "searching") tellOfSearch(output, textField(answer, "detail"));
      space = textField(answer, "space") || space;
      uses = numberField(answer, "uses") ?? uses;
    }
  } finally {
    if (isOnCommandLine(context) && prompted === null && uses !== 1) warnOfSeenTicket(output, uses);
  }
  if (output.json) output.object({ event: "joined", space });
  else output.words(`Joined ${space === "" ? "the space" : spokenSpaceName(space)}.`);
}

function tellOfSearch(output: Output, detail: string): void {
  output.warning(`No member was found so far (${escapeText(detail)}); it goes on, or name one with --at HOST:PORT.`);
}

function warnOfSeenTicket(output: Output, uses: number | null): void {
  const lets = uses === null ? "may still let in whoever saw it" : `lets in ${formatCount(uses, "machine")}`;
  output.warning(
    `The ticket was on the command line, where others on this machine can see it, and ${lets}; ` +
      "an admin closes it with 'kith revoke --invite'. Better let 'kith join' ask for it.",
  );
}

/**
 * Writes the data that was carried along into the space that was joined, where any waits.
 *
 * @param patient whether to wait also while nobody is linked.
 * @throws {ApiError}
 */
export async function bringIn(context: Context, client: Client, patient: boolean): Promise<void> {
  const { backend, home, output, console, signal } = context;
  const carried = await backend.carriedIn(home);
  if (carried === null) return;
  // Before the space has arrived, nothing can be written into it.
  await followFirstSync(context, client, patient);
  const answers = client.objects("POST", "/v1/import", { body: await carried.read(), signal });
  let imported = 0;
  for await (const answer of answers) imported = numberField(answer, "imported") ?? imported;
  carried.arrived();
  const aside = formatPath(carried.asidePath, console.variable("HOME"));
  if (!output.json) {
    output.words(`Carried ${formatCount(imported, "entry", "entries")} along; the former data is kept in ${aside}.`);
  }
}
