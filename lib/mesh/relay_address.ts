import { assert } from "../base/assert.ts";
import { fromBase32, toBase32 } from "../base/base32.ts";
import { equal, utf8Decode, utf8Encode } from "../base/bytes.ts";
import { KithError, ProtocolError } from "../base/errors.ts";
import { MAX_ADDRESS_BYTES, MAX_ADDRESSES, RELAY_ACCESS_KEY_BYTES } from "../base/limits.ts";
import { Reader } from "../base/reader.ts";
import { Writer } from "../base/writer.ts";
import { sha256 } from "../crypto/hash.ts";
import { ID_BYTES } from "../wire/transaction.ts";

const PREFIX = "kithrelay1";
const CHECKSUM_BYTES = 4;

/** All that a peer has to know of a public relay to use it. */
export interface RelayAddress {
  /** Peer id of the relay, 32 bytes. */
  readonly peer: Uint8Array;
  /** By which it knows those that may use it: RELAY_ACCESS_KEY_BYTES bytes, a secret. */
  readonly accessKey: Uint8Array;
  /** Where it can be dialled, `host:port`, best first. 1 to MAX_ADDRESSES. */
  readonly addresses: readonly string[];
}

/**
 * A relay's address as people pass it on: `kithrelay1`, then base32 of id, key, addresses and a checksum of 32 bits.
 *
 * @throws {Error} where it has none or more than MAX_ADDRESSES addresses, or a longer one than MAX_ADDRESS_BYTES: nobody
 *   could read that.
 */
export function relayText({ peer, accessKey, addresses }: RelayAddress): string {
  const encoded = addresses.map(utf8Encode);
  assert(encoded.length > 0 && encoded.length <= MAX_ADDRESSES, "a relay has 1 to MAX_ADDRESSES addresses");
  assert(encoded.every(({ length }) => length <= MAX_ADDRESS_BYTES), "a relay's address is one of a peer's record");
  const writer = new Writer().raw(peer).raw(accessKey).varint(encoded.length);
  for (const address of encoded) writer.blob(address);
  const body = writer.finish();
  return PREFIX + toBase32(new Writer().raw(body).raw(checksum(body)).finish());
}

/**
 * Reads what `relayText` spells; case, and where it was broken into lines, do not matter.
 *
 * @throws {KithError} `relay_invalid`, which says nothing of the text.
 */
export function relayFromText(text: string): RelayAddress {
  const folded = text.toLowerCase().replaceAll(/\s/g, "");
  if (!folded.startsWith(PREFIX)) {
    throw new KithError("relay_invalid", { detail: `it does not begin with '${PREFIX}'` });
  }
  try {
    const bytes = fromBase32(folded.slice(PREFIX.length));
    const body = bytes.subarray(0, Math.max(0, bytes.length - CHECKSUM_BYTES));
    if (!equal(checksum(body), bytes.subarray(body.length))) throw new RangeError("the checksum does not fit");
    const reader = new Reader(body);
    const peer = reader.raw(ID_BYTES).slice();
    const accessKey = reader.raw(RELAY_ACCESS_KEY_BYTES).slice();
    const addresses: string[] = [];
    for (let left = reader.varint(MAX_ADDRESSES); left > 0; left--) {
      addresses.push(utf8Decode(reader.blob(MAX_ADDRESS_BYTES)));
    }
    reader.end();
    if (addresses.length === 0) throw new RangeError("it has no address");
    return { peer, accessKey, addresses };
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError || error instanceof ProtocolError)) throw error;
    throw new KithError("relay_invalid", { detail: "a letter was mistyped, or a part of it is missing" }, error);
  }
}

function checksum(body: Uint8Array): Uint8Array {
  return sha256(utf8Encode("kith relay text 1"), body).subarray(0, CHECKSUM_BYTES);
}
