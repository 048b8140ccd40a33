import { assert, assertEquals } from "@std/assert";
import { type Followed, Machine, type Printed, until } from "./kith.ts";

/** The next event of a kind about a peer; those before it are passed over. */
async function eventOf(followed: Followed, event: string, peer: string): Promise<Printed> {
  while (true) {
    const line = await followed.line();
    assert(line !== null, `the stream ended before ${event}`);
    const told = JSON.parse(line);
    if (told.event === event && told.peer === peer) return told;
  }
}

Deno.test("who comes, stops, crashes and is back is told at once, with the reason", async () => {
  await using machine = new Machine();
  const [a, b, other] = [machine.home("a"), machine.home("b"), machine.home("c")];
  await a.up(["--name", "attic"]);
  const { words } = await a.object("invite", "--uses", "2");
  const { ready } = await other.up(["join", "-", "--name", "cave"], { stdin: words });
  const followed = a.follow("watch", "--events", "--initial", "--json");
  await eventOf(followed, "linked", ready.peer);
  const first = await b.up(["join", "-", "--name", "boat"], { stdin: words });
  const { peer } = first.ready;
  assertEquals((await eventOf(followed, "waiting", peer)).v, 1);
  const joined = await eventOf(followed, "joined", peer);
  assertEquals([joined.name, joined.role, joined.by_name], ["boat", "writer", "attic"]);

  const view = await until("the two to be in sync", async () => {
    const view = (await a.objects("peers")).find(({ name }) => name === "boat");
    return view?.in_sync && view?.round_trip_ms !== null ? view : null;
  });
  assertEquals([view.role, view.missing_here, view.missing_there], ["writer", 0, 0]);
  assert(view.sent > 0 && view.received > 0 && view.sent_per_s >= 0 && view.received_per_s >= 0);

  const lines = await a.objects("ping", "boat", "--count", "3", "--interval", "10ms");
  assertEquals(lines.length, 4);
  const summary = lines[3] as Printed;
  assertEquals([summary.sent, summary.answered, summary.loss], [3, 3, 0]);
  assert(summary.min_ms <= summary.avg_ms && summary.avg_ms <= summary.max_ms);

  await b.ok("down");
  assertEquals((await eventOf(followed, "unlinked", peer)).reason, "goodbye");
  assertEquals((await eventOf(followed, "left", peer)).reason, "goodbye");
  assert((await a.ok("peers")).includes("away: boat"));

  const second = await b.up();
  assertEquals(second.ready.name, "boat", "the name with which it joined");
  const back = await eventOf(followed, "back", peer);
  assert(back.away_ms > 0);
  await second.stop("SIGKILL");
  assertEquals((await eventOf(followed, "gone", peer)).reason, "truncated");

  const { code, out } = await a.run(["ping", "boat", "--json"]);
  assertEquals([code, JSON.parse(out).error], [3, "peer_unknown"]);
});

Deno.test("who knocks with a ticket that is not good is told as refused", async () => {
  await using machine = new Machine();
  const [a, b] = [machine.home("a"), machine.home("b")];
  await a.up();
  const { words, invite } = await a.object("invite");
  await a.ok("revoke", "--invite", invite);
  const followed = a.follow("watch", "--events", "--json");
  // It says nothing as long as nothing happens: whether it listens is seen by what it tells.
  let refused: string | null = null;
  const told = followed.line().then((line) => refused = line);
  await until("the refusal to be told", async () => {
    await b.run(["join", "-", "--exit"], { stdin: words });
    return refused;
  });
  await told;
  const { event, reason, address } = JSON.parse(refused as unknown as string);
  assertEquals([event, reason, typeof address], ["refused", "refused_ticket", "string"]);
});
