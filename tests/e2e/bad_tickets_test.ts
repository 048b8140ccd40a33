import { assertEquals, assertMatch } from "@std/assert";
import { newTicketSecret, ticketWords } from "../../lib/space/ticket.ts";
import { type Home, Machine, until, type UpPeer } from "./kith.ts";
import { assertRefused, logOf, statusAt } from "./refusal.ts";

/** A running peer with a value, and a second home that is in no space. */
async function withDoor(test: (a: Home, peer: UpPeer, b: Home) => Promise<void>): Promise<void> {
  await using machine = new Machine();
  const a = machine.home("a");
  const peer = await a.up();
  await a.ok("set", "kept", "value");
  await test(a, peer, machine.home("b"));
}

function joinAt(peer: UpPeer, ...flags: string[]): string[] {
  return ["join", "--at", peer.address, "--listen", "127.0.0.1:0", ...flags];
}

/** The door says why, counts it, lets nobody in and goes on; whoever was refused gets in with a good ticket. */
async function assertGoesOn(a: Home, peer: UpPeer, b: Home, refused: number): Promise<void> {
  const status = await statusAt(a);
  const told = logOf(a).filter(({ event, reason }) => event === "link_refused" && reason === "refused_ticket");
  assertEquals([status.entries, told.length, status.events["link_refused:refused_ticket"]], [1, refused, refused]);
  assertMatch(await a.ok("status"), new RegExp(`^refused +${refused} × link_refused: refused_ticket$`, "m"));
  const { words } = await a.object("invite");
  const joined = await b.run(joinAt(peer, "--exit"), { env: { KITH_TICKET: words } });
  assertEquals(joined.code, 0, joined.err);
  assertEquals(await b.ok("get", "kept"), "value");
}

Deno.test("a ticket with a slip is refused before anything is started, with near words", async (test) => {
  await using machine = new Machine();
  const home = machine.home("home");
  const words = ticketWords(newTicketSecret({ bytes: (size) => new Uint8Array(size).fill(7) })).split("-");
  const cases = [
    [
      "word not in the list",
      "ticket_word",
      [...words.slice(0, 5), "harbr"],
      /Word 6 .* 'harbr', .* did you mean harbor, /,
    ],
    ["wrong ticket (a word is missing)", "ticket_word_count", words.slice(1), /A ticket has 6 words, and this has 5/],
    ["wrong ticket (words in another order)", "ticket_checksum", words.toReversed(), /does not check out/],
    ["wrong ticket (no ticket at all)", "ticket_malformed", ["kith1!"], /This is not a ticket; it is six words/],
  ] as const;
  for (const [row, error, ticket, says] of cases) {
    const options = { env: { KITH_TICKET: ticket.join("-") } };
    await assertRefused(test, home, ["join"], { row, error, says, shown: `kith join (${ticket.join("-")})` }, options);
  }
  assertEquals([...Deno.readDirSync(machine.folder)].map(({ name }) => name), ["run"], "no home was made");
});

Deno.test("a ticket that the door does not know is refused", async (test) => {
  await withDoor(async (a, peer, b) => {
    const secret = newTicketSecret({ bytes: (size) => crypto.getRandomValues(new Uint8Array(size)) });
    await assertRefused(test, b, joinAt(peer), {
      row: "wrong ticket",
      error: "refused_ticket",
      says:
        /The ticket was refused: it is unknown here, used up, expired or closed; ask for a new one, which 'kith invite' makes/,
    }, { env: { KITH_TICKET: ticketWords(secret) } });
    await assertGoesOn(a, peer, b, 2);
  });
});

Deno.test("a ticket that is used up is refused", async (test) => {
  await withDoor(async (a, peer, b) => {
    const { words } = await a.object("invite");
    const first = await a.machine.home("c").run(joinAt(peer, "--exit"), {
      env: { KITH_TICKET: words },
    });
    assertEquals(first.code, 0, first.err);
    await assertRefused(test, b, joinAt(peer), {
      row: "reused ticket",
      error: "refused_ticket",
      says: /used up/,
    }, { env: { KITH_TICKET: words } });
    assertEquals((await statusAt(a)).members, 2);
    await assertGoesOn(a, peer, b, 2);
  });
});

Deno.test("a ticket that has expired is refused", async (test) => {
  await withDoor(async (a, peer, b) => {
    const { words, expires } = await a.object("invite", "--for", "1ms");
    await until("the ticket expires", () => Promise.resolve(Date.now() > expires ? true : null));
    await assertRefused(test, b, joinAt(peer, "--exit"), {
      row: "expired ticket",
      error: "refused_ticket",
      says: /expired/,
    }, { env: { KITH_TICKET: words } });
    await assertGoesOn(a, peer, b, 2);
  });
});

Deno.test("a peer's own ticket, and one for a home that has data, are refused", async (test) => {
  await withDoor(async (a, peer, b) => {
    const { words } = await a.object("invite", "--uses", "2");
    await assertRefused(test, a, joinAt(peer), {
      row: "wrong ticket (one's own)",
      error: "refused_ticket",
      says: /it was made by this very peer/,
    }, { env: { KITH_TICKET: words } });
    const peerB = await b.up();
    await b.ok("set", "own", "data");
    await peerB.stop();
    await assertRefused(test, b, joinAt(peer), {
      row: "ticket for a home that has data",
      error: "home_has_space",
      says: /This home already has a space with data in it/,
    }, { env: { KITH_TICKET: words } });
    assertEquals(await b.ok("get", "own"), "data");
    assertMatch(await a.ok("ls"), /^kept\n$/);
  });
});
