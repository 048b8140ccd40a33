import { assertEquals } from "@std/assert";
import { History, MAX_HISTORY_LINES } from "../../lib/cli/history.ts";
import { FakeConsole } from "./fakes.ts";

Deno.test("history is kept from one run to the next, the newest first", () => {
  const console = new FakeConsole();
  const first = new History(console, "/h");
  first.add("set a 1");
  first.add("ls");
  first.add("set a 1");
  assertEquals(new History(console, "/h").newestFirst, ["set a 1", "ls"]);
});

Deno.test("history is bounded, and holds no tickets and nothing behind a space", () => {
  const console = new FakeConsole();
  const history = new History(console, "/h");
  for (let i = 0; i < MAX_HISTORY_LINES + 5; i++) history.add(`get key${i}`);
  for (const before of ["join", "kith join", "--at 10.0.0.7 join --exit", "kith --json 'join'", "jion", ""]) {
    history.add(`${before} orbit velvet canoe lemon puzzle harbor`);
    history.add(`${before} orbit-velvet-canoe-lemon-puzle-harbor`.trim());
  }
  history.add(" set secret 1");
  history.add("x".repeat(3000));
  const { newestFirst } = new History(console, "/h");
  assertEquals(newestFirst.length, MAX_HISTORY_LINES);
  assertEquals(newestFirst[0], `get key${MAX_HISTORY_LINES + 4}`);
});
