/** The bounds of connections by QUIC, which open routers from both sides. Part of limits.ts, from where they are imported. */

/** How long a dial by QUIC may take: a packet that a router drops is sent again after 1 s, and after 2 s more. */
export const QUIC_DIAL_TIMEOUT_MS = 5_000;
/** How long those have to answer who are asked at what address they see this peer: one packet may be lost. */
export const QUIC_ASK_TIMEOUT_MS = 2_000;
/** Addresses that are asked at a time: two tell apart routers that give each connection another port. */
export const MAX_QUIC_ASKS = 8;
/** Connections by QUIC that came in and are no links yet, of whatever protocol: the oldest gives way, as it may be forged. */
export const MAX_QUIC_HANDSHAKES = 128;
/** How long one of them has to become a link, or to hear at what address it is seen. */
export const QUIC_HANDSHAKE_TIMEOUT_MS = 5_000;
/** Silence after which a connection by QUIC shows a router that it is in use: many forget UDP after 30 s. RFC 4787, 4.3. */
export const QUIC_KEEP_ALIVE_MS = 15_000;
/** Silence after which it is over: as for links. */
export const QUIC_IDLE_TIMEOUT_MS = 30_000;
/** How long after the start the UDP port is opened: some 30 ms of work that nobody should wait for. */
export const QUIC_OPEN_AFTER_MS = 200;
/** How long after an endpoint was lost, or none could be had, another one is opened. */
export const QUIC_REOPEN_MS = 10_000;
/** Bytes of what somebody says at what address this peer is seen: an IPv6 one in brackets, and its port. */
export const MAX_SEEN_ADDRESS_BYTES = 47;
