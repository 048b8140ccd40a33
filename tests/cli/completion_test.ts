import { assertEquals, assertStringIncludes } from "@std/assert";
import { completions } from "../../lib/cli/completion.ts";
import { COMMANDS } from "../../lib/cli/commands.ts";
import { peerSources } from "../../lib/cli/completion_sources.ts";
import { apiLines, apiObject, FakeConsole, fakeTransport, run } from "./fakes.ts";

const { transport } = fakeTransport({
  "GET /v1/entries": (request) => {
    const prefix = new URL(request.url).searchParams.get("prefix") ?? "";
    const keys = ["lamp", "lamp two", "level"].filter((key) => key.startsWith(prefix));
    return apiLines(keys.map((key) => ({ v: 1, key })));
  },
  "GET /v1/members": () => apiObject({ members: [{ name: "own", self: true }, { name: "otter-7f2k" }, { name: "" }] }),
  "GET /v1/invites": () => apiObject({ invites: [{ invite: "abcdefghijklmnop" }] }),
  "GET /v1/peers": () => apiObject({ peers: [{ name: "otter-7f2k" }, { name: "lynx-aaaa" }] }),
});
const sources = peerSources(new FakeConsole(), transport);

function complete(...words: string[]) {
  return completions(words, sources);
}

Deno.test("commands complete, also behind a flag with a value", async () => {
  assertEquals(await complete("st"), ["status"]);
  assertEquals(await complete("--home", "/x", "con"), ["config", "conflicts"]);
  assertEquals((await complete("")).length, COMMANDS.length);
  assertEquals(await complete("help", "pi"), ["ping"]);
  assertEquals(await complete("nonsense", ""), []);
  assertEquals(await complete("get", "get", ""), []);
});

Deno.test("flags and their choices complete", async () => {
  assertEquals(await complete("invite", "--u"), ["--uses"]);
  assertEquals(await complete("invite", "--role", "a"), ["admin"]);
  assertEquals(await complete("invite", "--uses", ""), []);
  assertEquals(await complete("set", "k", "v", "--if"), ["--if-absent", "--if-version"]);
});

Deno.test("keys, peers, files, settings and shells complete", async () => {
  assertEquals(await complete("get", "la"), ["lamp", "lamp two"]);
  assertEquals(await complete("get", "lamp", ""), []);
  assertEquals(await complete("del", "lamp", "le"), ["level"]);
  assertEquals(await complete("ping", "o"), ["otter-7f2k"]);
  assertEquals(await complete("grant", ""), ["otter-7f2k"]);
  assertEquals(await complete("revoke", "ot"), ["otter-7f2k"]);
  assertEquals(await complete("revoke", "--invite", "a"), ["abcdefgh"]);
  assertEquals(await complete("invite", "--prefix", "le"), ["level"]);
  assertEquals(await complete("import", "c"), ["cat.jpg"]);
  assertEquals(await complete("import", "dir/i"), ["dir/in.txt"]);
  assertEquals(await complete("set", "photo", "@c"), ["@cat.jpg"]);
  assertEquals(await complete("config", "l"), ["listen"]);
  assertEquals(await complete("completions", ""), ["bash", "zsh", "fish"]);
});

Deno.test("without a peer nothing fails, and nothing is offered", async () => {
  const alone = peerSources(new FakeConsole(), null);
  assertEquals(await completions(["get", ""], alone), []);
  const broken = peerSources(new FakeConsole(), () => Promise.reject(new Error("gone")));
  assertEquals(await completions(["get", ""], broken), []);
  assertEquals(await completions(["ping", ""], broken), []);
});

Deno.test("there is a script for each shell, which asks the hidden command", async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, out } = await run(["completions", shell]);
    assertEquals(code, 0);
    assertStringIncludes(out, "kith __complete --");
  }
  const { code, err } = await run(["completions", "bsh"]);
  assertEquals(code, 2);
  assertStringIncludes(err, "did you mean 'bash'?");
});
