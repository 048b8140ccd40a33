import type { Now } from "../base/clock.ts";
import type { CloseReason } from "../base/errors.ts";
import type { Random } from "../base/random.ts";
import type { Identity } from "../crypto/identity.ts";
import type { RekeyLimits } from "./record.ts";

/** What a link tells of. */
export type LinkEvent =
  /** The other side is authenticated: its peer id, and a name of this one link. 32 bytes each. */
  | { readonly type: "open"; readonly peer: Uint8Array; readonly handshakeHash: Uint8Array }
  /** A frame came in, whole. Its body stays valid, as a view into a record that is kept as long as the body is. */
  | { readonly type: "frame"; readonly kind: number; readonly body: Uint8Array }
  /** A ping came in, and will be answered. */
  | { readonly type: "ping" }
  /** A ping was answered. */
  | { readonly type: "pong"; readonly roundTripMs: number }
  /**
   * The link is over; told once, and never for one's own `close`. `detail` comes from the other side if `byRemote`.
   * `isItsDoing` where what the other side itself encrypted was wrong, and nobody between the two can have done it.
   */
  | {
    readonly type: "closed";
    readonly reason: CloseReason;
    readonly detail: string;
    readonly byRemote: boolean;
    readonly isItsDoing?: true;
  };

/** What a link carries for others: it goes out before the link ends. */
export interface Carried {
  /** Whether frames of a kind that wait in the lane of bulk are such. */
  readonly keeps: (kind: number) => boolean;
  /** What goes behind them. */
  readonly frames: readonly { readonly kind: number; readonly body: Uint8Array }[];
}

/** What a link starts with. */
export interface LinkOptions {
  /** Whether this side dialled (`out`) or listened (`in`). */
  readonly direction: "out" | "in";
  readonly identity: Identity;
  readonly random: Random;
  readonly now: Now;
  /** Where the other side is, as the host names it. */
  readonly address: string;
  /** When this side takes a new key. Default: as in limits.ts. */
  readonly rekey?: RekeyLimits;
}

/** How far a link has come. In `closing`, `pull` has yet to give the bytes that tell the other side. */
export type LinkState = "hello" | "handshake" | "open" | "closing" | "closed";
