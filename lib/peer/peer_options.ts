import type { Now } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { Identity } from "../crypto/identity.ts";
import type { Verify } from "../data/transaction.ts";
import type { RelayAddress } from "../mesh/relay_address.ts";
import type { Store } from "../store/store.ts";

/** What a peer is made of. */
export interface PeerOptions {
  readonly identity: Identity;
  readonly store: Store;
  readonly random: Random;
  /** What people call it; others are told. */
  readonly name: string;
  /** This kith's version; others are told. */
  readonly version: string;
  /** Where it listens, `host:port`, best first; empty when it does not. */
  readonly addresses: readonly string[];
  readonly now: Now;
  /** How long what was replaced is kept, in ms; Infinity for ever. Default: DEFAULT_HISTORY_MS. */
  readonly historyMs?: number;
  /** How many operations a removal undoes at a time, or so. Default: UNDOING_STEP_OPERATIONS. */
  readonly undoingStep?: number;
  /** Links to members at a time. Range: 1 to GREATEST_MAX_LINKS. Default: DEFAULT_MAX_LINKS. */
  readonly maxLinks?: number;
  /** Whether it carries links of others that can't reach each other. Default: true. */
  readonly servesRelay?: boolean;
  /** A relay that is no member, to be linked through. Default: none. */
  readonly publicRelay?: RelayAddress | null;
  /** Checks signatures. Default: Ed25519. For the simulator, which plants a broken one. */
  readonly verify?: Verify;
}
