import type { Column, Figure, Summary } from "./figure.ts";

/** A figure as lines of text: one row per contender, each column as `median (min–max)`. */
export function tableOf(figure: Figure): string[] {
  const head = ["", ...figure.columns.map(({ name, unit }) => `${name} (${unit})`), "what it does"];
  const body = figure.rows.map((row) => [
    row.contender,
    ...figure.columns.map((column) => cell(column, row.summaries[column.name])),
    row.does,
  ]);
  const widths = head.map((_, i) => Math.max(...[head, ...body].map((cells) => cells[i]?.length ?? 0)));
  const lines = [head, ...body].map((cells) => {
    return "  " +
      cells.map((text, i) => i === 0 || i === cells.length - 1 ? pad(text, widths[i]) : padLeft(text, widths[i]))
        .join("   ").trimEnd();
  });
  const goals = figure.goals.map(({ says, reached }) => `  ${reached ? "reached" : "MISSED "}  ${says}`);
  return [`${figure.name}: ${figure.title}`, ...lines, ...goals, ""];
}

function cell(column: Column, summary: Summary | undefined): string {
  if (summary === undefined) return "–";
  const text = (value: number) => value.toFixed(column.digits);
  return `${text(summary.median)} (${text(summary.min)}–${text(summary.max)})`;
}

function pad(text: string, width = 0): string {
  return text.padEnd(width);
}

function padLeft(text: string, width = 0): string {
  return text.padStart(width);
}
