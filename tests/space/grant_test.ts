import { assertEquals, assertNotEquals } from "@std/assert";
import { grantMac, knockTag, secretOfProof, spaceProof } from "../../lib/space/grant.ts";
import type { Grant } from "../../lib/wire/operation.ts";
import { Prng } from "../sim/prng.ts";

const random = new Prng(9);
const SECRET = random.bytes(32);
const HASH = random.bytes(32);
const PEER = random.bytes(32);
const GRANT: Grant = {
  kind: "grant",
  subjectKind: "invite",
  subject: random.bytes(32),
  role: "writer",
  prefix: "",
  expiresMs: 1,
  standingExpiresMs: 0,
  uses: 1,
  derivation: 1,
  mac: new Uint8Array(32),
};

Deno.test("a grant's MAC covers the space, every field but itself, and its place", () => {
  const place = { previous: random.bytes(32), parents: [random.bytes(32)] };
  const space = random.bytes(32);
  const mac = grantMac(SECRET, space, GRANT, place);
  assertEquals(grantMac(SECRET, space, { ...GRANT, mac: random.bytes(32) }, place), mac);
  const others = [
    grantMac(random.bytes(32), space, GRANT, place),
    grantMac(SECRET, random.bytes(32), GRANT, place),
    grantMac(SECRET, space, { ...GRANT, role: "admin" }, place),
    grantMac(SECRET, space, { ...GRANT, uses: 2 }, place),
    grantMac(SECRET, space, { ...GRANT, expiresMs: 0 }, place),
    grantMac(SECRET, space, { ...GRANT, prefix: "a" }, place),
    grantMac(SECRET, space, GRANT, { ...place, previous: null }),
    grantMac(SECRET, space, GRANT, { ...place, parents: [] }),
  ];
  for (const other of others) assertNotEquals(other, mac);
});

Deno.test("a proof of the space holds for one link, one direction and one peer", () => {
  const mac = spaceProof(SECRET, HASH, "out", PEER);
  assertEquals(secretOfProof([random.bytes(32), SECRET], mac, HASH, "out", PEER), SECRET);
  assertEquals(secretOfProof([SECRET], mac, HASH, "in", PEER), null);
  assertEquals(secretOfProof([SECRET], mac, random.bytes(32), "out", PEER), null);
  assertEquals(secretOfProof([SECRET], mac, HASH, "out", random.bytes(32)), null);
  assertEquals(secretOfProof([random.bytes(32)], mac, HASH, "out", PEER), null);
  assertEquals(secretOfProof([], mac, HASH, "out", PEER), null);
});

Deno.test("a knock holds for one ticket and one link", () => {
  const tag = knockTag(GRANT.subject, HASH);
  assertEquals(knockTag(GRANT.subject, HASH), tag);
  assertNotEquals(knockTag(GRANT.subject, random.bytes(32)), tag);
  assertNotEquals(knockTag(random.bytes(32), HASH), tag);
});
