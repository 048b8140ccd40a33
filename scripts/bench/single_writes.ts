import { readLines } from "../../lib/api/line_reader.ts";
import { valueOf } from "../../lib/api/value_fields.ts";
import { MAX_IMPORT_LINE_BYTES } from "../../lib/base/limits.ts";
import { verifySigned } from "../../lib/crypto/identity.ts";
import { HybridClock } from "../../lib/data/clock.ts";
import { homePaths } from "../../lib/host/home.ts";
import { openIdentity } from "../../lib/host/identity_file.ts";
import { Applier } from "../../lib/peer/applier.ts";
import { LocalWriter } from "../../lib/peer/local_writes.ts";
import { SpaceState } from "../../lib/peer/space_state.ts";
import { Membership, type Standing } from "../../lib/space/membership.ts";
import { removalPort } from "../../lib/peer/removal_port.ts";
import { Store } from "../../lib/store/store.ts";

/**
 * Writes each line of an export as a transaction of its own into a home whose peer does not run, many to a commit:
 * what a peer holds that was written to for a long time. Or so many of them to a transaction.
 *
 * Usage: single_writes.ts HOME ENTRIES [WRITES_PER_TRANSACTION]
 */
const WRITES_PER_COMMIT = 1000;

const [home = "", entries = "", perTransaction = "1"] = Deno.args;
const paths = homePaths(home);
const random = { bytes: (size: number) => crypto.getRandomValues(new Uint8Array(size)) };
const identity = openIdentity(paths, random);
const store = Store.open(paths.store, { random });
const space = new SpaceState(store).space as Uint8Array;
const membership = new Membership((context) => store.context(context), verifySigned, removalPort(store));
for (const { transaction, operations } of store.membershipRows()) {
  membership.add(transaction, operations, transaction.row, transaction.context);
}
const clock = new HybridClock();
const applier = new Applier({ store, membership, clock, verify: verifySigned, emit: () => {}, received: () => {} });
const writer = new LocalWriter({
  ...{ identity, store, clock },
  space: () => space,
  standing: () => membership.standingOf(identity.peerId) as Standing,
  apply: (transaction) => applier.apply(transaction, space, null, Date.now()),
});

let count = 0;
const file = await Deno.open(entries);
for await (const lines of readLines(file.readable, MAX_IMPORT_LINE_BYTES)) {
  for (const { bytes } of lines) {
    const fields = JSON.parse(new TextDecoder().decode(bytes as Uint8Array));
    writer.write([{ kind: "put", key: fields.key, ...valueOf(fields) }], Date.now());
    if (++count % Number(perTransaction) === 0) writer.flush(Date.now());
    if (count % WRITES_PER_COMMIT > 0) continue;
    store.commit();
    applier.take();
    store.file.checkpointWhenIdle();
  }
}
writer.flush(Date.now());
store.commit();
store.close();
console.log(JSON.stringify({ count }));
