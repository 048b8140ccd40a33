/** What a router is asked for: that TCP connections to a port of its own outside reach a port of this machine. */
export interface MappingRequest {
  /** This machine's IPv4 address on the router's inner side. */
  readonly localAddress: string;
  /** The port that this machine listens at. */
  readonly port: number;
  /** The port outside that is wanted; the router may choose another. */
  readonly outsidePort: number;
  /** How long it is to last, in s. */
  readonly lifetimeS: number;
  /** 12 bytes by which a router knows who made a mapping, when it is to be renewed or ended. */
  readonly nonce: Uint8Array;
}

/** What a router says that it made. */
export interface Mapped {
  /** Its own IPv4 address outside. */
  readonly host: string;
  readonly port: number;
  /** How long it lasts, in s; 0 for as long as the router runs. */
  readonly lifetimeS: number;
}

/** A mapping that there is. */
export interface Mapping extends Mapped {
  /** The protocol by which it was made. */
  readonly by: "PCP" | "NAT-PMP" | "UPnP";
  /** Ends it; a router that does not answer lets it expire. @throws {MappingRefused} */
  readonly remove: (signal: AbortSignal) => Promise<void>;
}

/** A router that answered did not make a mapping. The message is a part of a sentence: why. */
export class MappingRefused extends Error {}

/**
 * Sends a packet to a router, some times, until an answer of its own is taken.
 *
 * @param take the answer's meaning; null for what is none. What it throws ends the asking.
 *
 * @returns null where none came in time.
 */
export type AskUdp = <T>(
  host: string,
  port: number,
  packet: Uint8Array,
  take: (answer: Uint8Array) => T | null,
  signal: AbortSignal,
) => Promise<T | null>;
