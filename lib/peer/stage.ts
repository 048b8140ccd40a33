/** How far a connection has come. */
export type Stage =
  /** The handshake is under way. */
  | "opening"
  /** Authenticated; each side has yet to show that it belongs here. */
  | "proving"
  /** This peer shows the grant to a joiner and waits for its redeem. */
  | "door"
  /** This peer knocked with a ticket. */
  | "joining"
  /** The other side is a member. */
  | "member"
  /** The other side is the relay that belongs to no space, and carries circuits for this peer. */
  | "relay"
  /** Closed; the socket is still there. */
  | "closed";

/** Whether a link in a stage is one that goes on, and may carry circuits. */
export function carries(stage: Stage): boolean {
  return stage === "member" || stage === "relay";
}
