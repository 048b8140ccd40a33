import { Identity } from "../../lib/crypto/identity.ts";
import { Link } from "../../lib/link/link.ts";
import { MAX_PULL_BYTES } from "../../lib/base/limits.ts";
import { VERSION } from "../../lib/base/version.ts";
import { spaceProof } from "../../lib/space/grant.ts";
import { DOMAINS } from "../../lib/wire/domains.ts";
import { encodeMessage, MESSAGE_KINDS } from "../../lib/wire/message.ts";
import { recordMessage } from "../../lib/wire/peer_record.ts";
import { dial, random } from "../../tests/e2e/raw_link.ts";
import { type Member, memberOf } from "../../tests/e2e/raw_member.ts";

/**
 * Links to a peer of kith, as members of its space with made-up identities, by the library's own link.
 *
 * Usage: link_client.ts idle ADDRESS HOME COUNT MORE · handshakes ADDRESS HOME COUNT WARM_UP
 * HOME: of a member that does not run. idle: opens so many links and says so, then MORE, and says how many of these
 * were refused and why; keeps them open until it is killed. handshakes: links and closes, eight at a time, and says how
 * many a second.
 */
const [role, address = "", home = "", ...counts] = Deno.args;
const [count = 0, more = 0] = counts.map(Number);
const member = memberOf(home);

/** How many links come about at a time. */
const AT_A_TIME = 8;
const TICK_MS = 1000;
const READ_BYTES = 4096;

const now = () => ({ monotonicMs: performance.now(), wallMs: Date.now() });

async function idle(): Promise<void> {
  const ends = await openAll(count);
  if (ends.length > 0) throw new Error(`only ${count - ends.length} links came about: ${ends[0]}`);
  console.log(JSON.stringify({ open: count }));
  const refused = await openAll(more);
  const reasons = [...new Set(refused)].join(", ");
  console.log(JSON.stringify({ refused: refused.length, reasons }));
}

/** @returns why those were closed that did not come about. */
async function openAll(wanted: number): Promise<string[]> {
  let next = 0;
  const refused: string[] = [];
  await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
    while (next++ < wanted) {
      const open = await OpenLink.dial(member, Identity.generate(random));
      const end = await open.admitted;
      if (end !== null) refused.push(end);
    }
  }));
  return refused;
}

async function handshakes(): Promise<void> {
  const seconds = async (wanted: number) => {
    let next = 0;
    const startMs = performance.now();
    await Promise.all(identities.map(async (identity) => {
      while (next++ < wanted) {
        const link = await OpenLink.dial(member, identity);
        const end = await link.admitted;
        if (end !== null) throw new Error(`a link was refused: ${end}`);
        await link.close();
      }
    }));
    return (performance.now() - startMs) / 1000;
  };
  const identities = Array.from({ length: AT_A_TIME }, () => Identity.generate(random));
  await seconds(more);
  console.log(JSON.stringify({ seconds: await seconds(count) }));
}

/** A link that says what a member has to say, answers pings, and is idle otherwise. */
class OpenLink {
  /** Null once the peer takes it for a member's; else why it was closed. */
  readonly admitted: Promise<string | null>;
  readonly #conn: Deno.TcpConn;
  readonly #link: Link;
  readonly #member: Member;
  readonly #identity: Identity;
  readonly #ended: Promise<void>;
  #writing = Promise.resolve();
  #settle: (end: string | null) => void = () => {};

  static async dial(member: Member, identity: Identity): Promise<OpenLink> {
    return new OpenLink(await dial(address), member, identity);
  }

  private constructor(conn: Deno.TcpConn, member: Member, identity: Identity) {
    conn.setNoDelay(true);
    this.#conn = conn;
    this.#member = member;
    this.#identity = identity;
    this.#link = new Link({ direction: "out", identity, random, now: now(), address });
    this.admitted = new Promise((resolve) => this.#settle = resolve);
    const timer = setInterval(() => {
      this.#link.tick(now());
      this.#flush();
    }, TICK_MS);
    this.#ended = this.#read().finally(() => {
      clearInterval(timer);
      this.#settle("it was cut");
      conn.close();
    });
    this.#flush();
  }

  async close(): Promise<void> {
    this.#link.close("goodbye");
    this.#flush();
    await this.#writing;
    await this.#conn.closeWrite().catch(unlessGone);
    await this.#ended;
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    while (true) {
      const size = await this.#conn.read(buffer).catch(unlessGone);
      if (size === null || size === undefined) return;
      for (const event of this.#link.receive(buffer.subarray(0, size), now())) {
        if (event.type === "open") this.#opened(event.handshakeHash);
        if (event.type === "closed") return this.#settle(event.reason);
        // Its first message behind the proof: this is a member's link there.
        if (event.type === "frame" && event.kind === MESSAGE_KINDS.hello) this.#settle(null);
      }
      this.#flush();
    }
  }

  #opened(handshakeHash: Uint8Array): void {
    const { peerId } = this.#identity;
    this.#link.authorize();
    const unsigned = { peer: peerId, dateMs: 1, name: "", addresses: [] };
    const record = { ...unsigned, signature: this.#identity.sign(DOMAINS.record, recordMessage(unsigned)) };
    for (
      const message of [
        { type: "prove", mac: spaceProof(this.#member.epochSecret, handshakeHash, "out", peerId) },
        { type: "hello", version: VERSION, record },
      ] as const
    ) {
      const { kind, body } = encodeMessage(message);
      this.#link.send(kind, body, "control");
    }
  }

  #flush(): void {
    this.#writing = this.#writing.then(async () => {
      for (let bytes = this.#link.pull(MAX_PULL_BYTES, now()); bytes !== null;) {
        for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
        bytes = this.#link.pull(MAX_PULL_BYTES, now());
      }
    }).catch(unlessGone);
  }
}

function unlessGone(error: unknown): undefined {
  const { BadResource, BrokenPipe, ConnectionReset, Interrupted } = Deno.errors;
  if (![BadResource, BrokenPipe, ConnectionReset, Interrupted].some((kind) => error instanceof kind)) throw error;
}

if (role === "idle") await idle();
else await handshakes();
