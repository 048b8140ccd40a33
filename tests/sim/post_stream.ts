import { assert, assertEquals } from "@std/assert";
import type { PostReader } from "../../lib/peer/post_views.ts";
import type { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

const STREAM_EVERY_MS = 25;

/** A lab with two peers that are of interest. */
interface PairLab extends Lab {
  readonly a: SimPeer;
  readonly b: SimPeer;
}

/** Messages both ways, without end, and writes among them. */
export class PostStream {
  readonly #lab: PairLab;
  readonly #ends: readonly [SimPeer, SimPeer];
  readonly #readers: readonly (readonly [PostReader, SimPeer])[];
  #sent = 0;

  /** Begins to listen at both. @param a, b other ones than the two of the lab. */
  constructor(lab: PairLab, a = lab.a, b = lab.b) {
    this.#lab = lab;
    this.#ends = [a, b];
    this.#readers = [[a.machine!.subscribe(""), b], [b.machine!.subscribe(""), a]];
  }

  /** Goes on for some messages. */
  goOn(times = 1): void {
    const [a, b] = this.#ends;
    for (; times > 0; times--) {
      this.send();
      if (this.#sent % 20 === 0) this.#lab.set(this.#sent % 40 === 0 ? a : b, `k${this.#sent}`, "v");
      this.#lab.wait(STREAM_EVERY_MS);
    }
  }

  /** One message each way. */
  send(): void {
    const [a, b] = this.#ends;
    for (const [from, to] of [[a, b], [b, a]] as const) {
      const payload = new TextEncoder().encode(String(this.#sent));
      from.request({ type: "post", posts: [{ topic: "t", payload }], to: to.id }, (reply) => assert(reply.ok));
    }
    this.#sent++;
  }

  /** Goes on until something is so. */
  until(condition: () => boolean): void {
    for (let i = 0; !condition(); i++) {
      assert(i < 5000, "in vain");
      this.goOn();
    }
  }

  /** Each message came once, in order, and what was written is at all. */
  assertWhole(): void {
    this.#lab.wait(3000);
    this.#lab.untilHealed();
    for (const [reader, sender] of this.#readers) {
      const { posts, missed } = reader.take();
      const texts = posts.filter(({ peer }) => peer === sender.id)
        .map(({ payload }) => new TextDecoder().decode(payload));
      assertEquals(texts, Array.from({ length: this.#sent }, (_, i) => String(i)));
      assertEquals(missed, []);
    }
  }
}
