import { type Context, EXIT_OK } from "./context.ts";
import { escapeText } from "./escape.ts";

/** `paths`. */
export function paths(context: Context): Promise<number> {
  const { output } = context;
  const all = Object.entries(context.backend.paths(context.home));
  if (output.json) output.object(Object.fromEntries(all));
  else {
    const width = Math.max(...all.map(([name]) => name.length));
    output.lines(all.map(([name, path]) => `${output.dim(name.padEnd(width))}  ${escapeText(path)}`));
  }
  return Promise.resolve(EXIT_OK);
}

/** `version`, `--version`. */
export function version(context: Context): Promise<number> {
  const { version, versions } = context.backend;
  if (context.output.json) context.output.object({ version, ...versions });
  else context.output.line(`kith ${version}`);
  return Promise.resolve(EXIT_OK);
}
