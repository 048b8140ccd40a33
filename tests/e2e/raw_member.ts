import { assert } from "@std/assert";
import { VERSION } from "../../lib/base/version.ts";
import type { Identity } from "../../lib/crypto/identity.ts";
import { homePaths } from "../../lib/host/home.ts";
import { openIdentity } from "../../lib/host/identity_file.ts";
import { SpaceState } from "../../lib/peer/space_state.ts";
import { spaceProof } from "../../lib/space/grant.ts";
import { Store } from "../../lib/store/store.ts";
import type { TransactionBytes } from "../../lib/wire/bundle.ts";
import { DOMAINS } from "../../lib/wire/domains.ts";
import { encodeMessage } from "../../lib/wire/message.ts";
import { recordMessage } from "../../lib/wire/peer_record.ts";
import { random, RawLink } from "./raw_link.ts";

/** What a member's home knows: enough to speak for it while its peer is stopped. */
export interface Member {
  readonly identity: Identity;
  readonly space: Uint8Array;
  readonly epochSecret: Uint8Array;
  /** Its last transaction. */
  readonly transaction: TransactionBytes;
}

/** Reads what a home knows. @param path its folder; no peer runs in it. */
export function memberOf(path: string): Member {
  const paths = homePaths(path);
  const store = Store.open(paths.store, { random });
  try {
    const { space, epochs } = new SpaceState(store);
    const epoch = epochs.at(-1);
    const [tip] = store.tips();
    const row = tip === undefined ? null : store.transaction(tip);
    assert(space !== null && epoch !== undefined && row !== null);
    const transaction = store.load(row.row);
    return { identity: openIdentity(paths, random), space, epochSecret: epoch.secret, transaction };
  } finally {
    store.close();
  }
}

/** A link to a peer at `host:port`, which takes it for its member's. */
export async function linkAs(
  { identity, epochSecret }: Pick<Member, "identity" | "epochSecret">,
  address: string,
): Promise<RawLink> {
  const link = await RawLink.open(address, identity);
  const mac = spaceProof(epochSecret, link.handshakeHash, "out", identity.peerId);
  const unsigned = { peer: identity.peerId, dateMs: 1, name: "", addresses: [] };
  const record = { ...unsigned, signature: identity.sign(DOMAINS.record, recordMessage(unsigned)) };
  for (const message of [{ type: "prove", mac }, { type: "hello", version: VERSION, record }] as const) {
    const { kind, body } = encodeMessage(message);
    await link.send(kind, body);
  }
  return link;
}
