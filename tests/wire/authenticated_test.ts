import { assertEquals } from "@std/assert";
import {
  grantMessage,
  inDomain,
  proofMessage,
  redeemMessage,
  transactionMessage,
} from "../../lib/wire/authenticated.ts";
import { DOMAINS } from "../../lib/wire/domains.ts";
import type { Grant } from "../../lib/wire/operation.ts";
import { bytesOf } from "./bytes_of.ts";

const SPACE = bytesOf("55*32");
const GRANT: Grant = {
  kind: "grant",
  subjectKind: "invite",
  subject: bytesOf("aa*32"),
  role: "writer",
  prefix: "",
  expiresMs: 0,
  standingExpiresMs: 0,
  uses: 1,
  derivation: 1,
  mac: bytesOf("dd*32"),
};

Deno.test("a domain stands before what it is for, with a zero byte between", () => {
  assertEquals(inDomain("ab", bytesOf("01")), bytesOf("6162 00 01"));
});

Deno.test("no domain is the beginning of another, zero byte included", () => {
  const domains = Object.values(DOMAINS).map((domain) => domain + "\0");
  for (const a of domains) for (const b of domains) assertEquals(a.startsWith(b), a === b);
});

Deno.test("a transaction is signed with its space, a genesis with zeroes", () => {
  assertEquals(transactionMessage(SPACE, bytesOf("01 02")), bytesOf("55*32 0102"));
  assertEquals(transactionMessage(null, bytesOf("01 02")), bytesOf("00*32 0102"));
});

Deno.test("a grant's MAC covers all of the grant but itself, and its place", () => {
  const leaf = "11 00 aa*32 01 00 00*6 00*6 01 01 00*32";
  assertEquals(grantMessage(SPACE, GRANT, null, []), bytesOf("55*32", leaf, "00*32", "00"));
  assertEquals(
    grantMessage(SPACE, GRANT, bytesOf("66*32"), [bytesOf("01*32"), bytesOf("02*32")]),
    bytesOf("55*32", leaf, "66*32", "02 01*32 02*32"),
  );
});

Deno.test("a redeem covers the space and the joiner", () => {
  assertEquals(redeemMessage(SPACE, bytesOf("77*32")), bytesOf("55*32 77*32"));
});

Deno.test("a proof covers the handshake, the direction and the prover", () => {
  assertEquals(proofMessage(bytesOf("88*32"), "out", bytesOf("77*32")), bytesOf("88*32 00 77*32"));
  assertEquals(proofMessage(bytesOf("88*32"), "in", bytesOf("77*32")), bytesOf("88*32 01 77*32"));
});
