import { scrypt, scryptSync } from "node:crypto";
import { utf8Encode } from "../base/bytes.ts";
import { hmacSha256 } from "./hash.ts";

/** What the secret of a ticket is turned into (DESIGN: derivation version 1). */
export interface TicketKeys {
  /** Seed of the invite's Ed25519 key pair: 32 bytes. */
  readonly inviteSeed: Uint8Array;
  /** Key of the MAC by which the joiner knows the grant that it was promised: 32 bytes. */
  readonly macKey: Uint8Array;
  /** Key of the tags by which the ticket is found: 32 bytes. */
  readonly tagKey: Uint8Array;
}

/** Size of a ticket's secret, in bytes: 62 secret bits, which the cost below keeps out of reach of guessing. */
export const TICKET_SECRET_BYTES = 8;

// One salt for all tickets: a joiner knows nothing but the words. 32 MiB and some 0.1 s for each guess.
const SALT = utf8Encode("kith ticket v1");
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
// Derived further by HMAC: the scrypt of some runtimes gives at most 64 bytes.
const ROOT_BYTES = 32;

/** The keys of a ticket's 8-byte secret by scrypt (RFC 7914). Blocks for some 0.1 s: not for a running peer. */
export function deriveTicketKeys(secret: Uint8Array): TicketKeys {
  return split(scryptSync(checked(secret), SALT, ROOT_BYTES, COST));
}

/** As `deriveTicketKeys`, on another thread; `done` is called later, with the keys or with what went wrong. */
export function deriveTicketKeysInBackground(
  secret: Uint8Array,
  done: (error: Error | null, keys?: TicketKeys) => void,
): void {
  scrypt(checked(secret), SALT, ROOT_BYTES, COST, (error, bytes) => {
    if (error) done(error);
    else done(null, split(bytes));
  });
}

function checked(secret: Uint8Array): Uint8Array {
  if (secret.length !== TICKET_SECRET_BYTES) throw new RangeError(`a ticket secret has ${TICKET_SECRET_BYTES} bytes`);
  return secret;
}

function split(root: Uint8Array): TicketKeys {
  return {
    inviteSeed: hmacSha256(root, utf8Encode("kith invite key 1")),
    macKey: hmacSha256(root, utf8Encode("kith grant key 1")),
    tagKey: hmacSha256(root, utf8Encode("kith tag key 1")),
  };
}
