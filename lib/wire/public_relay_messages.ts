import { assert } from "../base/assert.ts";
import { MAX_RELAY_TAGS } from "../base/limits.ts";
import type { Reader } from "../base/reader.ts";
import type { Writer } from "../base/writer.ts";
import { ID_BYTES, readIds, writeIds } from "./transaction.ts";

/** Part of the registry of messages. */
export const PUBLIC_RELAY_KINDS = { relay_access: 71, relay_tags: 72 } as const satisfies Record<
  PublicRelayMessage["type"],
  number
>;

/** Shows that the sender knows the access key of a public relay: first who dialled it, then the relay. */
export interface RelayAccess {
  readonly type: "relay_access";
  /** HMAC-SHA256 by the access key over `proofMessage`, in the domain `relay_access` (32 bytes). */
  readonly mac: Uint8Array;
}

/** Under which tags the sender can be asked for at a public relay, besides its peer id; in place of those before. */
export interface RelayTags {
  readonly type: "relay_tags";
  /** 32 bytes each. ≤ `MAX_RELAY_TAGS`. */
  readonly tags: readonly Uint8Array[];
}

/** What a public relay and its clients say to each other besides circuits (lib/wire/PROTOCOL.md, "Public relays"). */
export type PublicRelayMessage = RelayAccess | RelayTags;

/** Writes the body of one of these messages. */
export function writePublicRelay(writer: Writer, message: PublicRelayMessage): void {
  if (message.type === "relay_access") {
    writer.raw(message.mac);
    return;
  }
  assert(message.tags.length <= MAX_RELAY_TAGS, "tags within their limit");
  writeIds(writer, message.tags);
}

/** Reads what `writePublicRelay` writes; null for a kind that is none of these. @throws {ProtocolError} `malformed`. */
export function readPublicRelay(reader: Reader, kind: number): PublicRelayMessage | null {
  switch (kind) {
    case PUBLIC_RELAY_KINDS.relay_access:
      return { type: "relay_access", mac: reader.raw(ID_BYTES) };
    case PUBLIC_RELAY_KINDS.relay_tags:
      return { type: "relay_tags", tags: readIds(reader, MAX_RELAY_TAGS) };
    default:
      return null;
  }
}
