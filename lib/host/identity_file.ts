import { concat, equal, utf8Encode } from "../base/bytes.ts";
import { KithError } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import { sha256 } from "../crypto/hash.ts";
import { Identity } from "../crypto/identity.ts";
import { fileError, readFileCapped, writeFileWhole } from "./file_error.ts";
import { homeHasStore, type HomePaths } from "./home.ts";

const MAGIC = utf8Encode("kith identity\n");
const FORMAT = Uint8Array.of(1);
const CHECKSUM_BYTES = 16;
const MAX_FILE_BYTES = 1024;

/**
 * The identity of a home: the one in its file, or a new one in a home that has no store yet. The file is magic,
 * format 1, the identity's bytes, and the first 16 bytes of the SHA-256 of all these.
 *
 * @throws {KithError} `key_damaged`, `key_missing` (a store without its key: a new one could not write to it),
 * `home_read_only`, `home_unusable`.
 */
export function openIdentity(paths: HomePaths, random: Random): Identity {
  let bytes: Uint8Array | null;
  try {
    bytes = readFileCapped(paths.identity, MAX_FILE_BYTES);
  } catch (error) {
    if (error instanceof RangeError) throw damaged(paths, error);
    throw fileError(error, paths.home);
  }
  if (bytes !== null) return decode(bytes, paths);
  if (homeHasStore(paths)) throw new KithError("key_missing", { home: paths.home, path: paths.identity });
  const identity = Identity.generate(random);
  try {
    writeFileWhole(paths.identity, encode(identity));
  } catch (error) {
    throw fileError(error, paths.home);
  }
  return identity;
}

function encode(identity: Identity): Uint8Array {
  const body = concat([MAGIC, FORMAT, identity.toBytes()]);
  return concat([body, sha256(body).subarray(0, CHECKSUM_BYTES)]);
}

function decode(bytes: Uint8Array, paths: HomePaths): Identity {
  try {
    const body = bytes.subarray(0, Math.max(0, bytes.length - CHECKSUM_BYTES));
    const start = MAGIC.length + FORMAT.length;
    if (!equal(body.subarray(0, MAGIC.length), MAGIC)) throw new RangeError("it is no identity file");
    if (!equal(sha256(body).subarray(0, CHECKSUM_BYTES), bytes.subarray(body.length))) {
      throw new RangeError("its checksum does not match");
    }
    if (body[MAGIC.length] !== FORMAT[0]) throw new RangeError(`its format ${body[MAGIC.length]} is of a newer kith`);
    return Identity.fromBytes(body.subarray(start));
  } catch (error) {
    throw damaged(paths, error);
  }
}

function damaged(paths: HomePaths, error: unknown): KithError {
  const detail = error instanceof Error ? error.message : String(error);
  return new KithError("key_damaged", { path: paths.identity, detail }, error);
}
