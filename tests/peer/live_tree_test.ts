import { assert, assertEquals } from "@std/assert";
import { MAX_ANNOUNCEMENTS, MAX_TRANSACTIONS_MESSAGE_BYTES } from "../../lib/base/limits.ts";
import type { Links } from "../../lib/peer/links.ts";
import { LiveTree } from "../../lib/peer/live_tree.ts";
import type { Store } from "../../lib/store/store.ts";
import { bundleSizeBytes } from "../../lib/wire/bundle.ts";
import type { Message } from "../../lib/wire/message.ts";

const NOW = { monotonicMs: 0, wallMs: 0 };
const LARGE = {
  header: new Uint8Array(100),
  signature: new Uint8Array(64),
  operations: [{ leaf: new Uint8Array(100), value: new Uint8Array(100_000) }],
};
/** Number of the first of the ids that are no transactions. */
const OTHERS = 60_000;

function id(number: number): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint16(0, number);
  return bytes;
}

/** A tree over a store of large transactions, and what it did. */
function treeOfLarge() {
  const pushes: Extract<Message, { type: "push" }>[] = [];
  const streamed: Uint8Array[] = [];
  const resent: string[] = [];
  let loads = 0;
  const store = {
    transaction: (id: Uint8Array) => {
      const row = new DataView(id.buffer, id.byteOffset).getUint16(0);
      return row >= OTHERS ? null : { row };
    },
    partials: { isWhole: () => true },
    load: () => {
      loads++;
      return LARGE;
    },
  };
  const tree = new LiveTree({
    store: store as unknown as Store,
    links: {
      send: (_: number, message: Message) => message.type === "push" && pushes.push(message),
    } as unknown as Links,
    takesLive: () => true,
    stream: (_, ids) => streamed.push(...ids),
    isSeen: () => false,
    resend: (_, ids) => resent.push(...ids),
  });
  tree.up(1);
  return { tree, pushes, streamed, resent, loads: () => loads };
}

Deno.test("of all that a neighbour asks for no more than a push is sent at once; the rest waits until there is room", () => {
  const { tree, pushes, streamed, loads } = treeOfLarge();
  for (let i = 0; i < 2; i++) {
    tree.grafted(1, { type: "graft", ids: Array.from({ length: MAX_ANNOUNCEMENTS }, (_, n) => id(n)) });
  }
  tree.turnEnded([], NOW);
  const sent = pushes.flatMap(({ list }) => list);
  const sizeBytes = sent.reduce((size, one) => size + bundleSizeBytes(one), 0);
  assert(sizeBytes < MAX_TRANSACTIONS_MESSAGE_BYTES + bundleSizeBytes(LARGE), `${sizeBytes} bytes`);
  assertEquals([loads(), sent.length + streamed.length], [sent.length, MAX_ANNOUNCEMENTS]);
  assertEquals(streamed[0], id(sent.length));
});

Deno.test("what a neighbour asks for several times, or in several messages of a turn, it gets once", () => {
  const { tree, pushes, resent } = treeOfLarge();
  for (let i = 0; i < 5; i++) tree.grafted(1, { type: "graft", ids: [id(1), id(1), id(OTHERS)] });
  tree.grafted(1, { type: "graft", ids: [id(2)] });
  tree.turnEnded([], NOW);
  assertEquals([pushes.flatMap(({ list }) => list).length, resent.length], [2, 1]);
});
