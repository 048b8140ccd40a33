import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { KithError } from "../../lib/base/errors.ts";
import { flagVariable } from "../../lib/cli/command.ts";
import { COMMANDS, GLOBAL_FLAGS } from "../../lib/cli/commands.ts";
import { parseCommandLine } from "../../lib/cli/parse.ts";

function parse(line: string, variables: Record<string, string> = {}) {
  return parseCommandLine(line === "" ? [] : line.split(" "), (name) => variables[name]);
}

function wrong(line: string, variables: Record<string, string> = {}): string {
  const error = assertThrows(() => parse(line, variables), KithError);
  assertEquals(error.code, "usage");
  return error.message;
}

Deno.test("a bare line is up, also with flags of up", () => {
  assertEquals(parse("").command.name, "up");
  const { command, flags } = parse("--name attic --listen a:1 --listen b:2");
  assertEquals(command.name, "up");
  assertEquals(flags.text("name"), "attic");
  assertEquals(flags.list("listen"), ["a:1", "b:2"]);
});

Deno.test("global flags may stand before and behind the command", () => {
  for (const line of ["--home /x --json ls deb/", "ls --json deb/ --home /x", "ls deb/ --home=/x --json"]) {
    const { command, args, flags } = parse(line);
    assertEquals([command.name, args, flags.text("home"), flags.on("json")], ["ls", ["deb/"], "/x", true]);
  }
});

Deno.test("words that only look like flags or numbers are left as they are", () => {
  assertEquals(parse("set temperature -5").args, ["temperature", "-5"]);
  assertEquals(parse("set 007 1e3").args, ["007", "1e3"]);
  assertEquals(parse("set key -").args, ["key", "-"]);
  assertEquals(parse("set key -- --json").args, ["key", "--json"]);
  assertEquals(parse("get level --default -1").flags.text("default"), "-1");
  assertEquals(parse("get level --default=--no").flags.text("default"), "--no");
  assertEquals(parseCommandLine(["set", "note", "- buy milk"], () => undefined).args, ["note", "- buy milk"]);
});

Deno.test("an optional address may be left out", () => {
  assertEquals(parse("up").flags.has("text"), false);
  assertEquals(parse("up --text").flags.text("text"), "");
  assertEquals(parse("up --text --ephemeral").flags.text("text"), "");
  assertEquals(parse("up --text 127.0.0.1:9").flags.text("text"), "127.0.0.1:9");
});

Deno.test("unknown names are answered with the nearest one", () => {
  assertStringIncludes(wrong("stauts"), "did you mean 'status'?");
  assertStringIncludes(wrong("xylophone"), "'kith help' lists the commands.");
  assertStringIncludes(wrong("invite --use 3"), "did you mean '--uses'?");
  assertStringIncludes(wrong("ls -x"), "has no flag '-x'");
  assertStringIncludes(wrong("invite --role amdin"), "one of reader, writer, admin");
});

Deno.test("missing and extra words are named", () => {
  assertStringIncludes(wrong("set key"), "needs VALUE");
  assertStringIncludes(wrong("get a b"), "does not take 'b'");
  assertStringIncludes(wrong("get k --default"), "--default needs a value");
  assertStringIncludes(wrong("up --name --json"), "--name needs a value");
  assertEquals(parse("del a b c").args, ["a", "b", "c"]);
  assertEquals(parse("get --help").args, []);
});

Deno.test("numbers and times are read, and refused with what is wanted", () => {
  assertEquals(parse("invite --uses 15 --for 1h30m").flags.number("for"), 5_400_000);
  assertEquals(parse("invite").flags.number("for"), 86_400_000);
  assertEquals(parse("wait --synced --timeout 1.5").flags.number("timeout"), 1500);
  assertEquals(parse("wait --synced").flags.number("timeout"), Infinity);
  assertStringIncludes(wrong("invite --uses 0"), "a number, 1 to 1000");
  assertStringIncludes(wrong("invite --for soon"), "a time such as");
});

Deno.test("every flag has a variable, which the flag overrides", () => {
  const variables = { KITH_USES: "3", KITH_FOR: "1h", KITH_LONG: "1" };
  const { flags } = parse("invite --uses 5", variables);
  assertEquals([flags.number("uses"), flags.number("for"), flags.on("long")], [5, 3_600_000, true]);
  assertEquals(parse("up", { KITH_LISTEN: "a:1, b:2" }).flags.list("listen"), ["a:1", "b:2"]);
  assertEquals(parse("up", { KITH_EPHEMERAL: "" }).flags.on("ephemeral"), false);
  assertStringIncludes(wrong("invite", { KITH_USES: "many" }), "KITH_USES takes a number");
  assertEquals(flagVariable({ name: "if-absent", type: "switch", help: "" }), "KITH_IF_ABSENT");
});

Deno.test("the table is well-formed", () => {
  const names = COMMANDS.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  for (const command of COMMANDS) {
    const flags = [...GLOBAL_FLAGS, ...command.flags];
    assertEquals(new Set(flags.map(({ name }) => name)).size, flags.length, command.name);
    const shorts = flags.flatMap(({ short }) => short ?? []);
    assertEquals(new Set(shorts).size, shorts.length, command.name);
    assert(command.examples.length > 0, command.name);
    for (const flag of flags) if (flag.type === "choice") assert(flag.choices?.length, flag.name);
    // A required argument behind an optional one could never be told apart from it.
    const optional = command.arguments.findIndex(({ required }) => required === false);
    if (optional >= 0) assert(command.arguments.slice(optional).every(({ required }) => required === false));
    for (const [line] of command.examples) {
      const words = line.split(/ [<>|] ?| > /).flatMap((part) => part.trim().startsWith("kith") ? [part.trim()] : []);
      for (const part of words) {
        parse(part.replaceAll(/'[^']*'/g, "x").split(/ [<>] /)[0]?.replace(/^kith ?/, "") ?? "");
      }
    }
  }
});
