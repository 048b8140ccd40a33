import { assert, assertEquals } from "@std/assert";
import { connectControl } from "../../lib/host/control.ts";
import { homePaths } from "../../lib/host/home.ts";
import { asked, statusOf } from "./asked.ts";
import { type Home, Machine, until } from "./kith.ts";
import { type Station, VirtualSwitch } from "./virtual_switch.ts";

/** How the link goes in the end: a way opens between the machines, or routers that kept back UDP no longer do. */
export type Way = "direct" | "punched";

/** What went through a relay, and then by the way that opened. */
export interface RelayFigures {
  readonly relayedBytesPerS: number;
  readonly openBytesPerS: number;
  /** From the moment at which that way opened until the link went by it, in ms. */
  readonly changedMs: number;
  /** Messages that were sent while it changed; none of them was lost, or came twice. */
  readonly streamed: number;
}

/** How much is sent, and who looks on. */
export interface RelayRun {
  /** Bytes sent to measure how fast each way is. */
  readonly sizeBytes: number;
  /** A text in all that is sent. */
  readonly text: string;
  /** Default: "direct". */
  readonly way?: Way;
  /** Is told of the relay's station before anything is sent. */
  readonly atRelay?: (relay: Station) => Promise<void>;
}

const LINE_BYTES = 50_000;
/** Pause between two messages of the stream, and between two writes beside it, in ms. */
const STREAM_EVERY_MS = 2;
const WRITE_EVERY_MS = 20;
/** For how long the stream goes on before the way opens, and once the link went by it. */
const AROUND_MS = 500;

/**
 * Two peers that can't reach each other are linked through a third. Messages to one of them alone are timed; then, while
 * more of them and writes go on, another way opens, and the same is timed there.
 */
export async function runRelayScenario(
  { sizeBytes, text, way = "direct", atRelay }: RelayRun,
): Promise<RelayFigures> {
  await using network = await VirtualSwitch.make();
  await using machines = new AsyncDisposableStack();
  const { stations, open } = way === "direct" ? await keptApart(network) : await behindRouters(network);
  const homes = stations.map(({ wrapper }) => machines.use(new Machine(wrapper)).home("home"));
  const [between, anna, bert] = homes as [Home, Home, Home];
  await atRelay?.(stations[0] as Station);
  const listen = ["--listen", "0.0.0.0:5484"];
  await between.up(listen);
  const { words } = await between.object("invite", "--uses", "2");
  for (const [home, name] of [[anna, "anna"], [bert, "bert"]] as const) {
    await home.up(["join", "-", "--at", "10.77.0.1:5484", "--name", name, ...listen], { stdin: String(words) });
  }
  await pathToBert(anna, "relayed");
  const relayedBytesPerS = await rate(anna, bert, sizeBytes, text);

  using reader = await Reader.open(bert, "stream");
  const written: string[] = [];
  let isOver = false;
  const writing = (async () => {
    while (!isOver) {
      const key = `k/${written.length}`;
      assertEquals((await asked(anna, "PUT", `/v1/entry?key=${key}`, text)).error, undefined);
      written.push(key);
      await pause(WRITE_EVERY_MS);
    }
  })();
  let streamed = 0;
  const encoder = new TextEncoder();
  const lines = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (isOver) return controller.close();
      controller.enqueue(encoder.encode(`${streamed++} ${text}\n`));
      await pause(STREAM_EVERY_MS);
    },
  });
  const changing = (async () => {
    await pause(AROUND_MS);
    await open();
    const openedMs = performance.now();
    await pathToBert(anna, way);
    const changedMs = performance.now() - openedMs;
    await pause(AROUND_MS);
    isOver = true;
    return changedMs;
  })();
  const [changedMs] = await Promise.all([changing, writing, posted(anna, "stream", lines)]);
  const came = await reader.take(streamed);
  assertEquals(came.map((value) => Number(value.split(" ")[0])), Array.from({ length: streamed }, (_, i) => i));
  await until("bert holds all that anna wrote", async () => {
    return (await statusOf(bert)).entries === written.length ? true : null;
  });

  const openBytesPerS = await rate(anna, bert, sizeBytes, text);
  return { relayedBytesPerS, openBytesPerS, changedMs, streamed };
}

/** Machines of which the second and the third can't reach each other, until a way opens. */
interface Apart {
  readonly stations: readonly Station[];
  readonly open: () => Promise<void>;
}

async function keptApart(network: VirtualSwitch): Promise<Apart> {
  const stations = await Promise.all([1, 2, 3].map((number) => network.plug(number)));
  await network.keepApart(stations.slice(1), true);
  return { stations, open: () => network.keepApart(stations.slice(1), false) };
}

async function behindRouters(network: VirtualSwitch): Promise<Apart> {
  const [between, ...routers] = await Promise.all([1, 2, 3].map((number) => network.plug(number)));
  const inner = await Promise.all(routers.map((router) => network.plugBehind(router, router.number, false)));
  for (const router of routers) await network.blockUdp(router, true);
  return {
    stations: [between as Station, ...inner],
    open: async () => {
      for (const router of routers) await network.blockUdp(router, false);
      for (const station of inner) await network.addAddress(station);
    },
  };
}

async function pathToBert(anna: Home, path: string): Promise<void> {
  await until(`bert is linked, ${path}`, async () => {
    const { peers } = await statusOf(anna);
    return peers.some((peer: { name: string; path: string }) => peer.name === "bert" && peer.path === path) || null;
  });
}

/** Sends messages to bert alone. @returns bytes that came to him a second. */
async function rate(anna: Home, bert: Home, sizeBytes: number, text: string): Promise<number> {
  using reader = await Reader.open(bert, "rate");
  const line = new TextEncoder().encode(text.padEnd(LINE_BYTES - 1, "x") + "\n");
  const count = Math.ceil(sizeBytes / LINE_BYTES);
  let sent = 0;
  const lines = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent++ < count) controller.enqueue(line);
      else controller.close();
    },
  });
  const startMs = performance.now();
  let tookS = 0;
  const taking = reader.take(count).then(() => tookS = (performance.now() - startMs) / 1000);
  await Promise.all([posted(anna, "rate", lines), taking]);
  return count * LINE_BYTES / tookS;
}

/** Sends each line to bert alone. Rejects as soon as one is refused, since those behind it never come. */
async function posted(anna: Home, topic: string, body: ReadableStream<Uint8Array>): Promise<void> {
  const control = await connectControl(homePaths(anna.path));
  assert(control !== null);
  const query = new URLSearchParams({ topic, to: "bert", lines: "1" });
  const answer = await control.request(new Request(`http://kith/v1/messages?${query}`, { method: "POST", body }));
  const { error, message } = await answer.json();
  control.close();
  assertEquals([error, message], [undefined, undefined]);
}

/** The messages on a topic, as they come. */
class Reader implements Disposable {
  readonly #stop: () => void;
  readonly #lines: AsyncGenerator<string>;

  private constructor(lines: AsyncGenerator<string>, stop: () => void) {
    this.#lines = lines;
    this.#stop = stop;
  }

  static async open(home: Home, topic: string): Promise<Reader> {
    const control = await connectControl(homePaths(home.path));
    assert(control !== null);
    const stopped = new AbortController();
    const answer = await control.request(
      new Request(`http://kith/v1/messages?topic=${topic}`, { signal: stopped.signal }),
    );
    const lines = linesOf(answer.body as ReadableStream<Uint8Array>);
    assertEquals(JSON.parse((await lines.next()).value).event, "subscribed");
    return new Reader(lines, () => {
      stopped.abort();
      control.close();
    });
  }

  /** The next messages. */
  async take(count: number): Promise<string[]> {
    const values: string[] = [];
    while (values.length < count) {
      const { event, text } = JSON.parse((await this.#lines.next()).value);
      assertEquals(event, "message", "nothing is lost");
      values.push(text);
    }
    return values;
  }

  /** Also where a message is waited for, which then never comes. */
  [Symbol.dispose](): void {
    this.#stop();
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() as string;
    yield* lines;
  }
}

function pause(timeMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, timeMs));
}
