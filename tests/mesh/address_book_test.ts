import { assert, assertEquals } from "@std/assert";
import { toHex } from "../../lib/base/bytes.ts";
import { MAX_PEER_RECORDS } from "../../lib/base/limits.ts";
import { Identity, verifySigned } from "../../lib/crypto/identity.ts";
import { AddressBook } from "../../lib/mesh/address_book.ts";
import { DOMAINS } from "../../lib/wire/domains.ts";
import { type PeerRecord, recordMessage } from "../../lib/wire/peer_record.ts";
import { Prng } from "../sim/prng.ts";

const random = new Prng(4);
const identity = Identity.generate(random);
const PEER = toHex(identity.peerId);

function record(dateMs: number, addresses: readonly string[] = ["10.0.0.1:1"], name = "otter"): PeerRecord {
  const unsigned = { peer: identity.peerId, dateMs, name, addresses };
  return { ...unsigned, signature: identity.sign(DOMAINS.record, recordMessage(unsigned)) };
}

Deno.test("the newest record of a peer counts", () => {
  const book = new AddressBook(verifySigned);
  assert(book.add(record(5)));
  assert(!book.add(record(5, ["10.0.0.9:9"])));
  assert(!book.add(record(4)));
  assert(book.add(record(6, ["10.0.0.2:2"])));
  assertEquals(book.addressesOf(PEER), ["10.0.0.2:2"]);
  assertEquals(book.records().map(({ dateMs }) => dateMs), [6]);
});

Deno.test("a record that its peer did not sign is not taken in", () => {
  const book = new AddressBook(verifySigned);
  assert(!book.add({ ...record(5), name: "beaver" }));
  assert(!book.add({ ...record(5), dateMs: 6 }));
  assert(!book.add({ ...record(5), addresses: ["10.6.6.6:6"] }));
  assertEquals([book.get(PEER), book.changed], [null, false]);
});

Deno.test("where a peer was seen comes before what it says of itself", () => {
  const book = new AddressBook(verifySigned);
  book.add(record(5, ["10.0.0.1:1", "10.0.0.2:2"]));
  book.seen(PEER, "10.0.0.2:2", 77.5);
  assertEquals(book.addressesOf(PEER), ["10.0.0.2:2", "10.0.0.1:1"]);
  book.seen(PEER, null, 99);
  assertEquals([book.get(PEER)?.seenAddress, book.get(PEER)?.lastSeenMs], ["10.0.0.2:2", 99]);
  book.add(record(6, ["10.0.0.3:3"]));
  assertEquals(book.addressesOf(PEER), ["10.0.0.2:2", "10.0.0.3:3"]);
});

Deno.test("where a peer was seen is kept though its record never came", () => {
  const book = new AddressBook(verifySigned);
  book.seen(PEER, null, 1);
  assertEquals(book.get(PEER), null);
  book.seen(PEER, "10.0.0.1:1", 2);
  assertEquals([book.addressesOf(PEER), book.peers(), book.records()], [["10.0.0.1:1"], [PEER], []]);
  assert(book.add(record(1, ["10.0.0.4:4"])));
  assertEquals(book.addressesOf(PEER), ["10.0.0.1:1", "10.0.0.4:4"]);
});

Deno.test("an unknown peer has no address", () => {
  assertEquals(new AddressBook(verifySigned).addressesOf(PEER), []);
});

Deno.test("the book comes back from its stored form", () => {
  const book = new AddressBook(verifySigned);
  book.add(record(5));
  book.seen(PEER, "10.0.0.2:2", 7);
  const bare = toHex(random.bytes(32));
  book.seen(bare, "10.0.0.3:3", 8);
  assert(book.changed);
  const stored = book.encode();
  assert(!book.changed);
  const again = new AddressBook(verifySigned);
  again.load(stored);
  for (const peer of [PEER, bare]) assertEquals(again.get(peer), book.get(peer));
  assertEquals([again.changed, again.peers()], [false, [PEER, bare]]);
  assertEquals(again.encode(), stored);
});

Deno.test("the book has a bound, within which known peers stay up to date", () => {
  const book = new AddressBook(() => true);
  const recordOf = (peer: Uint8Array, dateMs: number): PeerRecord => ({ ...record(dateMs), peer });
  const first = random.bytes(32);
  book.add(recordOf(first, 1));
  while (book.peers().length < MAX_PEER_RECORDS) book.add(recordOf(random.bytes(32), 1));
  assert(!book.add(recordOf(random.bytes(32), 1)));
  book.seen(toHex(random.bytes(32)), "10.0.0.1:1", 1);
  assertEquals(book.peers().length, MAX_PEER_RECORDS);
  assert(book.add(recordOf(first, 2)));
});
