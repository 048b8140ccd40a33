import { assertEquals } from "@std/assert";
import type { ErrorCode } from "../../lib/base/errors.ts";
import { newTicketSecret, ticketWords } from "../../lib/space/ticket.ts";
import { encodeHello } from "../../lib/wire/hello.ts";
import { Machine } from "./kith.ts";
import { random, readAll, writeAll } from "./raw_link.ts";
import { assertRefused, statusAt } from "./refusal.ts";

/** A program that is no kith of this version: says something to whoever connects, and waits until they go. */
class Stranger implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #served: Promise<void>;

  constructor(says: Uint8Array) {
    this.#served = this.#serve(says);
  }

  get address(): string {
    return `127.0.0.1:${this.#listener.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#served;
  }

  async #serve(says: Uint8Array): Promise<void> {
    for await (const conn of this.#listener) {
      await writeAll(conn, says);
      await readAll(conn);
      conn.close();
    }
  }
}

async function assertNoDoor(
  test: Deno.TestContext,
  says: Uint8Array,
  refusal: { readonly row: string; readonly error: ErrorCode; readonly says: RegExp },
): Promise<void> {
  await using machine = new Machine();
  await using stranger = new Stranger(says);
  const home = machine.home("home");
  const env = { KITH_TICKET: ticketWords(newTicketSecret(random)) };
  await assertRefused(test, home, ["join", "--at", stranger.address, "--listen", "127.0.0.1:0"], refusal, { env });
  const peer = await home.up();
  assertEquals((await statusAt(home)).members, 1, "the home is as good as new");
  assertEquals(await peer.stop(), 0);
}

Deno.test("a join at what is no kith of this version says which it is", async (test) => {
  await assertNoDoor(test, encodeHello(2), {
    row: "another wire version (newer, joined at)",
    error: "version_too_new",
    says: /127\.0\.0\.1:\d+ speaks a newer protocol than this kith \(wire version 2, not 1\); update this kith\./,
  });
  await assertNoDoor(test, encodeHello(0), {
    row: "another wire version (older, joined at)",
    error: "version_too_old",
    says: /127\.0\.0\.1:\d+ speaks an older protocol than this kith \(wire version 0, not 1\); update kith there\./,
  });
  await assertNoDoor(test, new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"), {
    row: "HTTP server (joined at)",
    error: "not_kith",
    says: /What answers at 127\.0\.0\.1:\d+ is not kith; check the address and port\./,
  });
});
