import { decode, encode } from "@jridgewell/sourcemap-codec";
import { type Expression, parse, type VariableDeclaration } from "acorn";

/** A bundle, and its source map as JSON. */
export interface Bundle {
  readonly source: string;
  readonly map: string;
}

/** A text that is put into a source before the character at an offset. */
interface Insertion {
  readonly offset: number;
  readonly text: string;
}

/**
 * Has the modules that a bundle loads later compiled with the rest of it. A bundler makes each the function of a call,
 * `var init = later(() => {…})`, and V8 compiles a function only when it is called, so at every start: its code cache holds
 * what was compiled by then. Parentheses around a function tell it that it is called soon (https://v8.dev/blog/preparser).
 *
 * @throws {SyntaxError} where the source is no module.
 */
export function compileModulesEarly(bundle: Bundle): Bundle {
  const { body } = parse(bundle.source, { ecmaVersion: "latest", sourceType: "module" });
  const insertions = body.filter((statement) => statement.type === "VariableDeclaration").flatMap(laterModules)
    .flatMap(({ start, end }) => [{ offset: start, text: "(" }, { offset: end, text: ")" }]);
  return insert(bundle, insertions);
}

/** Puts a text, of one line, before a bundle. */
export function precede(bundle: Bundle, text: string): Bundle {
  return insert(bundle, [{ offset: 0, text }]);
}

function laterModules({ declarations }: VariableDeclaration): Expression[] {
  return declarations.flatMap(({ init }) => {
    if (init?.type !== "CallExpression" || init.arguments.length !== 1) return [];
    const [argument] = init.arguments;
    return argument?.type === "ArrowFunctionExpression" || argument?.type === "FunctionExpression" ? [argument] : [];
  });
}

/** @param insertions in the order of their offsets. */
function insert({ source, map }: Bundle, insertions: readonly Insertion[]): Bundle {
  const { mappings, ...rest } = JSON.parse(map);
  const lines = decode(mappings);
  const starts = [0];
  for (let at = source.indexOf("\n"); at >= 0; at = source.indexOf("\n", at + 1)) starts.push(at + 1);
  let text = "";
  let taken = 0;
  // From the last one on, so that the columns of those before still hold.
  let line = starts.length - 1;
  for (const { offset, text: inserted } of insertions.toReversed()) {
    while ((starts[line] as number) > offset) line--;
    const column = offset - (starts[line] as number);
    for (const segment of lines[line] ?? []) if (segment[0] >= column) segment[0] += inserted.length;
  }
  for (const { offset, text: inserted } of insertions) {
    text += source.slice(taken, offset) + inserted;
    taken = offset;
  }
  return { source: text + source.slice(taken), map: JSON.stringify({ ...rest, mappings: encode(lines) }) };
}
