/** Why somebody asks to be a neighbour; the first two are never refused. */
export type Claim =
  /** It is new, or has lost everybody: others are told of it by random walks. */
  | "join"
  /** It has no neighbour, or may be one of a part of the overlay that was cut off. */
  | "urgent"
  /** It has room for one more. */
  | "free";

/** What HyParView's peers say to each other. */
export type ViewMessage =
  | { readonly type: "neighbour"; readonly claim: Claim }
  | { readonly type: "neighbour_reply"; readonly accepts: boolean }
  /** `peer` is new: who gets this with no hops left becomes its neighbour. */
  | { readonly type: "forward_join"; readonly peer: string; readonly hopsLeft: number }
  /** The sender closes the link, and not for a failure. */
  | { readonly type: "disconnect" }
  /** Some peers that the first of them knows, itself included; `walk` is a random name for this walk. */
  | { readonly type: "shuffle"; readonly walk: string; readonly hopsLeft: number; readonly peers: readonly string[] }
  /** As many in return, on the way back. */
  | { readonly type: "shuffle_reply"; readonly walk: string; readonly peers: readonly string[] };
