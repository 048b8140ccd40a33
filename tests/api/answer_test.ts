import { assertEquals, assertRejects } from "@std/assert";
import { type Fields, lateAnswer, linesAnswer } from "../../lib/api/answer.ts";
import { waitFor } from "../../lib/api/wait.ts";
import { KithError } from "../../lib/base/errors.ts";
import type { HostApi } from "../../lib/host/host_api.ts";
import { parseLines } from "../host/temp_host.ts";

const never = new AbortController().signal;
const pause = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("a failure that comes while nobody reads is told when somebody does", async () => {
  const response = await linesAnswer(async function* (): AsyncGenerator<Fields> {
    yield { text: "x".repeat(40_000) };
    await Promise.resolve();
    throw new KithError("busy", { limit: 1 });
  }, never);
  for (let i = 0; i < 5; i++) await pause();
  const lines = parseLines(await response.text());
  assertEquals(lines.map(({ error }) => error), [undefined, "busy"]);
});

Deno.test("what is ready goes out though more has to be waited for", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const response = await linesAnswer(async function* (): AsyncGenerator<Fields> {
    yield { n: 1 };
    yield { n: 2 };
    await promise;
    yield { n: 3 };
  }, never);
  const reader = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  assertEquals(parseLines((await reader.read()).value ?? "").map(({ n }) => n), [1, 2]);
  resolve();
  assertEquals(parseLines((await reader.read()).value ?? "").map(({ n }) => n), [3]);
  assertEquals((await reader.read()).done, true);
});

Deno.test("an answer is made only as fast as it is read, and no more once it is cancelled", async () => {
  let made = 0;
  let ended = false;
  const response = await linesAnswer(async function* (): AsyncGenerator<Fields> {
    try {
      for (; made < 100_000; made++) yield { text: "x".repeat(1000) };
    } finally {
      ended = true;
    }
  }, never);
  for (let i = 0; i < 20; i++) await pause();
  assertEquals(made < 200, true, `${made}`);
  await response.body?.cancel();
  assertEquals(ended, true);
});

Deno.test("a refusal before the first line is a status, and a defect is thrown", async () => {
  const refusing = linesAnswer(async function* (): AsyncGenerator<Fields> {
    await Promise.resolve();
    if (!never.aborted) throw new KithError("busy", { limit: 1 });
    yield {};
  }, never);
  await assertRejects(() => refusing, KithError);
  const broken = lateAnswer(() => Promise.reject(new RangeError("planted")), never);
  await assertRejects(() => broken.text(), RangeError);
});

Deno.test("waiting looks now and then, not after every turn", async () => {
  let looks = 0;
  let turned = () => {};
  const peer = { synced: () => (looks++, false), peers: () => [] };
  const host = {
    ...{ running: true, stopping: never, peer, nowMs: () => 0 },
    onTurn: (heard: () => void) => {
      turned = heard;
      return () => {};
    },
  } as unknown as HostApi;
  const response = waitFor(host, { synced: true });
  const beganMs = performance.now();
  for (let i = 0; i < 200; i++) {
    turned();
    await pause();
  }
  assertEquals(looks <= 3 + (performance.now() - beganMs) / 10, true, `${looks} looks`);
  await response.body?.cancel();
});
