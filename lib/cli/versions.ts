import { type JsonObject } from "./client.ts";
import { type Context, EXIT_OK } from "./context.ts";
import { previewOf } from "./entry.ts";
import { escapeText } from "./escape.ts";
import { numberField, objectsOf, textField } from "./fields.ts";
import { cutToWidth, formatAge, formatCount, formatName, shortId } from "./format.ts";
import { printTable } from "./people.ts";
import { forkText } from "./state.ts";
import { usageError } from "./usage.ts";
import { givenValue } from "./values.ts";

/** Columns for a value, before the terminal's edge cuts it. */
const PREVIEW_COLUMNS = 60;
/** Columns for the name of a writer in a table. */
const NAME_COLUMNS = 16;

/** `history KEY`. */
export async function history(context: Context): Promise<number> {
  const { output, flags } = context;
  const limit = flags.number("limit") ?? Infinity;
  const past = (await context.peer()).objects("GET", "/v1/history", {
    // One more than is shown tells whether there are more.
    query: { key: context.args[0], limit: limit + 1, values: !output.json },
    signal: context.signal,
  });
  const rows: string[][] = [];
  let shown = 0;
  let hasMore = false;
  for await (const operation of past) {
    hasMore = shown === limit;
    if (hasMore) break;
    shown++;
    if (output.json) output.object(operation);
    else rows.push(historyRow(operation, context.console.nowMs()));
  }
  printTable(output, ["version", "state", "written", "by", "replaced", "value"], rows);
  if (hasMore) output.words("(older ones are not shown; --limit N shows more)");
  return EXIT_OK;
}

function historyRow(operation: JsonObject, nowMs: number): string[] {
  return [
    shortId(textField(operation, "version")),
    stateText(operation),
    formatAge(numberField(operation, "time") ?? nowMs, nowMs),
    cutToWidth(escapeText(writerOf(operation)), NAME_COLUMNS),
    replacedText(operation),
    valueText(operation),
  ];
}

function stateText(operation: JsonObject): string {
  switch (operation.state) {
    case "live":
      return operation.winner === true ? "current" : "concurrent";
    case "open":
      return "deleted";
    default:
      return textField(operation, "state");
  }
}

function replacedText(operation: JsonObject): string {
  const [first, ...others] = textsOf(operation, "replaced");
  if (first === undefined) return "";
  const missing = textsOf(operation, "missing").length;
  const gone = missing === 0 ? "" : others.length === 0 ? " (gone)" : ` (${missing} gone)`;
  return shortId(first) + (others.length > 0 ? ` +${others.length}` : "") + gone;
}

function valueText(operation: JsonObject): string {
  if (operation.kind === "del") return "(deleted)";
  const isHeld = ["text", "json", "base64"].some((name) => name in operation);
  return isHeld ? previewOf(operation, PREVIEW_COLUMNS) : "(not held)";
}

/** `resolve KEY --keep VERSION`, `resolve KEY VALUE`. */
export async function resolve(context: Context): Promise<number> {
  const { output, flags } = context;
  const [key, value] = context.args as [string, string | undefined];
  const keep = flags.text("keep");
  if ((keep === undefined) === (value === undefined)) {
    throw usageError("'kith resolve' needs either --keep VERSION or a VALUE; 'kith conflicts' lists the versions.");
  }
  const given = value === undefined ? {} : await givenValue(context, key, value);
  const peer = await context.peer();
  const result = await peer.object("POST", "/v1/resolve", { query: { key, keep }, ...given, signal: context.signal });
  if (output.json) output.object({ key, version: result.version });
  return EXIT_OK;
}

/** `readopt KEY...`, `readopt --all`. */
export async function readopt(context: Context): Promise<number> {
  const { output, flags, args } = context;
  if (flags.on("all") === (args.length > 0)) {
    throw usageError("'kith readopt' needs either keys or --all; 'kith conflicts' lists what a removal undid.");
  }
  const peer = await context.peer();
  const json = flags.on("all") ? {} : { keys: args };
  const answer = await peer.object("POST", "/v1/readopt", { json, signal: context.signal });
  if (output.json) output.object(answer);
  else output.words(`Took back in ${formatCount(numberField(answer, "readopted") ?? 0, "value")}.`);
  return EXIT_OK;
}

/** `conflicts`. */
export async function conflicts(context: Context): Promise<number> {
  const { output } = context;
  const answer = await (await context.peer()).object("GET", "/v1/conflicts", { signal: context.signal });
  const found = objectsOf(answer, "conflicts");
  for (const fork of objectsOf(answer, "forks")) {
    if (output.json) output.object({ kind: "fork", ...fork });
    else output.line(output.yellow(forkText(fork)));
  }
  if (!output.json && found.length === 0) output.words("There are no conflicts.");
  for (const conflict of found) {
    if (output.json) output.object(conflict);
    else output.lines(conflictLines(conflict, context));
  }
  if (!output.json && found.some(({ kind }) => kind === "undone")) {
    output.words("(What a removal undid: 'kith get KEY --at VERSION' shows it, 'kith readopt KEY' takes it back in.)");
  }
  if (!output.json && found.some(({ kind }) => kind !== "undone")) {
    output.words("(* is what 'kith get' gives. 'kith resolve KEY --keep VERSION' settles a key, as");
    output.words(" does 'kith resolve KEY VALUE' with another value; 'kith del KEY' deletes it.)");
  }
  return EXIT_OK;
}

function conflictLines(conflict: JsonObject, { output, console }: Context): string[] {
  const nowMs = console.nowMs();
  const key = output.bold(escapeText(textField(conflict, "key")));
  if (conflict.kind === "undone") {
    const by = textField(conflict, "undone_by_name") || shortId(textField(conflict, "undone_by"));
    const removal = by === "" ? "undone by removals" : `undone, since ${formatName(by)} removed its writer`;
    const what = conflict.operation === "del" ? "a delete, " : "";
    return [key, `${output.yellow("-")} ${output.dim(aboutVersion(conflict, nowMs))}`, `  ${what}${removal}`];
  }
  if (conflict.kind === "delete_beside_put") {
    const deleter = textField(conflict, "deleted_by_name") || shortId(textField(conflict, "deleted_by"));
    const age = formatAge(numberField(conflict, "deleted_at") ?? nowMs, nowMs);
    return [
      key,
      `${output.green("*")} ${output.dim(aboutVersion(conflict, nowMs))}`,
      `  deleted by ${formatName(deleter)} ${age}, who did not know that value`,
    ];
  }
  return [
    key,
    ...objectsOf(conflict, "versions").map((version) => {
      const mark = version.winner === true ? output.green("*") : " ";
      const about = aboutVersion(version, nowMs);
      const room = output.columns - about.length - 4;
      const value = previewOf(version, Math.min(PREVIEW_COLUMNS, Math.max(20, room)));
      return `${mark} ${output.dim(about)}  ${value}`;
    }),
  ];
}

function aboutVersion(version: JsonObject, nowMs: number): string {
  const age = formatAge(numberField(version, "time") ?? nowMs, nowMs);
  return `${shortId(textField(version, "version"))}  by ${formatName(writerOf(version))} ${age}`;
}

function writerOf(version: JsonObject): string {
  const name = textField(version, "name");
  return name === "" ? shortId(textField(version, "peer")) : name;
}

function textsOf(object: JsonObject, name: string): string[] {
  const list = object[name];
  return Array.isArray(list) ? list.filter((item) => typeof item === "string") : [];
}
