import { concat } from "../../lib/base/bytes.ts";
import { ProtocolError } from "../../lib/base/errors.ts";
import { MAX_FRONTIER_HEADS, MAX_WANTED, MAX_WRITER_HEADS } from "../../lib/base/limits.ts";
import { Writer } from "../../lib/base/writer.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { Identity } from "../../lib/crypto/identity.ts";
import { buildTransaction } from "../../lib/data/transaction.ts";
import { LINK_KINDS } from "../../lib/link/frame.ts";
import { encodeHello } from "../../lib/wire/hello.ts";
import { encodeMessage, type Message } from "../../lib/wire/message.ts";
import { dial, framed, random, RawLink, readAll, writeAll } from "../../tests/e2e/raw_link.ts";
import { linkAs, type Member, memberOf } from "../../tests/e2e/raw_member.ts";

/**
 * What a hostile network does to a peer, by the library's own code. Says `{"event":"begun"}`, and at the end what it did.
 *
 * Usage: flood_client.ts row ADDRESS COUNT · slow ADDRESS COUNT SECONDS · member ADDRESS HOME SECONDS
 * row: strangers one after the other, eight at a time: gone at once, with garbage, or with a proof that is none.
 * slow: strangers all at once, each of which says a byte a second, and comes back when it is thrown out; so many seconds
 * from when all have come.
 * member: what a member can send, as fast as it goes, again as soon as the link is closed; so many seconds, and until a
 * line comes on standard input, or its end.
 */
const [role, address = "", ...rest] = Deno.args;
const counts: Record<string, number> = {};

function count(what: string, more = 1): void {
  counts[what] = (counts[what] ?? 0) + more;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (role === "row") await row(Number(rest[0]));
else if (role === "slow") await slow(Number(rest[0]), Number(rest[1]));
else await member(memberOf(rest[0] ?? ""), Number(rest[1]));
console.log(JSON.stringify({ event: "done", ...counts }));

async function row(total: number): Promise<void> {
  let next = 0;
  say("begun");
  const worker = async () => {
    for (let i = next++; i < total; i = next++) {
      try {
        await oneStranger(i);
        count("strangers");
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.UnexpectedEof)) throw error;
        count("cut");
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

async function oneStranger(i: number): Promise<void> {
  if (i % 3 === 2) {
    using link = await RawLink.open(address, Identity.generate(random));
    const { kind, body } = encodeMessage({ type: "prove", mac: random.bytes(32) });
    await link.send(kind, body);
    const closed = await link.closed();
    count(`closed: ${closed?.reason ?? "cut"}`);
    return;
  }
  using conn = await dial(address);
  if (i % 3 === 0) return;
  await writeAll(conn, random.bytes(1024));
  await readAll(conn);
}

async function slow(total: number, seconds: number): Promise<void> {
  let endMs = Infinity;
  let coming = total;
  const bytes = concat([encodeHello(), framed(random.bytes(32))]);
  const one = async () => {
    let isFirst = true;
    const came = () => {
      if (isFirst && --coming === 0) endMs = performance.now() + seconds * 1000;
      isFirst = false;
    };
    while (performance.now() < endMs) {
      try {
        using conn = await dial(address);
        count("connections");
        came();
        let isOpen = true;
        const read = readAll(conn).then(() => isOpen = false, unlessClosed);
        for (let i = 0; isOpen && i < bytes.length && performance.now() < endMs; i++) {
          await writeAll(conn, bytes.subarray(i, i + 1));
          await Promise.race([read, pause(1000)]);
        }
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.Interrupted)) throw error;
        came();
      }
      await pause(1000);
    }
  };
  const all = Array.from({ length: total }, one);
  say("begun");
  await Promise.all(all);
}

/** Each kind of flood comes by an identity that is the home's, or made up: its holder knows the space's secret. */
async function member(known: Member, seconds: number): Promise<void> {
  const endMs = performance.now() + seconds * 1000;
  let isEnough = false;
  void Deno.stdin.read(new Uint8Array(16)).then(() => isEnough = true);
  const goesOn = () => performance.now() < endMs || !isEnough;
  const floods = floodsOf(known);
  say("begun");
  await Promise.all(floods.map(async ([name, make], i) => {
    const identity = i === 0 ? known.identity : Identity.generate(random);
    while (goesOn()) {
      try {
        using link = await linkAs({ ...known, identity }, address);
        count(`${name}: links`);
        const closed = link.closed().then((closed) => closed?.reason ?? "cut").catch(reasonOf);
        let reason: string | null = null;
        void closed.then((why) => reason = why);
        while (reason === null && goesOn()) {
          await link.write(make(link));
          count(`${name}: sent`);
        }
        if (reason !== null) count(`${name}: ${reason}`);
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.UnexpectedEof)) throw error;
        count(`${name}: refused`);
      }
      await pause(100);
    }
  }));
}

/** Whether a read ended since this side has closed. */
function isOwnEnd(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
}

function unlessClosed(error: unknown): void {
  if (!isOwnEnd(error)) throw error;
}

function reasonOf(error: unknown): string {
  if (isOwnEnd(error) || error instanceof ProtocolError) return "cut";
  throw error;
}

type Make = (link: RawLink) => Uint8Array;

function floodsOf({ identity, space }: Member): [string, Make][] {
  const message = (message: Message): Make => {
    const { kind, body } = encodeMessage(message);
    return (link) => recordsOf(link, kind, body);
  };
  const writers = Array.from({ length: MAX_FRONTIER_HEADS / MAX_WRITER_HEADS * 16 }, () => random.bytes(32)).sort(
    compare,
  );
  const entries = writers.map((peer) => ({
    writer: { peer, instance: random.bytes(16) },
    heads: Array.from({ length: 16 }, (_, i) => ({ sequence: i + 1, id: random.bytes(32) })),
  }));
  const wanted = Array.from({ length: MAX_WANTED }, () => random.bytes(32));
  const value = random.bytes(1024);
  const orphans = Array.from({ length: 200 }, (_, i) => {
    const { headerBytes, signature, operations } = buildTransaction(identity, space, {
      ...{
        peer: identity.peerId,
        instance: random.bytes(16),
        sequence: 2 + i,
        previous: random.bytes(32),
        parents: [],
      },
      standing: { transaction: random.bytes(32), index: 0 },
      ...{ clock: { ms: 1, count: 0 }, firstOperation: 1 },
    }, [{
      operation: { kind: "put", key: `orphan/${i}`, names: [], media: "text/plain", length: 1024, hash: sha256(value) },
      value,
    }]);
    const list = [{
      header: headerBytes,
      signature,
      operations: operations.map(({ leaf }) => ({ leaf, value })),
    }];
    return encodeMessage({ type: "transactions", list });
  });
  let orphan = 0;
  return [
    ["wants", message({ type: "want", ids: wanted })],
    ["frontiers", message({ type: "frontier", entries })],
    ["orphans", (link) => {
      const { kind, body } = orphans[orphan++ % orphans.length] as { kind: number; body: Uint8Array };
      return recordsOf(link, kind, body);
    }],
    ["pings", (link) => recordsOf(link, LINK_KINDS.ping, new Uint8Array(4))],
    ["unknown messages", (link) => recordsOf(link, 5000, new Uint8Array(60_000))],
  ];
}

/** The records of a message of any size. */
function recordsOf(link: RawLink, kind: number, body: Uint8Array): Uint8Array {
  const frame = concat([new Writer().varint(kind).varint(body.length).finish(), body]);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < frame.length; at += 60_000) parts.push(link.record(0, frame.subarray(at, at + 60_000)));
  return concat(parts);
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number);
  }
  return 0;
}

function say(event: string): void {
  console.log(JSON.stringify({ event }));
}
