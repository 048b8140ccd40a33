import { assert, assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../lib/base/errors.ts";
import { sha256 } from "../../lib/crypto/hash.ts";
import { Identity } from "../../lib/crypto/identity.ts";
import { MerkleTree } from "../../lib/data/merkle_tree.ts";
import { buildTransaction, checkTransaction, toBytes, type TransactionPlan } from "../../lib/data/transaction.ts";
import { transactionMessage } from "../../lib/wire/authenticated.ts";
import type { TransactionBytes } from "../../lib/wire/bundle.ts";
import { DOMAINS } from "../../lib/wire/domains.ts";
import { encodeOperation, type Operation } from "../../lib/wire/operation.ts";
import { encodeHeader, type Header } from "../../lib/wire/transaction.ts";
import { UnsupportedError } from "../../lib/wire/unsupported.ts";
import { Prng } from "../sim/prng.ts";

const random = new Prng(1);
const identity = Identity.generate(random);
const SPACE = sha256(new Uint8Array([1]));
const STANDING = { transaction: sha256(new Uint8Array([2])), index: 0 };
const PLAN: TransactionPlan = {
  peer: identity.peerId,
  instance: random.bytes(16),
  sequence: 1,
  previous: null,
  parents: [SPACE],
  standing: STANDING,
  clock: { ms: 5, count: 0 },
  firstOperation: 0,
};
const VALUE = new Uint8Array([104, 105]);
const REVOKE: Operation = {
  kind: "revoke",
  target: { kind: "peer", peer: identity.peerId },
  frontier: null,
  sealed: [],
};
const GENESIS: Operation = { kind: "genesis", nonce: random.bytes(32), sealingKey: identity.sealingPublicKey };
const REDEEM: Operation = {
  kind: "redeem",
  grant: STANDING,
  signature: random.bytes(64),
  sealingKey: identity.sealingPublicKey,
};

function put(key: string, value = VALUE): { operation: Operation; value: Uint8Array } {
  const operation: Operation = {
    kind: "put",
    key,
    names: [],
    media: "text/plain",
    length: value.length,
    hash: sha256(value),
  };
  return { operation, value };
}

/** A transaction of any header and any operations, rightly signed: only the check itself can refuse it. */
function signed(
  header: Partial<Header>,
  operations: readonly { operation: Operation; value: Uint8Array | null }[],
): TransactionBytes {
  const leaves = operations.map(({ operation }) => encodeOperation(operation));
  const whole: Header = {
    ...PLAN,
    operationCount: operations.length,
    class: "data",
    root: MerkleTree.over(leaves).root,
    ...header,
  };
  const bytes = encodeHeader(whole);
  return {
    header: bytes,
    signature: identity.sign(DOMAINS.transaction, transactionMessage(SPACE, bytes)),
    operations: operations.map(({ value }, i) => ({ leaf: leaves[i] as Uint8Array, value })),
  };
}

function refused(bytes: TransactionBytes, detail: string): void {
  const error = assertThrows(() => checkTransaction(bytes, SPACE), ProtocolError);
  assertEquals([error.code, error.detail], ["bad_transaction", detail]);
}

Deno.test("what is built is what is checked", () => {
  const built = buildTransaction(identity, SPACE, PLAN, [
    put("a"),
    { operation: { kind: "del", key: "b", names: [STANDING] }, value: null },
  ]);
  assertEquals(built.header.class, "data");
  assertEquals(checkTransaction(toBytes(built), SPACE), built);
  const empty = buildTransaction(identity, SPACE, PLAN, []);
  assertEquals(checkTransaction(toBytes(empty), SPACE), empty);
});

Deno.test("the genesis of a space is signed without naming it", () => {
  const built = buildTransaction(identity, null, { ...PLAN, parents: [], standing: null }, [
    { operation: GENESIS, value: null },
  ]);
  assertEquals(built.header.class, "membership");
  assertEquals(checkTransaction(toBytes(built), built.id), built);
  assertEquals(checkTransaction(toBytes(built), SPACE).id, built.id);
});

Deno.test("what is checked does not hold on to the bytes that it came in", () => {
  const built = buildTransaction(identity, SPACE, PLAN, [{ operation: REVOKE, value: null }]);
  const { header, signature, operations } = toBytes(built);
  const borrowed = {
    header: header.slice(),
    signature: signature.slice(),
    operations: operations.map(({ leaf }) => ({ leaf: leaf.slice(), value: null })),
  };
  const checked = checkTransaction(borrowed, SPACE);
  for (const bytes of [borrowed.header, borrowed.signature, borrowed.operations[0]?.leaf]) bytes?.fill(0xee);
  assertEquals(checked, built);
});

Deno.test("a transaction is refused: number of operations", () => {
  refused(signed({ operationCount: 2 }, [put("a")]), "its operation count is wrong");
});

Deno.test("a transaction is refused: data in a membership transaction, and the other way round", () => {
  refused(signed({ class: "membership" }, [put("a")]), "its class does not fit its operations");
  refused(signed({}, [{ operation: REVOKE, value: null }]), "its class does not fit its operations");
});

Deno.test("a transaction is refused: two operations on one key", () => {
  refused(signed({}, [put("a"), put("b"), put("a")]), "it has two operations on one key");
});

Deno.test("a transaction is refused: values", () => {
  const { operation } = put("a");
  // A later version may have let it go: no reason to close the link.
  assertThrows(() => checkTransaction(signed({}, [{ operation, value: null }]), SPACE), UnsupportedError);
  refused(signed({}, [{ operation, value: new Uint8Array(3) }]), "a value has another length than its operation says");
  refused(signed({}, [{ operation, value: new Uint8Array([104, 106]) }]), "a value has another hash");
  refused(
    signed({}, [{ operation: { kind: "del", key: "a", names: [] }, value: VALUE }]),
    "an operation that is no put carries a value",
  );
});

Deno.test("a transaction is refused: standing", () => {
  refused(signed({ standing: null }, [put("a")]), "it names no standing");
  refused(signed({ standing: null }, []), "it names no standing");
  refused(signed({ class: "membership" }, [{ operation: REDEEM, value: null }]), "it names no standing");
  refused(
    signed({ class: "membership" }, [{ operation: REVOKE, value: null }, { operation: REDEEM, value: null }]),
    "an admission is not its first operation",
  );
  refused(
    signed({ class: "membership", standing: null }, [{ operation: GENESIS, value: null }]),
    "a genesis has a past",
  );
  refused(
    signed({ class: "membership", standing: null, parents: [], sequence: 2, previous: SPACE }, [
      { operation: GENESIS, value: null },
    ]),
    "a genesis has a past",
  );
});

Deno.test("a transaction is refused: Merkle root", () => {
  refused(signed({ root: SPACE }, [put("a")]), "its Merkle root is wrong");
});

Deno.test("a transaction is refused: signature", () => {
  const good = signed({}, [put("a")]);
  const signature = good.signature.slice();
  signature[5] = (signature[5] as number) ^ 1;
  refused({ ...good, signature }, "its signature is wrong");
  const other = Identity.generate(random);
  refused(
    { ...good, signature: other.sign(DOMAINS.transaction, transactionMessage(SPACE, good.header)) },
    "its signature is wrong",
  );
  refused(
    { ...good, signature: identity.sign(DOMAINS.record, transactionMessage(SPACE, good.header)) },
    "its signature is wrong",
  );
  const error = assertThrows(() => checkTransaction(good, sha256(SPACE)), ProtocolError);
  assertEquals(error.detail, "its signature is wrong");
});

Deno.test("a transaction of another header is refused, bit by bit", () => {
  const good = signed({}, [put("a")]);
  for (let bit = 0; bit < 8 * good.header.length; bit += 7) {
    const header = good.header.slice();
    header[bit >> 3] = (header[bit >> 3] as number) ^ (1 << (bit & 7));
    assertThrows(() => checkTransaction({ ...good, header }, SPACE));
  }
});

Deno.test("a kind of operation that is not known yet is told apart from a wrong one", () => {
  const good = signed({}, [put("a")]);
  const unknown = { ...good, operations: [{ leaf: new Uint8Array([99, 1, 2]), value: null }] };
  assertThrows(() => checkTransaction(unknown, SPACE), UnsupportedError);
  const header = good.header.slice();
  header[0] = 2;
  assertThrows(() => checkTransaction({ ...good, header }, SPACE), UnsupportedError);
});

Deno.test("the check of signatures can be replaced, and is asked once", () => {
  let asked = 0;
  const bad = { ...signed({}, [put("a")]), signature: new Uint8Array(64) };
  checkTransaction(bad, SPACE, (domain, publicKey) => {
    asked++;
    assertEquals(domain, DOMAINS.transaction);
    assertEquals(publicKey, identity.peerId);
    return true;
  });
  assert(asked === 1);
});
