/** The bounds of connections by QUIC, which open routers from both sides. Part of limits.ts, from where they are imported. */

/** How long a dial by QUIC may take: a packet that a router drops is sent again after 1 s, and after 2 s more. */
export const QUIC_DIAL_TIMEOUT_MS = 5_000;
/** How long those have to answer who are asked at what address they see this peer: one packet may be lost. */
export const QUIC_ASK_TIMEOUT_MS = 2_000;
/** Connections by QUIC begun from here and not yet there; one that is called off counts until it falls silent, after 30 s. */
export const MAX_QUIC_CONNECTS = 64;
/** Addresses that are asked at a time: two tell apart routers that give each connection another port. */
export const MAX_QUIC_ASKS = 8;
/** Connections by QUIC that began to come in, from wherever they say: the oldest gives way, as it may be forged. */
export const MAX_QUIC_HANDSHAKES = 128;
/** How many may begin in a second, and in a burst, wherever they say that they come from: an honest one keeps its place for 2.5 s. */
export const MAX_QUIC_HANDSHAKES_PER_S = 25;
export const MAX_QUIC_HANDSHAKE_BURST = 64;
/** How long one of them has to become a link. */
export const QUIC_HANDSHAKE_TIMEOUT_MS = 5_000;
/** Those of which it is shown where they come from, and that are no links yet, of one source and in all: 2.5 MB of unread bytes each. */
export const MAX_QUIC_WAITING_OF_SOURCE = 8;
export const MAX_QUIC_WAITING = 32;
/** How long one has to hear at what address it is seen: a lost packet is sent again within it. */
export const QUIC_TELL_TIMEOUT_MS = 1_000;
/** Silence after which a connection by QUIC shows a router that it is in use: many forget UDP after 30 s. RFC 4787, 4.3. */
export const QUIC_KEEP_ALIVE_MS = 15_000;
/** Silence after which it is over: as for links. */
export const QUIC_IDLE_TIMEOUT_MS = 30_000;
/** What a stream of QUIC takes to send, at the most, before it was acknowledged, and how slowly that may go: 1 Mbit/s. */
export const QUIC_SEND_BUFFER_BYTES = 1_250_000;
export const MIN_QUIC_BYTES_PER_S = 125_000;
/** How long after the start the UDP port is opened: some 30 ms of work that nobody should wait for. */
export const QUIC_OPEN_AFTER_MS = 200;
/** How long after an endpoint was lost, or none could be had, another one is opened. */
export const QUIC_REOPEN_MS = 10_000;
/** Bytes of what somebody says at what address this peer is seen: an IPv6 one in brackets, and its port. */
export const MAX_SEEN_ADDRESS_BYTES = 47;
/** Addresses that one end of a relayed link names to the other, to be dialled: IPv4 and IPv6, and some that differ. */
export const MAX_PUNCH_ADDRESSES = 4;
/** Members that are asked at what address they see this peer: two tell whether it is the same one for all. */
export const MAX_PUNCH_WITNESSES = 3;
/** Attempts at a time to open the routers for one member each: the others of a full mesh come after them. */
export const MAX_PUNCHES = 8;
/** How often one member can have this peer dial what it names: some packets to each of four addresses in a minute. */
export const PUNCH_EVERY_MS = 60_000;
/** Members of which it is remembered when that was, and how it ended. */
export const MAX_PUNCHED_MEMBERS = 256;
/** Time for the other end of a relayed link to ask where it is seen itself, and to answer. */
export const PUNCH_ANSWER_TIMEOUT_MS = 8_000;
/** Time from the dial to a link, before an attempt has failed: as long as a dial may take, and what follows it. */
export const PUNCH_LINK_TIMEOUT_MS = 2 * QUIC_DIAL_TIMEOUT_MS;
/**
 * Bytes of messages on topics that are remembered of a punched link, which mostly ends without a word: what QUIC takes
 * before the other end has it, 1.25 MB with Deno, and what is in the lanes.
 */
export const MAX_PUNCHED_POSTS_BYTES = 2 * 1024 * 1024;
/** Silence of a punched link after which a relay is asked: a sign of life was asked for, and 2.5 s were not enough. */
export const HOLE_SILENT_AFTER_MS = 7_500;
