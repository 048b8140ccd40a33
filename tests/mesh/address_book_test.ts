import { assert, assertEquals } from "@std/assert";
import { toHex } from "../../lib/base/bytes.ts";
import { ADDRESS_KEPT_MS, MAX_PEER_RECORDS } from "../../lib/base/limits.ts";
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
  assertEquals([book.get(PEER)?.seenAddresses, book.get(PEER)?.lastSeenMs], [["10.0.0.2:2"], 99]);
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

Deno.test("an address in other spellings is the same one, and the record goes on as it was signed", () => {
  const book = new AddressBook(verifySigned);
  const spelled = ["[2001:DB8:0:0::1]:5484", "[2001:db8::1]:05484", "[::ffff:10.0.0.1]:1", "10.0.0.1:1", "Otter:1"];
  assert(book.add(record(5, spelled)));
  const addresses = ["[2001:db8::1]:5484", "otter:1", "10.0.0.1:1"];
  assertEquals(book.addressesOf(PEER), addresses);
  book.seen(PEER, "[2001:db8::1]:5484", 77);
  assertEquals(book.addressesOf(PEER), addresses);
  assertEquals(book.records().map(({ addresses }) => addresses), [spelled]);
  // As one of an earlier release may be stored.
  book.seen(PEER, "[2001:DB8::1]:5484", 78);
  const again = new AddressBook(verifySigned);
  again.load(book.encode());
  assertEquals(again.addressesOf(PEER), addresses);
  assertEquals(again.get(PEER)?.seenAddresses, ["[2001:db8::1]:5484"]);
  const other = new AddressBook(verifySigned);
  assert(other.add(again.records()[0] as PeerRecord), "its signature holds");
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
  book.seen(toHex(first), "10.0.0.1:1", 9);
  assert(book.add(recordOf(random.bytes(32), 1)));
  book.seen(toHex(random.bytes(32)), "10.0.0.1:1", 1);
  assertEquals(book.peers().length, MAX_PEER_RECORDS);
  assert(book.add(recordOf(first, 2)), "who was seen last stays");
  assertEquals(book.get(toHex(first))?.lastSeenMs, 9);
});

Deno.test("the latest addresses at which a peer was seen are kept, each once", () => {
  const book = new AddressBook(verifySigned);
  for (const host of [1, 2, 3, 4, 5, 3]) book.seen(PEER, `10.0.0.${host}:1`, host);
  const latest = ["10.0.0.3:1", "10.0.0.5:1", "10.0.0.4:1", "10.0.0.2:1"];
  assertEquals(book.addressesOf(PEER), latest);
  const again = new AddressBook(verifySigned);
  again.load(book.encode());
  assertEquals(again.addressesOf(PEER), latest);
});

Deno.test("where a peer answered last comes before where it seems to listen since", () => {
  const book = new AddressBook(verifySigned);
  const seen = (host: number, answered: boolean) => book.seen(PEER, `10.0.0.${host}:1`, 1, answered);
  seen(1, false);
  seen(2, false);
  assertEquals(book.addressesOf(PEER), ["10.0.0.1:1", "10.0.0.2:1"]);
  seen(3, true);
  seen(2, false);
  seen(3, false);
  assertEquals(book.addressesOf(PEER), ["10.0.0.3:1", "10.0.0.2:1", "10.0.0.1:1"]);
  for (const host of [4, 5, 6, 7]) seen(host, false);
  assertEquals(book.addressesOf(PEER)[0], "10.0.0.3:1");
});

Deno.test("what a peer says of itself is tried in the order of promise, seen from here", () => {
  const book = new AddressBook(verifySigned, () => ["192.168.1.5:1"]);
  book.add(record(5, ["10.0.0.1:1", "203.0.113.9:1", "192.168.1.7:1"]));
  assertEquals(book.addressesOf(PEER), ["192.168.1.7:1", "203.0.113.9:1", "10.0.0.1:1"]);
  book.seen(PEER, "10.0.0.1:1", 1);
  assertEquals(book.addressesOf(PEER), ["10.0.0.1:1", "192.168.1.7:1", "203.0.113.9:1"]);
});

Deno.test("of long addresses as many are stored as have room", () => {
  const book = new AddressBook(verifySigned);
  const long = (letter: string) => `${letter.repeat(100)}:1`;
  for (const letter of ["c", "b", "a"]) book.seen(PEER, long(letter), 1);
  assertEquals(book.addressesOf(PEER).length, 3);
  const again = new AddressBook(verifySigned);
  again.load(book.encode());
  assertEquals(again.addressesOf(PEER), [long("a"), long("b")]);
});

Deno.test("where a peer was found nearby comes first, until the networks change", () => {
  const book = new AddressBook(verifySigned);
  book.seen(PEER, "10.0.0.1:1", 1);
  assert(!book.isNearby(PEER));
  const stored = book.encode();
  book.foundNearby(PEER, ["192.168.1.9:1", "10.0.0.1:1"]);
  assertEquals([book.isNearby(PEER), book.addressesOf(PEER)], [true, ["192.168.1.9:1", "10.0.0.1:1"]]);
  assertEquals([book.changed, book.encode()], [false, stored]);
  book.forgetNearby();
  assertEquals([book.isNearby(PEER), book.addressesOf(PEER)], [false, ["10.0.0.1:1"]]);
});

Deno.test("addresses of long ago are forgotten, and who is no member with them", () => {
  const book = new AddressBook(verifySigned);
  const [gone, recent] = [toHex(random.bytes(32)), toHex(random.bytes(32))];
  book.add(record(5));
  for (const peer of [PEER, gone]) book.seen(peer, "10.0.0.2:1", 1000);
  book.seen(recent, "10.0.0.3:1", 1001);
  book.encode();
  book.forgetStale((peer) => peer === PEER, 1000 + ADDRESS_KEPT_MS);
  assertEquals([book.changed, book.peers()], [true, [PEER, recent]]);
  assertEquals(book.addressesOf(PEER), ["10.0.0.1:1"], "what it says itself");
  assertEquals(book.get(PEER)?.lastSeenMs, 1000);
  assertEquals(book.addressesOf(recent), ["10.0.0.3:1"]);
});
