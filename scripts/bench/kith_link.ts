import { toHex } from "../../lib/base/bytes.ts";
import { MAX_STREAM_QUEUE_BYTES } from "../../lib/base/limits.ts";
import { Driver } from "../../lib/host/driver.ts";
import { listenOn } from "../../lib/host/listen.ts";
import type { Link } from "../../lib/link/link.ts";
import { percentile } from "./figure.ts";
import { LinkMachine, type LinkUser } from "./link_machine.ts";
import { blocks, MESSAGE_BYTES, Receiver, RoundTrips } from "./payload.ts";

/**
 * Bytes over one link of kith, the way that synchronisation sends them: host, turns, link, encryption.
 *
 * Usage: kith_link.ts serve bulk BLOCKS · serve echo · bulk ADDRESS BLOCKS · echo ADDRESS COUNT WARM_UP
 */

/** The first kind of frame that is not the link's own. */
const FRAME_KIND = 16;

/** Sends two rounds of blocks, the first to warm up, and reports how long the second took. */
class BulkSender implements LinkUser {
  readonly #source = blocks();
  readonly #blockCount: number;
  #round = 0;
  #sent = 0;
  #startMs = 0;

  constructor(blockCount: number) {
    this.#blockCount = blockCount;
  }

  opened(link: Link): void {
    this.#startMs = performance.now();
    this.drained(link);
  }

  received(link: Link, body: Uint8Array): void {
    const seconds = (performance.now() - this.#startMs) / 1000;
    if (++this.#round === 2) {
      console.log(JSON.stringify({ seconds, digest: toHex(body) }));
      Deno.exit(0);
    }
    this.#sent = 0;
    this.opened(link);
  }

  drained(link: Link): void {
    while (this.#sent < this.#blockCount && link.bulkQueuedBytes < MAX_STREAM_QUEUE_BYTES) {
      link.send(FRAME_KIND, this.#source[this.#sent++ % this.#source.length] as Uint8Array, "bulk");
    }
  }

  ended(): void {
    throw new Error("the other side ended");
  }
}

/** Sends one message after the other, each once the one before is back, and reports how long they took. */
class Asker implements LinkUser {
  readonly #message = new Uint8Array(MESSAGE_BYTES).fill(7);
  readonly #trips: RoundTrips;

  constructor(count: number, warmUp: number) {
    this.#trips = new RoundTrips(count, warmUp);
  }

  opened(link: Link): void {
    this.#trips.sending();
    link.send(FRAME_KIND, this.#message, "live");
  }

  received(link: Link): void {
    if (this.#trips.returned()) return this.opened(link);
    const sorted = this.#trips.sorted();
    console.log(JSON.stringify({ p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) }));
    Deno.exit(0);
  }

  drained(): void {}

  ended(): void {
    throw new Error("the other side ended");
  }
}

const [role, ...rest] = Deno.args;
if (role === "serve") serve(rest[0] ?? "", Number(rest[1]));
else if (role === "bulk") dial(rest[0] ?? "", new BulkSender(Number(rest[1])));
else dial(rest[0] ?? "", new Asker(Number(rest[1]), Number(rest[2])));

function serve(task: string, blockCount: number): void {
  const receiver = task === "echo" ? null : new Receiver(blockCount, true);
  const driver = drive(
    new LinkMachine({
      opened: () => {},
      received: (link, body) => {
        const answer = receiver === null ? body : receiver.take(body);
        if (answer !== null) link.send(FRAME_KIND, answer, "live");
      },
      drained: () => {},
      ended: () => Deno.exit(0),
    }),
  );
  driver.network.listen(listenOn([{ hostname: "127.0.0.1", port: 0 }]));
  console.log(JSON.stringify({ address: driver.network.addresses[0] }));
}

function dial(address: string, user: LinkUser): void {
  const machine = new LinkMachine(user);
  const driver = drive(machine);
  machine.dial(address);
  driver.push({ type: "network_changed" });
}

function drive(machine: LinkMachine): Driver {
  return new Driver(machine, {
    now: () => ({ monotonicMs: performance.now(), wallMs: Date.now() }),
    event: () => {},
    ownEvent: () => {},
    changed: () => {},
    turned: () => {},
    stopped: (reason, error) => {
      console.error(reason, error);
      Deno.exit(1);
    },
  });
}
