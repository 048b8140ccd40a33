import type { Column, Figure, Summary } from "./figure.ts";

/** A figure as lines of text: one row per contender, each column as `median (min–max)`. */
export function tableOf(figure: Figure): string[] {
  const [head = [], ...body] = cellsOf(figure, ["what it does"], ({ does }) => [does]);
  const widths = head.map((_, i) => Math.max(...[head, ...body].map((cells) => cells[i]?.length ?? 0)));
  const lines = [head, ...body].map((cells) => {
    return "  " +
      cells.map((text, i) => i === 0 || i === cells.length - 1 ? pad(text, widths[i]) : padLeft(text, widths[i]))
        .join("   ").trimEnd();
  });
  const goals = figure.goals.map(({ says, reached }) => `  ${reached ? "reached" : "MISSED "}  ${says}`);
  return [`${figure.name}: ${figure.title}`, ...lines, ...goals, ""];
}

/**
 * A figure in Markdown, as the README shows it: the table, and below it what each contender does. The goals are left
 * out.
 */
export function markdownOf(figure: Figure): string[] {
  const [head = [], ...body] = cellsOf(figure, [], () => []);
  const widths = head.map((_, i) => Math.max(3, ...[head, ...body].map((cells) => cells[i]?.length ?? 0)));
  const row = (cells: readonly string[]) => `| ${cells.map((text, i) => pad(text, widths[i])).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  const list = figure.rows.map(({ contender, does }) => `- ${contender}: ${does}.`);
  return [row(head), rule, ...body.map(row), "", ...list];
}

/** The head and the rows; `more` are columns behind the rest. */
function cellsOf(
  { columns, facts, rows }: Figure,
  more: readonly string[],
  moreOf: (row: Figure["rows"][number]) => readonly string[],
): string[][] {
  const head = ["", ...columns.map(({ name, unit }) => `${name} (${unit})`), ...facts, ...more];
  const body = rows.map((row) => [
    row.contender,
    ...columns.map((column) => cell(column, row.summaries[column.name])),
    ...facts.map((name) => row.facts[name] ?? "–"),
    ...moreOf(row),
  ]);
  return [head, ...body];
}

function cell(column: Column, summary: Summary | undefined): string {
  if (summary === undefined) return "–";
  const digits = { minimumFractionDigits: column.digits, maximumFractionDigits: column.digits };
  const text = (value: number) => value.toLocaleString("en", digits);
  return `${text(summary.median)} (${text(summary.min)}–${text(summary.max)})`;
}

function pad(text: string, width = 0): string {
  return text.padEnd(width);
}

function padLeft(text: string, width = 0): string {
  return text.padStart(width);
}
