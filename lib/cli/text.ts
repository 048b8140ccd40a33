import { type Context, EXIT_OK } from "./context.ts";
import { formatCount } from "./format.ts";

/** `text HOST:PORT`. */
export async function text(context: Context): Promise<number> {
  const { output, backend, signal } = context;
  const address = context.args[0] as string;
  const exchanged = await backend.textExchange(address, await context.transport(), signal);
  if (output.json) output.object({ ...exchanged });
  else {
    const skipped = exchanged.skipped === 0 ? "" : `, ${exchanged.skipped} left out (too long, or with a comma)`;
    output.words(`${formatCount(exchanged.pulled, "value")} pulled, ${exchanged.pushed} pushed${skipped}`);
  }
  return EXIT_OK;
}
