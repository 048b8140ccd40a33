import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Home, Machine } from "./kith.ts";
import { hasTmux, Screen } from "./screen.ts";

const LOCAL = ["--listen", "127.0.0.1:0"];
const tmux = hasTmux();

/** A test in a terminal; its name says why where it is skipped. */
function terminalTest(name: string, test: (home: Home) => Promise<void>): void {
  Deno.test({
    name: tmux ? name : `${name} (skipped: there is no tmux)`,
    ignore: !tmux,
    async fn() {
      await using machine = new Machine();
      await test(machine.home("home"));
    },
  });
}

/** Runs a peer at a prompt, in a home that has a space already. */
async function atPrompt(home: Home): Promise<Screen> {
  const peer = await home.up();
  await peer.stop();
  const screen = await Screen.open(home, ["up", ...LOCAL]);
  await screen.shows(/^[a-z]+-[a-z2-7]{4}>$/m);
  return screen;
}

/** Stops the peer at the prompt, so that it leaves its home before that is removed. */
async function end(screen: Screen): Promise<void> {
  await screen.press("C-d");
  await screen.shows(/^exit 0$/m);
}

terminalTest("the first time, one question is asked, and the first screen says how to go on", async (home) => {
  await using screen = await Screen.open(home, LOCAL);
  await screen.shows(/1 {2}new: begin a new space\n {2}2 {2}join: get into one with a ticket/);
  await screen.press("Enter");
  const text = await screen.shows(/^[a-z]+-[a-z2-7]{4}>$/m);
  const lines = text.split("\n").slice(text.split("\n").findIndex((line) => line.startsWith("kith ")));
  assertMatch(
    lines[0] as string,
    /^kith \d+\.\d+\.\d+ {3}peer [a-z]+-[a-z2-7]{4} {3}space [a-z]+-[a-z2-7]{4} \(1 member\)$/,
  );
  assertMatch(lines[1] as string, /^listening {4}127\.0\.0\.1:\d+$/);
  assertEquals(lines[2], `data         ${home.path}`);
  assertMatch(lines[4] as string, /kith join.+type {3}([a-z]+-){5}[a-z]+$/);
  assertMatch(
    lines[5] as string,
    /^\(one machine, valid 24 h; for more, or from afar: kith invite --uses 15, kith invite/,
  );
  await end(screen);
});

terminalTest("a person joins by the words, and is shown who is there", async (home) => {
  const door = home.machine.home("door");
  const peer = await door.up();
  await door.ok("set", "greeting", "hello");
  const { words } = await door.object("invite");
  await using screen = await Screen.open(home, LOCAL);
  await screen.shows(/begin a new space/);
  await screen.type("3");
  await screen.press("Enter");
  await screen.shows(/^Please answer 1 or 2:$/m);
  await screen.type("2");
  await screen.press("Enter");
  await screen.shows(/^Ticket \(six words, or the long one\):$/m);
  await screen.type("slip");
  await screen.press("Enter");
  await screen.shows(/^kith: .+\nTicket \(six words, or the long one\):$/m);
  await screen.type("slip");
  await screen.press("C-u");
  await screen.type(`${words}x`);
  await screen.press("BSpace");
  await screen.shows(/: \*+$/m);
  await screen.press("Enter");
  const text = await screen.shows(/^[a-z]+-[a-z2-7]{4}>$/m);
  assertStringIncludes(text, "(2 members)");
  assert(!text.includes(words), "the ticket is not shown");
  await screen.type("get greeting");
  await screen.press("Enter");
  await screen.shows(/^hello\n[^>]*>$/m);
  await peer.stop();
  await screen.shows(/^\S+ \([a-z2-7]{8}\) left: it said goodbye$/m);
  await end(screen);
});

terminalTest("who answers a question with Ctrl-C has decided nothing", async (home) => {
  {
    await using screen = await Screen.open(home, LOCAL);
    await screen.shows(/\(Enter for 1\):$/m);
    await screen.press("C-c");
    await screen.shows(/^exit 130$/m);
  }
  {
    await using screen = await Screen.open(home, LOCAL);
    await screen.shows(/\(Enter for 1\):$/m);
    await screen.type("join");
    await screen.press("Enter");
    await screen.shows(/^Ticket/m);
    await screen.type("half-a");
    await screen.press("C-c");
    await screen.shows(/^exit 130$/m);
  }
  assertEquals((await home.object("status")).space, null);
  await home.up();
  await using screen = await Screen.open(home, ["leave"]);
  await screen.shows(/\[y\/N\]$/m);
  await screen.press("Enter");
  await screen.shows(/^Nothing was changed\.\nexit 130$/m);
});

terminalTest("the prompt runs commands, completes commands and keys, and keeps its history", async (home) => {
  {
    await using screen = await atPrompt(home);
    await screen.type("set lamp/one 'on and on'");
    await screen.press("Enter");
    await screen.shows(/on and on'\n[^>]*>$/);
    await screen.type("ge");
    await screen.press("Tab");
    await screen.shows(/> get$/);
    await screen.type("la");
    await screen.press("Tab");
    await screen.shows(/> get lamp\/one$/);
    await screen.press("Enter");
    await screen.shows(/^on and on\n[^>]*>$/m);
    await screen.type("con");
    await screen.press("Tab");
    await screen.shows(/> conf$/);
    await screen.press("Tab");
    await screen.shows(/^config\s+conflicts$/m);
    await screen.press("C-c");
    await screen.type("get missing");
    await screen.press("Enter");
    await screen.shows(/^kith: There is no value at 'missing'[^>]*\n\S+>$/m);
    await screen.press("Up", "Up");
    await screen.shows(/> get lamp\/one$/);
    await screen.press("C-c", "C-d");
    await screen.shows(/exit 0/);
  }
  assertEquals((await Deno.stat(`${home.path}/history`)).mode! & 0o777, 0o600);
  await using screen = await Screen.open(home, ["up", ...LOCAL]);
  await screen.shows(/>$/m);
  await screen.press("Up");
  await screen.shows(/> get missing$/m);
  await screen.press("C-c");
  await end(screen);
});

terminalTest("Ctrl-C clears the line or ends a command, Ctrl-D stops the peer and says so", async (home) => {
  await using screen = await atPrompt(home);
  await screen.type("half a line");
  await screen.press("C-c");
  await screen.shows(/half a line\^C\n\S+>$/);
  await screen.type("watch");
  await screen.press("Enter");
  await screen.shows(/> watch$/);
  await home.ok("set", "seen", "1");
  await screen.shows(/^\+ seen {2}1$/m);
  await screen.press("C-c");
  await screen.shows(/\+ seen {2}1\n\S+>$/);
  await screen.type("get nothing");
  await screen.press("Enter");
  await screen.shows(/^kith: There is no value at 'nothing'[^>]*\n\S+>$/m);
  await screen.press("C-d");
  await screen.shows(/Stopping the peer; 'kith up' runs it again\.\nexit 0/);
});

terminalTest("an error is one sentence, and the prompt goes on", async (home) => {
  await using screen = await atPrompt(home);
  await screen.type("stauts");
  await screen.press("Enter");
  await screen.shows(/^kith: There is no command 'stauts'; did you mean 'status'\?\n\S+>$/m);
  await screen.type("set k -");
  await screen.press("Enter");
  await screen.shows(/^kith: Standard input is taken by the prompt[^>]*\n\S+>$/m);
  await screen.type("set k 'open");
  await screen.press("Enter");
  await screen.shows(/^kith: The quote ' is not closed\.\n\S+>$/m);
  await screen.type("down");
  await screen.press("Enter");
  await screen.shows(/Stopping the peer.+\nexit 0/);
});

terminalTest("the prompt asks before somebody goes for good", async (home) => {
  await using screen = await atPrompt(home);
  const boat = home.machine.home("boat");
  const joined = await boat.run(["join", "-", "--exit", "--name", "boat"], {
    stdin: (await home.object("invite")).words,
  });
  assertEquals(joined.code, 0, joined.err);
  await screen.type("revoke boat");
  await screen.press("Enter");
  await screen.shows(/^Remove boat \(\w{8}\)\? What it wrote .+ \[y\/N\]$/m);
  await screen.press("Enter");
  await screen.shows(/^Nothing was changed\.\n\S+>$/m);
  await screen.type("revoke boat");
  await screen.press("Enter");
  await screen.shows(/\[y\/N\]$/);
  await screen.press("C-c");
  await screen.shows(/\[y\/N\].*\n\S+>$/);
  assertEquals((await home.objects("members")).length, 2);
  await screen.type("revoke boat");
  await screen.press("Enter");
  await screen.shows(/\[y\/N\]$/);
  await screen.type("y");
  await screen.press("Enter");
  await screen.shows(/^Removed boat \(\w{8}\)\.[^>]*\n\S+>$/m);
  await screen.press("Up");
  await screen.shows(/\n\S+> revoke boat$/);
  await screen.press("C-c");
  await screen.type("leave");
  await screen.press("Enter");
  await screen.shows(/^Leave the space\?.+ \[y\/N\]$/m);
  await screen.type("yes");
  await screen.press("Enter");
  await screen.shows(/^Left the space\.[^>]*\n\S+>$/m);
  await end(screen);
});

terminalTest("what others wrote can't steer the terminal", async (home) => {
  await home.up();
  await home.ok("set", "evil\x1b[2Jkey", "\x1b]0;title\x07");
  await using screen = await Screen.open(home, ["ls", "-l"]);
  const text = await screen.shows(/exit 0/);
  assertStringIncludes(text, "evil\\x1b[2Jkey");
  assertStringIncludes(text, "\\x1b]0;title\\x07");
});

terminalTest("a long import shows how far it is", async (home) => {
  await home.up();
  const path = `${home.machine.folder}/many.ndjson`;
  for (let round = 1, isSeen = false; !isSeen; round++) {
    // A machine that stands still for a moment may show nothing of it: then there is more to import the next time.
    assert(round <= 5, "it is not shown");
    const line = (i: number) => JSON.stringify({ key: `key/${round}/${i}`, text: "x".repeat(200) }) + "\n";
    await Deno.writeTextFile(path, Array.from({ length: 40_000 * round }, (_, i) => line(i)).join(""));
    await using screen = await Screen.open(home, ["import", path]);
    const shown = await screen.shows(/^importing {2}\[#+ *\] +\d+% {2}[\d,]+ entries|^exit/m);
    isSeen = shown.startsWith("importing");
    const text = await screen.shows(/^exit \d+$/m);
    const count = (40_000 * round).toLocaleString("en");
    assertMatch(text, new RegExp(`^${count} imported, 0 were there already\nexit 0$`));
  }
});

terminalTest("a removal is asked about, a code is drawn, and a sole admin is told how not to be one", async (home) => {
  const guest = home.machine.home("guest");
  await home.up();
  {
    await using screen = await Screen.open(home, ["invite", "--qr", "--long"]);
    const text = await screen.shows(/^exit 0$/m);
    assertMatch(text, /(^ *[▀▄█ ]+\n){15,}\s*^kith1[a-z2-7]+$/m);
    await guest.up(["join", "-", "--name", "guest"], { stdin: /^kith1\S+$/m.exec(text)?.[0] ?? "" });
  }
  {
    await using screen = await Screen.open(home, ["status"]);
    await screen.shows(/only admin; .+ {3}kith grant guest --role admin\nexit 0/);
  }
  {
    await using screen = await Screen.open(home, ["revoke", "guest"]);
    await screen.shows(/^Remove guest \([a-z2-7]{8}\)\? What it wrote .+ undone everywhere\. \[y\/N\]$/m);
    await screen.press("Enter");
    await screen.shows(/^Nothing was changed\.\nexit 130$/m);
  }
  assertEquals((await home.objects("members")).length, 2);
  await using screen = await Screen.open(home, ["revoke", "guest"]);
  await screen.shows(/\[y\/N\]$/m);
  await screen.type("y");
  await screen.press("Enter");
  await screen.shows(/^Removed guest \([a-z2-7]{8}\)\..+\nexit 0$/m);
  assertEquals((await home.objects("members")).length, 1);
});

terminalTest("what one says at its prompt, others are shown above the line that they type", async (home) => {
  const other = home.machine.home("other");
  const peer = await other.up(["--name", "attic"]);
  const { words } = await other.object("invite");
  await (await home.up(["join", "-", "--at", peer.address], { stdin: String(words) })).stop();
  const followed = other.follow("sub", "chat", "--json", "--limit", "1");
  await followed.line();
  await using screen = await Screen.open(home, ["up", "--name", "cellar", ...LOCAL]);
  await screen.shows(/^attic \([a-z2-7]{8}\) is linked at .*$/m);
  await screen.type('/say  it\'s "half past" five -- @now');
  await screen.press("Enter");
  const { text, name, topic } = JSON.parse(await followed.line() ?? "{}");
  assertEquals([text, name, topic], ['it\'s "half past" five -- @now', "cellar", "chat"]);
  await followed.ended();
  await screen.type("get half");
  await other.ok("send", "@all", "lunch\x1b[2J?");
  await screen.shows(/^attic: lunch\\x1b\[2J\?\ncellar> get half$/m);
  await other.ok("send", "cellar", "only you");
  await screen.shows(/^attic \(to you\): only you\ncellar> get half$/m);
  await screen.press("C-c");
  await screen.type("/say");
  await screen.press("Enter");
  await screen.shows(/^kith: '\/say' needs what to say[^>]*\n\S+>$/m);
  await peer.stop();
  await end(screen);
});
