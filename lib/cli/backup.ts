import { type Context, EXIT_OK } from "./context.ts";
import { escapeText } from "./escape.ts";
import { numberField, textField } from "./fields.ts";
import { formatAge, formatCount, formatNumber, shortId } from "./format.ts";

/** `backup FILE`. */
export async function backup(context: Context): Promise<number> {
  const { backend, output, args, signal } = context;
  const path = backend.absolutePath(args[0] as string);
  const answer = await (await context.peer()).object("POST", "/v1/backup", { json: { path }, signal });
  if (output.json) output.object(answer);
  else {
    output.words(
      `${formatCount(numberField(answer, "entries") ?? 0, "entry", "entries")} of ` +
        `${escapeText(textField(answer, "name"))} are in ${escapeText(path)}, which was read again and is whole.`,
    );
  }
  return EXIT_OK;
}

/** `restore FILE`. */
export async function restore(context: Context): Promise<number> {
  const { backend, output, console, args } = context;
  const { home, note, damaged } = await backend.restore(backend.absolutePath(args[0] as string), context.home);
  if (output.json) {
    const { v: _v, files: _files, ...about } = note;
    output.object({ home, ...about, damaged });
    return EXIT_OK;
  }
  output.words(
    `Restored ${escapeText(note.name)} (${shortId(note.peer)}) with ${
      formatNumber(note.entries)
    } entries into ${home}, ` +
      `as it was ${formatAge(note.made, console.nowMs())}. What was written since comes back from other members. ` +
      "Should the peer that this is a backup of still run somewhere, run only one of the two.",
  );
  if (damaged > 0) {
    output.warning(`${formatCount(damaged, "record")} in it are damaged; run it, and 'kith verify' beside it.`);
  }
  return EXIT_OK;
}
