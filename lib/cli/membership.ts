import { type Context, EXIT_OK } from "./context.ts";
import { numberField, textField } from "./fields.ts";
import { formatCount, formatDuration } from "./format.ts";
import { howToJoin } from "./screen.ts";
import { usageError } from "./usage.ts";
import { askYesNo, GivenUpError } from "./ask.ts";

/** `invite`. */
export async function invite(context: Context): Promise<number> {
  const { flags, output } = context;
  const forMs = flags.number("for") ?? Infinity;
  const uses = flags.number("uses") ?? 1;
  const answer = await (await context.peer()).object("POST", "/v1/invites", {
    json: { role: flags.text("role") ?? "writer", uses, forMs: forMs === Infinity ? 0 : forMs },
    signal: context.signal,
  });
  if (output.json) {
    output.object({ words: answer.words, ticket: answer.ticket, expires: answer.expires });
    return EXIT_OK;
  }
  output.line(flags.on("long") ? textField(answer, "ticket") : textField(answer, "words"));
  const expires = numberField(answer, "expires");
  const validity = expires === null || expires === 0
    ? "for ever"
    : formatDuration(Math.max(0, expires - context.console.nowMs()));
  output.words(`(${formatCount(uses, "machine")}, valid ${validity}; whoever has this gets in)`);
  const running = await context.runningPeer();
  if (running === null) {
    output.words("Nobody gets in before this peer runs: kith up");
  } else if (!flags.on("long")) {
    const { addresses } = await running.object("GET", "/v1/status", { signal: context.signal });
    const { where, command } = howToJoin(addresses as string[]);
    output.words(`${where}, run   ${command}   and type these words.`);
  }
  return EXIT_OK;
}

/** `leave`. */
export async function leave(context: Context): Promise<number> {
  const { output, console, flags } = context;
  if (!flags.on("yes") && context.prompted !== null) {
    throw usageError("Leaving is for good: this machine needs a new ticket to come back. If so: leave --yes");
  }
  if (!flags.on("yes") && console.stdinIsTerminal) {
    const sure = askYesNo("Leave the space? Its members stay, this machine needs a new ticket to come back.");
    if (!sure) {
      output.words("Nothing was changed.");
      throw new GivenUpError();
    }
  }
  await (await context.peer()).object("POST", "/v1/leave", { signal: context.signal });
  if (output.json) output.object({ left: true });
  else output.words("Left the space. The data stays in this home; the others keep theirs.");
  return EXIT_OK;
}
