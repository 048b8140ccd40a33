import { utf8Encode } from "../base/bytes.ts";
import { KithError } from "../base/errors.ts";
import { MAX_KEY_BYTES } from "../base/limits.ts";
import type { Standing } from "../space/membership.ts";

/**
 * Checks with what keys must begin that somebody may write, whether a member or who comes in by an invite.
 *
 * @param standing of who grants it.
 * @throws {KithError} `grant_unusable`, `not_allowed`.
 */
export function checkGrantedPrefix(prefix: string, standing: Standing): void {
  if (!prefix.isWellFormed() || utf8Encode(prefix).length > MAX_KEY_BYTES) {
    throw new KithError("grant_unusable", { detail: `a prefix is valid Unicode of at most ${MAX_KEY_BYTES} bytes` });
  }
  if (prefix.startsWith(standing.prefix)) return;
  throw new KithError("not_allowed", { detail: `it may only give keys that begin with '${standing.prefix}'` });
}
