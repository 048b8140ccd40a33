import { escapeJson } from "../base/steering.ts";
import { usageError } from "./usage.ts";
import { type Context, EXIT_OK } from "./context.ts";
import { formatNumber } from "./format.ts";
import { lines } from "./lines.ts";
import { Progress } from "./progress.ts";
import { noKeys, openFile } from "./values.ts";

const LINE_FEED = 10;

/** `import [FILE]`. */
export async function importEntries(context: Context): Promise<number> {
  const { console, output } = context;
  const path = context.args[0] ?? "-";
  if (path === "-" && console.stdinIsTerminal) {
    throw usageError("'kith import' reads NDJSON: name a FILE, or send it to standard input.");
  }
  const { stream, sizeBytes } = path === "-"
    ? { stream: console.stdin(), sizeBytes: 0 }
    : await openFile(context, path);
  const progress = new Progress(console, "importing", { quiet: output.quiet, stdoutBusy: false });
  let readBytes = 0;
  const counted = stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        readBytes += chunk.length;
        controller.enqueue(chunk);
      },
    }),
  );
  let imported = 0;
  let unchanged = 0;
  try {
    const peer = await context.peer();
    const answers = peer.objects("POST", "/v1/import", {
      body: counted,
      media: "application/x-ndjson",
      signal: context.signal,
    });
    for await (const answer of answers) {
      imported = Number(answer.imported ?? imported);
      unchanged = Number(answer.unchanged ?? unchanged);
      progress.update(sizeBytes > 0 ? readBytes / sizeBytes : null, imported + unchanged, "entries");
    }
  } finally {
    progress.end();
  }
  if (output.json) output.object({ imported, unchanged });
  else output.words(`${formatNumber(imported)} imported, ${formatNumber(unchanged)} were there already`);
  return EXIT_OK;
}

/** `export [PREFIX]`. */
export async function exportEntries(context: Context): Promise<number> {
  const { console, output } = context;
  const peer = await context.peer();
  const total = context.args[0] === undefined ? Number((await peer.object("GET", "/v1/status")).entries ?? 0) : 0;
  const response = await peer.request("GET", "/v1/export", {
    query: { prefix: context.args[0] },
    signal: context.signal,
  });
  const progress = new Progress(console, "exporting", { quiet: output.quiet, stdoutBusy: true });
  let exported = 0;
  let isEmpty = true;
  try {
    if (response.body === null) return EXIT_OK;
    if (output.isTerminal) {
      for await (const line of lines(response.body)) {
        isEmpty = false;
        output.line(escapeJson(line));
      }
    } else {
      for await (const chunk of response.body) {
        isEmpty &&= chunk.length === 0;
        output.bytes(chunk);
        for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) exported++;
        progress.update(total > 0 ? exported / total : null, exported, "entries");
      }
    }
  } finally {
    progress.end();
  }
  if (isEmpty && !output.json) {
    output.words(`${noKeys(context.args[0])} (To write all of them into a file: kith export > FILE)`);
  }
  return EXIT_OK;
}
