import type { DatabaseSync } from "node:sqlite";
import type { PeerEvent } from "../../lib/base/event.ts";
import type { Identity } from "../../lib/crypto/identity.ts";
import type { Verify } from "../../lib/data/transaction.ts";
import type { RelayAddress } from "../../lib/mesh/relay_address.ts";
import type { Store } from "../../lib/store/store.ts";
import type { Nat, Network } from "./network.ts";
import type { Prng } from "./prng.ts";
import type { Schedule } from "./schedule.ts";
import type { SimDht } from "./sim_dht.ts";
import type { SimPeer } from "./sim_peer.ts";
import type { Trace } from "./trace.ts";

/** What a simulated peer is given by its world. */
export interface SimPeerOptions {
  readonly index: number;
  readonly schedule: Schedule;
  readonly network: Network;
  readonly trace: Trace;
  readonly prng: Prng;
  /** For the peer's own randomness. */
  readonly seed: number;
  /** What its wall clock shows at virtual time 0, and how fast it goes: 1 is right. */
  readonly wallMs: number;
  readonly wallRate: number;
  readonly address: string;
  /** The router behind which it is. Default: none. */
  readonly nat?: Nat;
  /** At which UDP port it takes QUIC from the start. Default: at none. */
  readonly quicPort?: number;
  /** Whether it looks for others on the network. Default: no. */
  readonly lan?: boolean;
  /** The DHT that it asks. Default: none. */
  readonly dht?: SimDht;
  /** Whether it relays links of others. Default: no, so that who is cut off is without a link. */
  readonly servesRelay?: boolean;
  /** A relay that is no member, through which it links as well. Default: none. */
  readonly publicRelay?: RelayAddress;
  /** Whether it notes, outside of its disk, how many commits that has. Default: no. */
  readonly notesCommits?: boolean;
  /** Checks signatures. */
  readonly verify: Verify;
  /** Whether it begins as an older kith, until `update`; and which transactions that one cannot read, by header. */
  readonly isOlder?: boolean;
  readonly needsNewer?: (message: Uint8Array) => boolean;
  /** How long it keeps what was replaced; the default of a peer where it is left out. */
  readonly historyMs?: number;
  /** How many operations a removal undoes at a time; the default of a peer where it is left out. */
  readonly undoingStep?: number;
  /** What is on its disk at first. Default: nothing. */
  readonly disk?: DatabaseSync;
  /** Puts another store in front of the true one. */
  readonly wrap?: (store: Store, identity: Identity) => Store;
  /** Asked at the two critical points of every turn, whether the peer crashes there. */
  readonly crashesAt: (point: "before_commit" | "before_effects") => boolean;
  /** Called with everything that it tells. */
  readonly heard?: (event: PeerEvent) => void;
  /** Called after the effects of every turn. */
  readonly turned: (peer: SimPeer) => void;
  /** Called after a crash, with the store as it was found. */
  readonly crashed: (peer: SimPeer) => void;
  /** Called once its disk went back to an older copy, with the ids of the transactions that it lost, in hexadecimal. */
  readonly lost: (peer: SimPeer, lost: readonly string[]) => void;
}
