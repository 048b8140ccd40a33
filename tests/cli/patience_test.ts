import { assertEquals, assertRejects } from "@std/assert";
import type { Transport } from "../../lib/cli/client.ts";
import { impatient } from "../../lib/cli/patience.ts";

const ANSWER_MS = 5;

/** A peer that answers the paths in question when it is told to; others at once. */
function slowPeer(slow: (path: string) => boolean) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const asked: string[] = [];
  const transport: Transport = async (request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    const aborted = new Promise<void>((resolve) => request.signal.addEventListener("abort", () => resolve()));
    if (slow(pathname)) await Promise.race([promise, aborted]);
    return new Response(pathname);
  };
  return { transport, asked, answer: resolve };
}

const ask = async (transport: Transport) => await (await transport(new Request("http://kith/v1/wait"))).text();

Deno.test("a peer that answers nothing is told of, once, and is waited for all the same", async () => {
  const peer = slowPeer(() => true);
  const { promise, resolve } = Promise.withResolvers<void>();
  let told = 0;
  const transport = impatient(peer.transport, () => {
    told++;
    resolve();
  }, ANSWER_MS);
  const answers = [ask(transport), ask(transport)];
  await promise;
  // The other request has its turn to tell as well.
  await new Promise((resolve) => setTimeout(resolve, 4 * ANSWER_MS));
  peer.answer();
  assertEquals(await Promise.all(answers), ["/v1/wait", "/v1/wait"]);
  assertEquals(told, 1);
});

Deno.test("a peer that is there may take its time", async () => {
  const peer = slowPeer((path) => path === "/v1/wait");
  let told = 0;
  const answer = ask(impatient(peer.transport, () => told++, ANSWER_MS));
  while (!peer.asked.includes("/v1/paths")) await new Promise((resolve) => setTimeout(resolve, ANSWER_MS));
  await new Promise((resolve) => setTimeout(resolve, 4 * ANSWER_MS));
  peer.answer();
  assertEquals([await answer, told], ["/v1/wait", 0]);
});

Deno.test("what fails does so as without patience, and is asked nothing more", async () => {
  const asked: string[] = [];
  const transport = impatient(
    (request) => {
      asked.push(request.url);
      return Promise.reject(new Error("it is gone"));
    },
    () => {},
    ANSWER_MS,
  );
  await assertRejects(() => ask(transport), Error, "it is gone");
  await new Promise((resolve) => setTimeout(resolve, 4 * ANSWER_MS));
  assertEquals(asked.length, 1);
});
