import type { Subnet } from "../base/ip_address.ts";

/** What a peer announces of itself on one interface: a DNS-SD instance with its address (PROTOCOL.md, "LAN"). */
export interface LanRecord {
  /** Its name, which is random to whoever does not hold the key that it was made with. */
  readonly instance: string;
  /** Which peer it is, to holders of that key. */
  readonly peerTag: string;
  /** The day for which it was made. */
  readonly day: number;
  readonly port: number;
  /** IP addresses, without zone; at most MAX_LAN_ADDRESSES. */
  readonly addresses: readonly string[];
}

/** What goes over a network by multicast DNS. */
export type LanMessage =
  /** Who is there? */
  | {
    readonly type: "ask";
    /** Whether every kith is asked, or only the doors of tickets. */
    readonly everybody: boolean;
    /** Tickets whose doors are asked. */
    readonly tickets: readonly string[];
    /** Instances that are known, which need not answer. */
    readonly known: readonly string[];
  }
  /** Here. */
  | {
    readonly type: "tell";
    readonly record: LanRecord;
    /** The ticket of which it is a door; null where everybody is told. */
    readonly ticket: string | null;
    /** Whether it is still so; false is a goodbye. */
    readonly stays: boolean;
  };

/** An interface of this machine, with what it is called and reached at. */
export interface LanInterface {
  readonly name: string;
  readonly addresses: readonly (Subnet & {
    /** Whether this peer listens there. */
    readonly isListening: boolean;
  })[];
}
