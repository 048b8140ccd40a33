import { type Context, EXIT_OK } from "./context.ts";
import { usageError } from "./usage.ts";
import { askYesNo, GivenUpError } from "./ask.ts";

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
