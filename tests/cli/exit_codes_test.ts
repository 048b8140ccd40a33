import { assert, assertEquals, assertMatch } from "@std/assert";
import { createApi } from "../../lib/api/api.ts";
import { runCommandLine } from "../../lib/cli/run.ts";
import { startHost, tempFolder } from "../host/temp_host.ts";
import { FakeBackend, FakeConsole } from "./fakes.ts";

Deno.test("each way to fail has its exit code and its sentence, and an object with --json", async () => {
  await using folder = await tempFolder();
  await using peer = await startHost(`${folder.path}/home`);
  await peer.object("POST", "/v1/space");
  const run = async (...words: string[]) => {
    const console = new FakeConsole();
    const backend = new FakeBackend(createApi(peer.host));
    const code = await runCommandLine(words, { console, backend, prompted: null }, new AbortController().signal);
    return { code, out: console.out, err: console.err };
  };
  assertEquals((await run("set", "there", "1")).code, 0);
  const { version } = JSON.parse((await run("ls", "--json")).out) as { version: string };
  const otherVersion = version.replace(/^./, (first) => first === "a" ? "b" : "a");
  const cases: [string[], number, string][] = [
    [["stauts"], 2, "usage"],
    [["ls", "--lmit", "3"], 2, "usage"],
    [["set", "k"], 2, "usage"],
    [["set", "k", "{", "--type", "json"], 2, "bad_json"],
    [["set", "k", "[12345678901234567890]", "--type", "json"], 2, "number_changes"],
    [["set", "k", "v", "--type", "nonsense"], 2, "media_invalid"],
    [["set", "k".repeat(513), "v"], 2, "key_too_long"],
    [["set", "", "v"], 2, "key_invalid"],
    [["set", "k", "@/no/such/file"], 1, "file_unreadable"],
    [["get", "missing"], 3, "not_found"],
    [["del", "missing"], 3, "not_found"],
    [["ping", "nobody"], 3, "peer_unknown"],
    [["pub", "", "x"], 2, "topic_invalid"],
    [["pub", "t".repeat(513), "x"], 2, "topic_invalid"],
    [["pub", "t"], 2, "usage"],
    [["pub", "t", "x".repeat(60 * 1024 + 1)], 2, "message_too_large"],
    [["send", "nobody", "x"], 3, "peer_unknown"],
    [["reply", "nothing", "x"], 3, "question_unknown"],
    [["wait", "never", "--timeout", "10ms"], 5, "timed_out"],
    [["wait", "--peers", "1", "--timeout", "10ms"], 5, "timed_out"],
    [["set", "there", "2", "--if-absent"], 6, "already_set"],
    [["set", "there", "2", "--if-version", otherVersion], 6, "version_changed"],
    [["set", "there", "2", "--if-version", "none"], 2, "version_invalid"],
    [["history", "missing"], 3, "not_found"],
    [["get", "there", "--at", "x"], 2, "version_invalid"],
    [["get", "missing", "--at", version], 3, "version_unknown"],
    [["get", "there", "--at", otherVersion], 3, "version_not_held"],
    [["watch", "--since", "nonsense"], 2, "position_invalid"],
    [["watch", "--since", "@/no/such/file"], 1, "file_unreadable"],
    [["resolve", "there"], 2, "usage"],
    [["resolve", "there", "--keep", version], 3, "no_conflict"],
    [["join", "abandon", "abandn", "about", "able", "zoo", "zoo"], 2, "ticket_word"],
    [["join", "abandon", "ability"], 2, "ticket_word_count"],
  ];
  for (const [words, code, error] of cases) {
    const plain = await run(...words);
    assertEquals([plain.code, plain.out], [code, ""], `${words.join(" ")}: ${plain.err}`);
    const said = plain.err.trimEnd().split("\n").at(-1) as string;
    assertMatch(said, /^kith: .+[.?!;]/, words.join(" "));
    assert(!said.includes("{"), `a value is missing: ${said}`);
    const json = await run(...words, "--json");
    assertEquals(json.code, code);
    const object = JSON.parse(json.out);
    assertEquals([object.v, object.error], [1, error], json.out);
    assertEquals(`kith: ${object.message}`.length, said.length);
  }
  assertEquals(await run("set", "there", "2", "--if-version", version), { code: 0, out: "", err: "" });
  assertEquals((await run("get", "there", "--at", version.slice(0, 8))).out, "1");
});
