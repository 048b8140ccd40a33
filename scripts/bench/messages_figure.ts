import { Child, lastLine } from "../child.ts";
import { runtimeFlags } from "../flags.ts";
import { Machine } from "../../tests/e2e/kith.ts";
import { type Competitors, GOSSIPSUB } from "./competitors.ts";
import type { Benchmark, Contender, Sample } from "./figure.ts";
import { POST_BYTES } from "./messages_task.ts";

const KITH = "kith";
const COMMANDS = "kith pub | kith sub";
const NATS = "NATS (nats-server)";
/** Where a server of NATS listens for the time of a measurement. */
const NATS_PORT = 14_222;
const RATE = "rate";
/** Processor time of the sending process for each message. */
const CPU = "sender's CPU";

/** Messages between two processes, each checked to come once and in order. @param count of one repetition. */
export function messages(competitors: Competitors, folder: string, count: number): Benchmark {
  const trips = Math.ceil(count / 100);
  const counts = [String(count), String(trips)];
  let run = 0;
  const contenders: Contender[] = [
    {
      name: KITH,
      does: "encrypted, signed; a peer in each of the two processes",
      measure: async () => {
        const homes = `${folder}/messages-${run++}`;
        const env = { KITH_RUNTIME_DIR: `${homes}-run` };
        const server = kith(["serve", `${homes}-a`], env);
        try {
          const { address, words } = await server.line();
          return sampleOf(await lastLine(kith(["ask", `${homes}-b`, String(address), String(words), ...counts], env)));
        } finally {
          await server.kill();
        }
      },
    },
    {
      name: COMMANDS,
      does: "the same by two commands, over the control sockets of two peers; what is read too slowly is left out",
      measure: async () => ({ [RATE]: await throughCommands(count) }),
    },
    {
      name: GOSSIPSUB,
      does: "encrypted, signed; a node in each of the two processes",
      measure: async () => {
        const server = competitors.gossipsub(["serve"]);
        try {
          const { address } = await server.line();
          return sampleOf(await competitors.gossipsub(["ask", String(address), ...counts]).line());
        } finally {
          await server.kill();
        }
      },
    },
  ];
  if (hasNats()) {
    contenders.push({
      name: NATS,
      does: "a server between two clients, in clear",
      measure: () => nats(counts),
    });
  }
  return {
    name: "messages",
    title: `${count} messages of ${POST_BYTES} bytes, and ${trips} round trips, between two processes`,
    columns: [
      { name: RATE, unit: "1/s", digits: 0 },
      { name: CPU, unit: "µs", digits: 1 },
      { name: "p50", unit: "µs", digits: 0 },
      { name: "p99", unit: "µs", digits: 0 },
    ],
    contenders,
    goals: [{
      says: `kith at least 3 × ${GOSSIPSUB}`,
      reached: (median) => median(KITH, RATE) >= 3 * median(GOSSIPSUB, RATE),
    }],
  };
}

async function throughCommands(count: number): Promise<number> {
  await using machine = new Machine();
  const [a, b] = [machine.home("a"), machine.home("b")];
  const first = await a.up();
  const { words } = await a.object("invite");
  await b.up(["join", "-", "--at", first.address], { stdin: String(words) });
  await b.ok("wait", "--synced", "--timeout", "1m");
  const reader = b.follow("sub", "t", "--json");
  await reader.line();
  const line = "x".repeat(POST_BYTES - 1) + "\n";
  const startMs = performance.now();
  const published = a.run(["pub", "t", "--lines"], { stdin: line.repeat(count) });
  let read = 0;
  for (let came = 0; came < count;) {
    const event = JSON.parse(await reader.line() ?? "{}");
    if (event.event === "message") read++;
    else if (event.event !== "dropped") throw new Error(`${came} of ${count} messages came`);
    came += event.event === "message" ? 1 : event.count;
  }
  const seconds = (performance.now() - startMs) / 1000;
  await published;
  return read / seconds;
}

async function nats(counts: readonly string[]): Promise<Sample> {
  const broker = new Child("nats-server", ["--addr", "127.0.0.1", "--port", String(NATS_PORT), "--log", "/dev/null"]);
  try {
    await untilListens(NATS_PORT);
    const server = natsClient(["serve", String(NATS_PORT)]);
    try {
      await server.line();
      return sampleOf(await natsClient(["ask", String(NATS_PORT), ...counts]).line());
    } finally {
      await server.kill();
    }
  } finally {
    await broker.kill();
  }
}

async function untilListens(port: number): Promise<void> {
  for (const endMs = performance.now() + 10_000;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused) || performance.now() > endMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Debian's package of that name brings it; where it is not there, it is left out. */
function hasNats(): boolean {
  try {
    return new Deno.Command("nats-server", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function sampleOf({ rate, cpu, p50, p99 }: Readonly<Record<string, unknown>>): Sample {
  return { [RATE]: Number(rate), [CPU]: Number(cpu), p50: Number(p50), p99: Number(p99) };
}

function kith(args: readonly string[], env: Readonly<Record<string, string>>): Child {
  return Child.script("bench/messages_kith.ts", runtimeFlags(), args, { env });
}

function natsClient(args: readonly string[]): Child {
  return Child.script("bench/messages_nats.ts", ["--allow-net"], args);
}
