import { type Context, EXIT_OK } from "./context.ts";
import { escapeText } from "./escape.ts";
import { numberField, textField } from "./fields.ts";
import { formatCount, formatNumber } from "./format.ts";
import { Progress } from "./progress.ts";

const EXIT_DAMAGED = 1;

/** `verify`. */
export async function verify(context: Context): Promise<number> {
  const { console, output } = context;
  const peer = await context.peer();
  const progress = new Progress(console, "verifying", { quiet: output.quiet, stdoutBusy: false });
  let isWhole = false;
  try {
    for await (const answer of peer.objects("POST", "/v1/verify", { signal: context.signal })) {
      const checked = numberField(answer, "checked") ?? 0;
      if (answer.event === "progress") {
        progress.update(checked / Math.max(1, numberField(answer, "total") ?? 1), checked, "records");
        continue;
      }
      progress.end();
      if (answer.event === "verified") isWhole = answer.ok === true;
      if (output.json) output.object(answer);
      else if (answer.event === "damaged") {
        const key = textField(answer, "key");
        const place = `${textField(answer, "table")} ${numberField(answer, "row") ?? 0}`;
        const what = key === "" ? place : `${place}  ${escapeText(key)}`;
        output.line(`damaged  ${what}${answer.mended === true ? "  (put right)" : ""}`);
      } else if (isWhole) output.words(`${formatNumber(checked)} records checked: all are as they were written.`);
      else output.words(summary(answer));
    }
  } finally {
    progress.end();
  }
  return isWhole ? EXIT_OK : EXIT_DAMAGED;
}

function summary(answer: Readonly<Record<string, unknown>>): string {
  const damaged = numberField(answer, "damaged") ?? 0;
  const left = damaged - (numberField(answer, "mended") ?? 0);
  const found = `${formatCount(damaged, "record")} of ${formatNumber(numberField(answer, "checked") ?? 0)} damaged`;
  if (left === 0) return `${found}; all of it was put right.`;
  return `${found}; a running peer fetches ${formatNumber(left)} of them anew from other members, ` +
    "and 'kith status' says what is left.";
}
