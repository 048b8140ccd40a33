import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { toBase32 } from "../../lib/base/base32.ts";
import type { RunningRelay } from "../../lib/cli/backend.ts";
import { eventText } from "../../lib/cli/events.ts";
import { publicRelayText } from "../../lib/cli/public_relay.ts";
import { runCommandLine } from "../../lib/cli/run.ts";
import { relayFromText, relayText } from "../../lib/mesh/relay_address.ts";
import { showsKey } from "../mesh/relay_key.ts";
import { apiObject, FakeBackend, FakeConsole, fakeTransport, run } from "./fakes.ts";

const TEXT = relayText({
  peer: new Uint8Array(32).fill(1),
  accessKey: Uint8Array.from({ length: 16 }, (_, i) => 0xc3 + 29 * i),
  addresses: ["45.77.0.1:5485"],
});
const SEEN = "on the command line";

/** Runs `up`, which ends at once; what it was started with, what the home's settings became, and what was said. */
async function upWith(words: readonly string[], change: (console: FakeConsole) => void = () => {}) {
  const kept: unknown[] = [];
  const answers = {
    "GET /v1/status": () => apiObject({ space: "abcd" }),
    "GET /v1/config": () => apiObject({ name: "attic" }),
    "PUT /v1/config": async (request: Request) => {
      kept.push(await request.json());
      return apiObject({});
    },
  };
  const { transport } = fakeTransport(answers);
  const console = new FakeConsole();
  const backend = new FakeBackend(transport, false);
  change(console);
  const interruption = new AbortController();
  const write = console.stdout.write;
  console.stdout.write = (bytes) => {
    write(bytes);
    setTimeout(() => interruption.abort(), 0);
  };
  const surroundings = { console, backend, prompted: null };
  const code = await runCommandLine(["up", "--json", ...words], surroundings, interruption.signal);
  await new Promise((resolve) => setTimeout(resolve, 0));
  return { code, kept, err: console.err, out: console.out, started: backend.started[0]?.publicRelay };
}

Deno.test("a relay is taken from the flag, the variable or a file, kept in the home, and warned of where it was seen", async () => {
  const kept = [{ name: "attic", relay: TEXT }];
  const seen = await upWith(["--relay", TEXT.toUpperCase()]);
  assertEquals([seen.code, seen.started, seen.kept], [0, TEXT, kept]);
  assertStringIncludes(seen.err, SEEN);
  const variable = await upWith([], (console) => console.variables.KITH_RELAY = TEXT);
  assertEquals([variable.started, variable.kept, variable.err], [TEXT, kept, ""]);
  const file = await upWith(["--relay", "@relay.txt"], (console) => console.files["relay.txt"] = `${TEXT}\n`);
  assertEquals([file.started, file.kept, file.err], [TEXT, kept, ""]);
  const none = await upWith([]);
  assertEquals([none.started, none.kept], [undefined, []]);
  for (const { err, out } of [seen, variable, file]) assert(!showsKey(TEXT, err + out));
  for (const shown of [TEXT, TEXT.toUpperCase().slice(0, 75), "key c3e0fd1a37"]) assert(showsKey(TEXT, shown), shown);
});

Deno.test("what is no relay is refused before anything is started, and not repeated", async () => {
  const wrong = TEXT.slice(0, -3);
  const { code, err, out, started } = await upWith(["--relay", wrong]);
  assertEquals([code, started], [2, undefined]);
  assertStringIncludes(out, "relay_invalid");
  assert(!showsKey(TEXT, err + out));
  const missing = await upWith(["--relay", "@nothing"]);
  assertEquals(missing.code, 1);
  assertStringIncludes(missing.out, "file_unreadable");
});

Deno.test("config keeps a relay, and shows where it is and no more", async () => {
  const kept: unknown[] = [];
  const answers = {
    "GET /v1/config": () => apiObject({ relay: TEXT }),
    "PUT /v1/config": async (request: Request) => {
      kept.push(await request.json());
      return apiObject({});
    },
  };
  const said = await run(["config", "relay", TEXT], answers);
  assertStringIncludes(said.err, SEEN);
  const file = await run(["config", "relay", "@r"], answers, (console) => console.files.r = TEXT);
  assert(!file.err.includes(SEEN));
  assertEquals(kept, [{ relay: TEXT }, { relay: TEXT }]);
  assertEquals((await run(["config", "relay", "--unset"], answers)).code, 0);
  assertEquals(kept.at(-1), {});
  for (const words of [["config"], ["config", "--json"], ["config", "relay"], ["config", "relay", "@r", "--json"]]) {
    const { out } = await run(words, answers, (console) => console.files.r = TEXT);
    assertStringIncludes(out, "45.77.0.1:5485");
    assert(!showsKey(TEXT, out));
  }
  assertEquals((await run(["config", "relay", "x"], answers)).code, 2);
});

Deno.test("join takes no other relay than that of a peer which runs, whatever its home keeps for the next start", async () => {
  const ticket = "advice-document-advice-choice-limb-awkward";
  for (
    const [used, kept, isTaken] of [
      [null, TEXT, false],
      [{ peer: toBase32(new Uint8Array(32).fill(9)) }, TEXT, false],
      [{ peer: toBase32(relayFromText(TEXT).peer) }, undefined, true],
    ] as const
  ) {
    const { code, err, asked } = await run(["join", ticket, "--relay", TEXT], {
      "GET /v1/status": () => apiObject({ public_relay: used }),
      "GET /v1/config": () => apiObject({ relay: kept }),
    });
    const isRefused = code === 2 && err.includes("The peer of this home runs with another relay, or with none");
    assertEquals(isRefused, !isTaken);
    assertEquals(asked.some(({ method }) => method === "POST"), isTaken);
  }
});

Deno.test("relay prints its text, and what it carries once that has changed", async () => {
  for (const json of [false, true]) {
    const console = new FakeConsole();
    const backend = new FakeBackend(fakeTransport({}).transport, false);
    const interruption = new AbortController();
    const counts = { clients: 2, circuits: 1, carriedBytes: 2048, refused: { not_linked: 3, too_often: 1 } };
    let looks = 0;
    const running: RunningRelay = {
      ...{ text: TEXT, addresses: ["45.77.0.1:5485"], home: "/h/relay", failure: null },
      counts: () => looks++ === 0 ? { clients: 0, circuits: 0, carriedBytes: 0, refused: {} } : counts,
      onUdp: (heard) => {
        for (let tries = 0; tries < 2; tries++) heard({ port: null, problem: "UDP can't be used (in use)" });
        heard({ port: 7001, problem: null });
        // Not before: the command is loaded when it runs.
        setTimeout(() => interruption.abort(), 0);
      },
      stopped: new Promise(() => {}),
      stop: () => Promise.resolve(),
    };
    const started: unknown[] = [];
    backend.startRelay = (options?: unknown) => {
      started.push(options);
      return Promise.resolve(running);
    };
    const words = [
      "relay",
      "--listen",
      "0.0.0.0:7000",
      "--address",
      "45.77.0.1:5485",
      ...(json ? ["--json", "--no-punch"] : []),
    ];
    const ended = runCommandLine(words, { console, backend, prompted: null }, interruption.signal);
    assertEquals(await ended, 0);
    const punch = json ? { punch: false } : {};
    assertEquals(started, [{ listen: ["0.0.0.0:7000"], addresses: ["45.77.0.1:5485"], ...punch }]);
    const [first, ...others] = console.out.trim().split("\n");
    if (json) {
      const ready = { v: 1, event: "ready", relay: TEXT, addresses: ["45.77.0.1:5485"], home: "/h/relay" };
      assertEquals(JSON.parse(first ?? ""), ready);
      assertEquals(others.map((line) => JSON.parse(line)), [
        { v: 1, event: "udp", port: null, problem: "UDP can't be used (in use)" },
        { v: 1, event: "udp", port: 7001, problem: null },
        { v: 1, event: "counts", clients: 2, circuits: 1, carried: 2048, refused: { not_linked: 3, too_often: 1 } },
      ]);
    } else {
      // It is all that a file has of it, which '--relay @FILE' then reads.
      assertEquals([first, others], [TEXT, []]);
      assertStringIncludes(console.err, "so that fewer peers can punch a hole: UDP can't be used (in use).\n");
      assertStringIncludes(console.err, "At UDP port 7001 it tells peers where it sees them");
      const told = "2 peers, 1 link between them, 2.0 KiB so far; refused: not linked 3, too often 1";
      assertEquals(console.err.trim().split("\n").at(-1), told);
    }
  }
});

Deno.test("a relay serves on when nobody reads any more what it prints", async () => {
  const timers: (() => void)[] = [];
  const { setInterval: real } = globalThis;
  globalThis.setInterval = ((callback: () => void) => timers.push(callback)) as unknown as typeof setInterval;
  try {
    const stopped = Promise.withResolvers<string>();
    let clients = 0;
    const ended = run(["relay", "--json"], {}, (console, backend) => {
      console.readsLeft = 1;
      backend.startRelay = () =>
        Promise.resolve({
          ...{ text: TEXT, addresses: ["45.77.0.1:5485"], home: "/h/relay", failure: null },
          counts: () => ({ clients: clients++, circuits: 0, carriedBytes: 0, refused: {} }),
          onUdp: () => {},
          stopped: stopped.promise,
          stop: () => Promise.resolve(),
        });
    });
    await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals(timers.length, 1);
    for (let looks = 0; looks < 2; looks++) timers[0]?.();
    stopped.resolve("asked to stop");
    const { code, out, console } = await ended;
    assertEquals([code, out.trim().split("\n").length, console.readsLeft], [0, 1, -1]);
  } finally {
    globalThis.setInterval = real;
  }
});

Deno.test("a relay on a machine without a public address says that peers may not find it", async () => {
  for (const [address, isTold] of [["192.168.1.10:5485", true], ["relay.example.org:1", false]] as const) {
    const { err } = await run(["relay"], {}, (_, backend) => {
      backend.startRelay = () => {
        return Promise.resolve({
          ...{ text: TEXT, addresses: [address], home: "/h/relay", failure: null },
          counts: () => ({ clients: 0, circuits: 0, carriedBytes: 0, refused: {} }),
          onUdp: () => {},
          stopped: Promise.resolve("asked to stop"),
          stop: () => Promise.resolve(),
        });
      };
    });
    assertEquals(err.includes("nobody outside this network") && err.includes("--address HOST:PORT"), isTold);
  }
});

Deno.test("how it stands with a relay is said in words", () => {
  const address = "45.77.0.1:5485";
  assertEquals(eventText({ event: "relay_linked", address }), `this peer is linked with the relay at ${address}`);
  assertEquals(
    eventText({ event: "relay_lost", address, reason: "goodbye" }),
    `this peer is not linked any more with the relay at ${address}: it said goodbye`,
  );
  assertEquals(publicRelayText(null), null);
  assertEquals(publicRelayText({ address, linked: true, problem: null }), `linked with ${address}`);
  assertEquals(publicRelayText({ address, linked: false, problem: null }), `not linked with ${address} so far`);
  const refused = publicRelayText({ address, linked: false, problem: "not_a_member" });
  assertStringIncludes(refused ?? "", "does not take the key");
  assertEquals(
    publicRelayText({ address: "a\x1b", linked: false, problem: "b\x1b" }),
    "not linked with a\\x1b: b\\x1b",
  );
});
