import { askYesNo, GivenUpError } from "./ask.ts";
import type { JsonObject } from "./client.ts";
import { type Context, EXIT_OK } from "./context.ts";
import { escapeText } from "./escape.ts";
import { numberField, textField } from "./fields.ts";
import { formatName, shortId } from "./format.ts";
import { untilText } from "./scope.ts";
import { secondAdminHint } from "./second_admin.ts";
import { usageError } from "./usage.ts";

/** `leave`. */
export async function leave(context: Context): Promise<number> {
  const { output, console, flags } = context;
  if (!flags.on("yes") && console.stdinIsTerminal) {
    const client = await context.peer();
    const hint = await secondAdminHint(context, client, await client.object("GET", "/v1/status"));
    if (hint !== null) output.words(hint);
    await confirm(context, "Leave the space? Its members stay, this machine needs a new ticket to come back.");
  }
  await (await context.peer()).object("POST", "/v1/leave", { signal: context.signal });
  if (output.json) output.object({ left: true });
  else output.words("Left the space. The data stays in this home; the others keep theirs.");
  return EXIT_OK;
}

/** `grant MEMBER --role ROLE`. */
export async function grant(context: Context): Promise<number> {
  const { flags, output, signal } = context;
  const [peer] = context.args as [string];
  const role = flags.text("role");
  const prefix = flags.text("prefix");
  const forMs = flags.number("for") ?? Infinity;
  if (role === undefined) throw usageError("'kith grant' needs --role reader, writer or admin.");
  if (prefix !== undefined && role === "reader") {
    throw usageError(
      "A reader writes nothing, so --prefix is for writers and admins; reading is always the whole space.",
    );
  }
  const answer = await (await context.peer()).object("POST", "/v1/grant", {
    json: { peer, role, ...(prefix === undefined ? {} : { prefix }), ...(forMs === Infinity ? {} : { forMs }) },
    signal,
  });
  if (output.json) output.object(answer);
  else output.words(`${calledMember(answer)} is now ${grantedText(answer, context.console.nowMs())}.`);
  return EXIT_OK;
}

/** `revoke MEMBER`, `revoke --invite INVITE`. */
export async function revoke(context: Context): Promise<number> {
  const { flags, args, output, signal } = context;
  const invite = flags.text("invite");
  if ((invite === undefined) === (args[0] === undefined)) {
    throw usageError(
      "'kith revoke' needs either a MEMBER or --invite INVITE; 'kith members' and 'kith invites' list them.",
    );
  }
  const client = await context.peer();
  if (invite !== undefined) {
    const closed = await client.object("POST", "/v1/revoke", { json: { invite }, signal });
    if (output.json) output.object(closed);
    else output.words("Closed the invite; who came in by it stays.");
    return EXIT_OK;
  }
  // Asked before, so that the question is about the one who is meant, and the removal about the same one.
  const member = await client.object("GET", "/v1/member", { query: { called: args[0] }, signal });
  const name = calledMember(member);
  if (!flags.on("yes")) {
    if (!context.console.stdinIsTerminal) {
      const id = shortId(textField(member, "peer"));
      throw usageError(`Nobody was asked whether removing ${name} is for good. If so: revoke ${id} --yes`);
    }
    await confirm(context, `Remove ${name}? What it wrote that this peer has not seen is undone everywhere.`);
  }
  const removed = await client.object("POST", "/v1/revoke", { json: { peer: textField(member, "peer") }, signal });
  if (output.json) output.object(removed);
  else output.words(`Removed ${name}. What it has received it keeps; the ticket that it came in by is closed.`);
  return EXIT_OK;
}

/** Asks on the terminal. @throws {GivenUpError} for anything but a yes. */
async function confirm({ output, prompted, signal }: Context, question: string): Promise<void> {
  if (prompted === null ? askYesNo(question) : await prompted.askYesNo(question, signal)) return;
  output.words("Nothing was changed.");
  throw new GivenUpError();
}

/** A member as people know it, safe to show. */
function calledMember(member: JsonObject): string {
  const id = shortId(textField(member, "peer"));
  const name = formatName(textField(member, "name"));
  return name === "" ? id : `${name} (${id})`;
}

function grantedText(member: JsonObject, nowMs: number): string {
  const role = escapeText(textField(member, "role"));
  const prefix = textField(member, "prefix");
  const scope = prefix === "" || role === "reader" ? "" : ` below '${escapeText(prefix)}'`;
  const expiresMs = numberField(member, "expires") ?? 0;
  return `${role === "admin" ? "an" : "a"} ${role}${scope}${
    expiresMs === 0 ? "" : `, for ${untilText(expiresMs, nowMs)}`
  }`;
}
