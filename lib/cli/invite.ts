import { TICKET_SECRET_BYTES, ticketText } from "../space/ticket.ts";
import { type JsonObject } from "./client.ts";
import { type Context, EXIT_OK } from "./context.ts";
import { escapeText } from "./escape.ts";
import { numberField, objectsOf, textField } from "./fields.ts";
import { formatAge, formatCalled, formatCount, formatNumber, shortId } from "./format.ts";
import { printTable } from "./people.ts";
import { qrLines } from "./qr.ts";
import { scopeText, untilText } from "./scope.ts";
import { howToJoin, isFoundByName } from "./screen.ts";
import { usageError } from "./usage.ts";

/** `invite`. */
export async function invite(context: Context): Promise<number> {
  const { flags, output, signal } = context;
  const role = flags.text("role") ?? "writer";
  const prefix = flags.text("prefix");
  if (prefix !== undefined && role === "reader") {
    throw usageError(
      "A reader writes nothing, so --prefix is for writers and admins; reading is always the whole space.",
    );
  }
  const running = await context.runningPeer();
  const status = running === null ? null : await running.object("GET", "/v1/status", { signal });
  const addresses = (status?.addresses ?? []) as readonly string[];
  if (flags.on("qr")) checkCanDraw(context, addresses);
  const answer = await (await context.peer()).object("POST", "/v1/invites", {
    json: {
      role,
      uses: flags.number("uses") ?? 1,
      forMs: lastingMs(flags.number("for")),
      memberForMs: lastingMs(flags.number("member-for")),
      ...(prefix === undefined ? {} : { prefix }),
    },
    signal,
  });
  if (output.json) {
    const { v: _version, ...fields } = answer;
    output.object(fields);
    return EXIT_OK;
  }
  if (flags.on("qr")) output.lines(drawn(textField(answer, "ticket"), context));
  if (flags.on("long")) output.line(textField(answer, "ticket"));
  else if (!flags.on("qr")) output.line(textField(answer, "words"));
  output.words(`(${aboutInvite(answer, context.console.nowMs())}; whoever has this gets in)`);
  if (running === null) {
    output.words("Nobody gets in before this peer runs: kith up");
  } else if (!flags.on("long") && !flags.on("qr")) {
    const { where, command } = howToJoin(addresses, status !== null && isFoundByName(status));
    output.words(`${where}, run   ${command}   and type these words.`);
  }
  return EXIT_OK;
}

/** `invites`. */
export async function invites(context: Context): Promise<number> {
  const { output, console, signal } = context;
  const open = objectsOf(await (await context.peer()).object("GET", "/v1/invites", { signal }), "invites");
  if (output.json) {
    for (const fields of open) output.object(fields);
    return EXIT_OK;
  }
  if (open.length === 0) output.words("No invite is open; 'kith invite' makes one.");
  const nowMs = console.nowMs();
  printTable(output, ["invite", "role", "writes", "left", "good", "member", "by", "made"], [
    ...open.map((one) => [
      shortId(textField(one, "invite")),
      textField(one, "role"),
      scopeText(one),
      `${formatNumber(numberField(one, "uses_left") ?? 0)} of ${formatNumber(numberField(one, "uses") ?? 0)}`,
      untilText(numberField(one, "expires"), nowMs),
      untilText(numberField(one, "member_until"), nowMs),
      formatCalled(textField(one, "by_name"), textField(one, "by")),
      formatAge(numberField(one, "made") ?? nowMs, nowMs),
    ]),
  ]);
  return EXIT_OK;
}

/** As the API takes how long something lasts: 0 is for ever. */
function lastingMs(givenMs: number | undefined): number {
  return givenMs === undefined || givenMs === Infinity ? 0 : givenMs;
}

function aboutInvite(answer: JsonObject, nowMs: number): string {
  const about = [formatCount(numberField(answer, "uses") ?? 1, "machine")];
  const role = textField(answer, "role");
  const prefix = textField(answer, "prefix");
  if (role !== "writer" || prefix !== "") {
    about.push(
      `as ${role === "admin" ? "an" : "a"} ${escapeText(role)}${prefix === "" ? "" : ` below '${escapeText(prefix)}'`}`,
    );
  }
  const memberUntilMs = numberField(answer, "member_until") ?? 0;
  if (memberUntilMs !== 0) about.push(`a member for ${untilText(memberUntilMs, nowMs)}`);
  const expires = numberField(answer, "expires");
  return [...about, `valid ${untilText(expires, nowMs)}`].join(", ");
}

/** Whether a code can be drawn and read: looked at before anything is granted. @throws {KithError} `usage`. */
function checkCanDraw({ output, console }: Context, addresses: readonly string[]): void {
  if (output.json || !output.isTerminal) {
    throw usageError("--qr draws on a terminal only; --long prints the same ticket as text, --json both spellings.");
  }
  const [line] = qrLines(ticketText(new Uint8Array(TICKET_SECRET_BYTES), addresses), "dark");
  const columns = line?.length ?? 0;
  if (columns > console.columns()) {
    throw usageError(
      `The code takes ${columns} columns, and this terminal has ${console.columns()}; widen it, or use --long.`,
    );
  }
}

function drawn(ticket: string, { output }: Context): string[] {
  const ink = output.hasColours ? "dark" : "light";
  return qrLines(ticket, ink).map((line) => output.blackOnWhite(line));
}
