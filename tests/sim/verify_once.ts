import { equal, toHex } from "../../lib/base/bytes.ts";
import { verifySigned } from "../../lib/crypto/identity.ts";
import type { Verify } from "../../lib/data/transaction.ts";

interface Known {
  readonly domain: string;
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly isRight: boolean;
}

/** The true check of signatures, which is done once for all peers of a simulation: it is most of their work. */
export function verifyOnce(): Verify {
  const known = new Map<string, Known>();
  return (domain, publicKey, message, signature) => {
    const key = toHex(signature);
    const before = known.get(key);
    const isSame = before !== undefined && before.domain === domain && equal(before.publicKey, publicKey) &&
      equal(before.message, message);
    if (isSame) return before.isRight;
    const isRight = verifySigned(domain, publicKey, message, signature);
    known.set(key, { domain, publicKey: publicKey.slice(), message: message.slice(), isRight });
    return isRight;
  };
}
