import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { unicodeWidth } from "../../lib/cli/width.ts";
import { apiError, apiLines, apiObject, run } from "./fakes.ts";

const NOW_MS = 1_000_000;
const PEER = {
  ...{
    peer: "7f2kq3md".padEnd(52, "a"),
    name: "otter-7f2k",
    role: "writer",
    address: "192.168.1.7:5484",
    path: "direct",
  },
  ...{ round_trip_ms: 12.4, since: NOW_MS - 300_000, in_sync: true, missing_here: 0, missing_there: 0 },
  ...{ sent: 123_456_789, received: 2048, sent_per_s: 10_240, received_per_s: 3 },
};
const ANSWER = {
  peers: [
    PEER,
    { ...PEER, name: "a-name-that-is-rather", peer: "b".repeat(52), in_sync: false, missing_here: 12 },
    { ...PEER, name: "twin", peer: "c".repeat(52), in_sync: false, missing_here: null, round_trip_ms: null },
    { ...PEER, name: "twin", peer: "d".repeat(52), in_sync: false },
  ],
  absent: [{ peer: "e".repeat(52), name: "newt", since: NOW_MS - 60_000, state: "gone" }],
  door: [{ peer: "f".repeat(52), address: "192.168.1.9:40000", stage: "joining", since: NOW_MS - 2000 }],
};

Deno.test("peers shows who is linked, how they stand and what passes, in 80 columns", async () => {
  const answers = { "GET /v1/peers": () => apiObject(ANSWER) };
  const { code, out } = await run(["peers"], answers, (console) => console.variables = { NO_COLOR: "1" }, true);
  assertEquals(code, 0);
  const lines = out.split("\n");
  assertEquals(lines.map((line) => line.split(/ {2,}/)), [
    ["name", "in sync", "path", "trip", "since", "in/s", "out/s", "in", "out"],
    ["otter-7f2k", "yes", "direct", "12 ms", "5 min", "3", "10.0K", "2.0K", "118M"],
    ["a-name-that-is-rather", "lacking 12", "direct", "12 ms", "5 min", "3", "10.0K", "2.0K", "118M"],
    ["twin (cccccccc)", "unknown", "direct", "-", "5 min", "3", "10.0K", "2.0K", "118M"],
    ["twin (dddddddd)", "soon", "direct", "12 ms", "5 min", "3", "10.0K", "2.0K", "118M"],
    ["away: newt (eeeeeeee), gone, last seen 60 s ago"],
    ["at the door: ffffffff, joining, from 192.168.1.9:40000, came 2 s ago"],
    [""],
  ]);
  for (const line of lines) assert(unicodeWidth(line) <= 80, line);
});

Deno.test("peers shows of a space where not all are linked who else is here, who says so, and who is lost", async () => {
  const peersOf = async (answer: Record<string, unknown>) => {
    const { out } = await run(["peers"], { "GET /v1/peers": () => apiObject({ peers: [PEER], door: [], ...answer }) });
    return out.trimEnd().split("\n").slice(2);
  };
  assertEquals(await peersOf({ absent: [], others: 41 }), [
    "41 more members by way of these: nothing heard from them so far",
  ]);
  const by = { by: PEER.peer, by_name: PEER.name };
  const elsewhere = [
    { peer: "g".repeat(52), name: "heron", heard: NOW_MS - 9000, ...by, in_sync: true },
    { peer: "h".repeat(52), name: "\x1b", heard: NOW_MS - 9000, ...by, in_sync: false },
  ];
  const absent = [{ peer: "e".repeat(52), name: "newt", since: NOW_MS - 60_000, state: "gone", ...by }];
  assertEquals(await peersOf({ elsewhere, absent, others: 3 }), [
    "3 more members by way of these: 2 here, 1 in sync, nothing heard from 1 so far",
    "away: newt (eeeeeeee), gone, last seen 60 s ago, as otter-7f2k says",
    "here: heron (gggggggg), in sync, heard 9 s ago by way of otter-7f2k",
    "here: \\x1b (hhhhhhhh), heard 9 s ago by way of otter-7f2k",
  ]);
  assertEquals(await peersOf({ elsewhere: elsewhere.slice(0, 1), absent: [], others: 1 }), [
    "1 more member by way of these: all here, all in sync",
    "here: heron (gggggggg), in sync, heard 9 s ago by way of otter-7f2k",
  ]);
});

Deno.test("peers and ping say by whom a link is relayed, and events when that changes", async () => {
  const path = { path: "relayed", relay: "b".repeat(52), relay_name: "new\u202et" };
  const answers = {
    "GET /v1/peers": () => apiObject({ peers: [{ ...PEER, ...path }], absent: [], door: [] }),
    "POST /v1/ping": () => apiObject({ peer: "otter", round_trip_ms: 25, ...path }),
    "GET /v1/events": () =>
      apiLines([
        { event: "linked", peer: PEER.peer, name: "otter", address: "relay:b", by: "b".repeat(52), by_name: "newt" },
        { event: "path", peer: PEER.peer, name: "otter", path: "relayed", by: "b".repeat(52), by_name: "newt" },
        { event: "path", peer: PEER.peer, name: "otter", path: "direct" },
        { event: "path", peer: PEER.peer, name: "otter", path: "punched" },
        { event: "linked", peer: PEER.peer, name: "otter", address: "quic:203.0.113.9:1", path: "punched" },
        { event: "punch_failed", peer: PEER.peer, name: "otter", reason: "no_way_through" },
        { event: "punch_failed", peer: PEER.peer, name: "otter", reason: "new\u202e" },
      ]),
  };
  assertStringIncludes((await run(["peers"], answers)).out, "relayed by new\\u{202e}t");
  assertEquals((await run(["ping", "otter"], answers)).out, "25 ms  relayed by new\\u{202e}t\n");
  const direct = { "POST /v1/ping": () => apiObject({ peer: "otter", round_trip_ms: 25, path: "lan" }) };
  assertEquals((await run(["ping", "otter"], direct)).out, "25 ms  lan\n");
  assertEquals((await run(["watch", "--events"], answers)).out.split("\n"), [
    "otter (7f2kq3md) is linked, relayed by newt",
    "otter (7f2kq3md) is now reached through newt, which relays the link",
    "otter (7f2kq3md) is now reached directly",
    "otter (7f2kq3md) is now reached directly, through a hole in the routers",
    "otter (7f2kq3md) is linked through a hole in the routers",
    "no hole could be punched to otter (7f2kq3md): the routers let nothing through",
    "no hole could be punched to otter (7f2kq3md): new\\u{202e}",
    "",
  ]);
});

Deno.test("peers, ping and status say why no hole leads to who is relayed", async () => {
  const path = { path: "relayed", relay: "b".repeat(52), relay_name: "newt", punch_failed: "udp_blocked" };
  const answers = {
    "GET /v1/peers": () => apiObject({ peers: [{ ...PEER, ...path }], absent: [], door: [] }),
    "POST /v1/ping": () => apiObject({ peer: "otter", round_trip_ms: 25, ...path }),
    "GET /v1/status": () => apiObject({ peers: [{ ...PEER, ...path }], absent: [] }),
  };
  const { out } = await run(["peers"], answers);
  assertEquals(
    out.trimEnd().split("\n").at(-1),
    "no hole leads to otter-7f2k (7f2kq3md): nobody answers this peer by UDP",
  );
  const pinged = await run(["ping", "otter", "--count", "2", "--interval", "1ms"], answers);
  assertEquals(pinged.err, "No hole leads to it: nobody answers this peer by UDP.\n");
  const status = await run(["status"], answers);
  assertStringIncludes(status.out, "no hole      to otter-7f2k (7f2kq3md): nobody answers this peer by UDP\n");
});

Deno.test("peers --watch on a terminal draws in place, and says when the peer stops", async () => {
  const events = () =>
    apiLines([{ event: "watching" }, { event: "left", time: NOW_MS - 5000, peer: "e", name: "newt" }]);
  const answers = { "GET /v1/peers": () => apiObject(ANSWER), "GET /v1/events": events };
  const { code, out, err } = await run(["peers", "--watch"], answers, () => {}, true);
  assertEquals([code, err], [0, "The peer has stopped.\n"]);
  assertMatch(out, /otter-7f2k .*\n.*rather.*\n.*twin.*\n.*twin.*\naway: newt.*\nat the door: ffffffff/);
});

Deno.test("peers --watch elsewhere, and watch --events, print a line an event", async () => {
  const [time, peer, name] = [NOW_MS, "7f2kq3md".padEnd(52, "a"), "otter"];
  const events = [
    { event: "waiting", time, peer, name: "", address: "10.0.0.7:1" },
    { event: "asking", time, name: "" },
    { event: "joined", time, peer, name, role: "writer", by: "a".repeat(52), by_name: "attic" },
    { event: "linked", time, peer, name, address: "10.0.0.7:1" },
    { event: "unlinked", time, peer, name, reason: "truncated", interruptions: 2 },
    { event: "gone", time, peer, name, reason: "silent" },
    { event: "gone", time, peer, name, reason: "silent", by: "a".repeat(52), by_name: "attic" },
    { event: "back", time, peer, name, away_ms: 12_000 },
    { event: "left", time, peer, name, reason: "goodbye" },
    { event: "removed", time, peer, name, reason: "removed", by: "a".repeat(52), by_name: "attic" },
    { event: "refused", time, peer, name: "", address: "10.0.0.7:1", reason: "refused_ticket" },
  ];
  const answers = {
    "GET /v1/events": () => apiLines([{ event: "watching" }, ...events.map((event) => ({ v: 1, ...event }))]),
  };
  const followed = await run(["watch", "--events"], answers);
  assertEquals(followed.out.split("\n"), [
    "7f2kq3md is at the door, from 10.0.0.7:1",
    "somebody on the local network looks for this space with a ticket",
    "otter (7f2kq3md) joined the space as writer, let in by attic",
    "otter (7f2kq3md) is linked at 10.0.0.7:1",
    "otter (7f2kq3md) is not linked any more: the connection broke; so it was 2 times more since that was told last",
    "otter (7f2kq3md) is gone: nothing is heard from it",
    "otter (7f2kq3md) is gone: nothing is heard from it, as attic says",
    "otter (7f2kq3md) is back after 12 s",
    "otter (7f2kq3md) left: it said goodbye",
    "otter (7f2kq3md) is no member any more: removed by attic",
    "7f2kq3md was refused at the door, from 10.0.0.7:1: its ticket is not good here",
    "",
  ]);
  assertEquals((await run(["peers", "--watch"], answers)).out, followed.out);
  const some = await run(["watch", "--events", "--json", "--count", "2"], answers);
  assertEquals(
    some.out.trim().split("\n").map((line) => JSON.parse(line)),
    events.slice(0, 2).map((e) => ({ v: 1, ...e })),
  );
  const lagging = await run(["watch", "--events"], { "GET /v1/events": () => apiLines([{ event: "lagged" }]) });
  assertEquals(lagging.code, (await run(["watch"], { "GET /v1/watch": () => apiLines([{ event: "lagged" }]) })).code);
  assertEquals((await run(["watch", "--events", "k"], answers)).code, 2);
});

Deno.test("ping counts what is lost, and ends with 5 where nothing was answered", async () => {
  const trips = [10, null, 20];
  const answers = {
    "POST /v1/ping": () => {
      const trip = trips.shift();
      if (typeof trip === "number") return apiObject({ peer: "otter", round_trip_ms: trip });
      return apiError("silent", 5, "Nothing was heard from otter for 5 s.", 504);
    },
  };
  const words = ["ping", "otter", "--interval", "1ms"];
  const some = await run([...words, "--count", "3"], answers);
  assertEquals([some.code, some.out.split("\n")], [0, [
    "10 ms",
    "Nothing was heard from otter for 5 s.",
    "20 ms",
    "3 sent, 2 answered, 33% lost; min / avg / max 10 ms / 15 ms / 20 ms",
    "",
  ]]);
  const none = await run([...words, "--count", "2", "--json"], answers);
  assertEquals(none.code, 5);
  const [first, , summary] = none.out.trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(first, { v: 1, peer: "otter", round_trip_ms: null, error: "silent" });
  assertEquals([summary.event, summary.sent, summary.answered, summary.loss, summary.min_ms], [
    "summary",
    2,
    0,
    1,
    null,
  ]);
  const one = await run(["ping", "otter"], answers);
  assertEquals(one.code, 5);
  assertStringIncludes(one.err, "Nothing was heard");
});
