/** The bounds of connections by QUIC, which open routers from both sides. Part of limits.ts, from where they are imported. */

/** How long a dial by QUIC may take: a packet that a router drops is sent again after 1 s, and after 2 s more. */
export const QUIC_DIAL_TIMEOUT_MS = 5_000;
/** How long those have to answer who are asked at what address they see this peer: one packet may be lost. */
export const QUIC_ASK_TIMEOUT_MS = 2_000;
/** Addresses that are asked at a time: two tell apart routers that give each connection another port. */
export const MAX_QUIC_ASKS = 8;
