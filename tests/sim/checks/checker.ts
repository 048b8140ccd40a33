import type { Acknowledged } from "../person.ts";
import type { SimPeer } from "../sim_peer.ts";

/** One thing that must hold: it watches the run, and throws where it does not. */
export interface Checker {
  /** After a turn of a peer, once its effects are performed. */
  turned?(peer: SimPeer): void;
  /** After a crash, over the store as it was found. */
  crashed?(peer: SimPeer): void;
  /** After a crash in which the disk lost its newest commits. @param lost ids of the transactions, in hexadecimal. */
  lost?(peer: SimPeer, lost: readonly string[], others: readonly SimPeer[]): void;
  /** A peer acknowledged a write. */
  acknowledged?(peer: SimPeer, written: Acknowledged): void;
  /** Faults are over, and these members say that they are in sync. */
  healed?(members: readonly SimPeer[]): void;
}
