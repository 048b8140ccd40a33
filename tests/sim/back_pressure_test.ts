import { assert, assertEquals } from "@std/assert";
import {
  MAX_FRAME_BYTES,
  MAX_SEND_QUEUE_BYTES,
  MAX_STREAM_QUEUE_BYTES,
  MAX_VALUE_BYTES,
} from "../../lib/base/limits.ts";
import { Lab } from "./lab.ts";
import type { SimPeer } from "./sim_peer.ts";

const VALUES = 40;

/** Writes values of the largest size, each in a transaction of its own; together more than any queue holds. */
function writeMuch(lab: Lab, peer: SimPeer, prefix: string): void {
  const value = new Uint8Array(MAX_VALUE_BYTES);
  for (let i = 0; i < VALUES; i++) {
    value.fill(i);
    const key = `${prefix}/${i}`;
    lab.ask(peer, { type: "write", writes: [{ kind: "put", key, media: "text/plain", value: value.slice() }] });
  }
}

function queuedBytes(peer: SimPeer): number {
  return Math.max(0, ...(peer.machine?.peers() ?? []).map((linked) => linked.queuedBytes));
}

Deno.test("a stream to a peer that stops taking it waits, and holds no more than a queue; then it goes on", () => {
  const lab = new Lab();
  const founder = lab.space(1)[0] as SimPeer;
  writeMuch(lab, founder, "before");
  const slow = lab.add();
  lab.join(slow, lab.invite(founder), founder);
  lab.until(() => (slow.machine?.status().entries ?? 0) > 2, "the first of the stream");
  slow.freeze();
  lab.wait(3000);
  const held = queuedBytes(founder);
  assert(held > 0 && held <= MAX_STREAM_QUEUE_BYTES + MAX_FRAME_BYTES, `${held} bytes wait`);
  // What is written meanwhile comes with the stream: nothing of it is queued.
  writeMuch(lab, founder, "meanwhile");
  assertEquals(queuedBytes(founder), held);
  slow.wake();
  lab.untilHealed();
  assertEquals(slow.machine?.status().entries, 2 * VALUES);
});

Deno.test("of writes to a peer that stops taking them no more waits than a link holds, and none is lost", () => {
  const lab = new Lab();
  const [writer, slow] = lab.space(2) as [SimPeer, SimPeer];
  slow.freeze();
  let most = 0;
  for (let round = 0; round < 2; round++) {
    writeMuch(lab, writer, `round ${round}`);
    most = Math.max(most, queuedBytes(writer));
  }
  assert(most <= MAX_SEND_QUEUE_BYTES, `${most} bytes waited`);
  slow.wake();
  lab.untilHealed();
  assertEquals(slow.machine?.status().entries, 2 * VALUES);
});
