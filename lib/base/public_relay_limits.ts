/** The bounds of a relay that belongs to no space, and of its clients. Part of limits.ts, from where they are imported. */

/** Peers that are linked to a public relay at a time: at some 50 kB each, and what their circuits hold. */
export const MAX_RELAY_CLIENTS = 256;
/** Those of them that come from one source: a household or an office behind one router. */
export const MAX_RELAY_CLIENTS_OF_SOURCE = 64;
/** Circuits that those of one source asked for: as many as one member may have, as there are ids for nothing. */
export const MAX_RELAYED_CIRCUITS_OF_SOURCE = 32;
/** Bytes of the body of a frame at a public relay: one message of a circuit, and what is around it. */
export const MAX_RELAY_FRAME_BYTES = 80 * 1024;
/** Tags under which a client can be met: those of its newest open invites, for yesterday, today and tomorrow. */
export const MAX_RELAY_TAGS = 24;
/** How often a joiner asks again at a relay where nobody was found under a tag of its ticket. */
export const RELAY_MEET_AGAIN_MS = 4000;
/** Bytes of the key by which a public relay knows those that may use it. */
export const RELAY_ACCESS_KEY_BYTES = 16;
/** How often a relay on a terminal says at the most how much it carries. */
export const RELAY_REPORT_EVERY_MS = 5000;
