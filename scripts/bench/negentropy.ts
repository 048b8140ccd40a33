import { peakMb } from "../child.ts";

// In a variable: the type-check does not know the package.
const name = "nostr-tools";
const { Negentropy, NegentropyStorageVector } = (await import(name)).nip77;

/**
 * negentropy over two sets of ids in memory, in one process: the first has all, the second lacks some.
 *
 * Usage: negentropy.ts COUNT LACKING newest|random
 */

const ID_BYTES = 32;

const [countText = "0", lackingText = "0", which = ""] = Deno.args;
const count = Number(countText);
const lacking = Number(lackingText);
const lacked = new Uint8Array(count);
for (let left = lacking, i = count - 1; left > 0; i = which === "newest" ? i - 1 : Math.floor(Math.random() * count)) {
  if (lacked[i] === 1) continue;
  lacked[i] = 1;
  left--;
}
const [first, second] = [new NegentropyStorageVector(), new NegentropyStorageVector()];
for (let i = 0; i < count; i++) {
  const id = crypto.getRandomValues(new Uint8Array(32)).toHex();
  first.insert(i, id);
  if (lacked[i] === 0) second.insert(i, id);
}
first.seal();
second.seal();
const [asks, answers] = [new Negentropy(second), new Negentropy(first)];
const startMs = performance.now();
const needed = new Set<string>();
let bytes = 0;
let trips = 0;
for (let message: string | null = asks.initiate(); message !== null;) {
  bytes += message.length / 2;
  // What the answering side finds out, it tells: this port leaves that to its user, the reference sends it as ids.
  const answer: string | null = answers.reconcile(message, (id: string) => {
    if (!needed.has(id)) bytes += ID_BYTES;
    needed.add(id);
  });
  trips += 2;
  if (answer === null) break;
  bytes += answer.length / 2;
  message = asks.reconcile(answer, () => {}, (id: string) => needed.add(id));
}
const seconds = (performance.now() - startMs) / 1000;
console.log(JSON.stringify({ bytes, trips, seconds, needed: needed.size, peakMb: peakMb(Deno.pid) }));
