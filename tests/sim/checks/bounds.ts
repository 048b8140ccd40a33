import { assert } from "@std/assert";
import { MAX_EVENT_NAMES, MAX_SEND_QUEUE_BYTES, MAX_WAITING_TRANSACTIONS } from "../../../lib/base/limits.ts";
import type { SimPeer } from "../sim_peer.ts";
import type { Checker } from "./checker.ts";

/** A store of this size holds its schema and nothing else. */
const EMPTY_STORE_BYTES = 256 * 1024;
/** What a transaction of one small operation takes in all tables and indexes, and a good deal more. */
const TRANSACTION_BYTES = 4096;
/** How often everything is looked at: to work out a whole status is too slow for every turn. */
const TURNS_PER_LOOK = 32;

/** What others can make a peer keep is bounded: what waits, what is queued, what is stored, what is counted. */
export class Bounds implements Checker {
  #turns = 0;

  turned(peer: SimPeer): void {
    const { machine, index } = peer;
    if (machine === null || ++this.#turns % TURNS_PER_LOOK !== 0) return;
    const { waiting, counters } = machine.status();
    const links = machine.connections.size;
    // Of what only a newer kith can read, nothing is kept but the id.
    const kept = waiting - Number(counters["newer_kith_needed"] ?? 0);
    assert(kept <= MAX_WAITING_TRANSACTIONS * Math.max(1, links), `peer ${index} keeps ${kept} waiting`);
    assert(Object.keys(counters).length <= MAX_EVENT_NAMES, `peer ${index} counts too many kinds of events`);
    for (const { link } of machine.connections) {
      const { queuedBytes } = link;
      assert(queuedBytes <= MAX_SEND_QUEUE_BYTES, `peer ${index} has ${queuedBytes} bytes queued for one link`);
    }
  }

  healed(members: readonly SimPeer[]): void {
    for (const { store, index } of members) {
      let boundBytes = EMPTY_STORE_BYTES;
      for (let row = 1; row <= store.transactionsTotal; row++) {
        boundBytes += TRANSACTION_BYTES;
        const { operations } = store.partials.isWhole(row) ? store.load(row) : store.partials.load(row, null);
        for (const { leaf, value } of operations) {
          // Pages of long values are filled by half at least; keys are in the leaf, the row and an index.
          boundBytes += 1024 + 4 * leaf.length + 2 * (value?.length ?? 0);
        }
      }
      assert(store.file.sizeBytes <= boundBytes, `the store of peer ${index} takes ${store.file.sizeBytes} bytes`);
    }
  }
}
