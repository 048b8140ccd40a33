/** The bounds of relaying. Part of limits.ts, from where they are imported. */

/** How long a peer is missed before relays are asked for it: direct dials that lead anywhere have done so by then. */
export const RELAY_AFTER_MS = 2000;
/** Time for a relay, and the peer behind it, to answer: some round trips by a slow way. */
export const RELAY_ANSWER_TIMEOUT_MS = 5000;
/**
 * How long a link must be there for a relayed one to take its place. One that is younger may have come about while the
 * circuit began; both ends have to judge alike.
 */
export const CIRCUIT_BEGINS_WITHIN_MS = 2000;
/** Bytes of one message of a circuit: one record of the link inside, and what is around it. */
export const MAX_RELAY_DATA_BYTES = 64 * 1024;
/** What such a message costs besides its bytes: what it takes in the relay's memory. */
export const RELAY_DATA_COST_BYTES = 64;
/** What may be under way to one end of a circuit: 2.5 MB/s over a round trip of 100 ms, and all that a relay holds. */
export const RELAY_WINDOW_BYTES = 256 * 1024;
/** Of that an end leaves so much for the last words of the link inside: a goodbye, behind what is begun. */
export const RELAY_LAST_WORDS_BYTES = 4 * 1024;
/** Circuits that one peer serves: each pair of a full mesh; where nobody reads, 64 MiB are held. */
export const MAX_RELAYED_CIRCUITS = 128;
/** Those of them that one member asked for: all others of a full mesh, and as many that are about to end. */
export const MAX_RELAYED_CIRCUITS_OF_MEMBER = 32;
/** What one circuit carries each way: enough for a conversation and for files, and a part of a home's line only. */
export const MAX_RELAYED_BYTES_PER_S = 8 * 1024 * 1024;
/** What all circuits carry together: a tenth of a core. */
export const MAX_ALL_RELAYED_BYTES_PER_S = 32 * 1024 * 1024;
/** Time of life of a circuit: its ends ask for a new one, by the way that is best by then. */
export const RELAYED_CIRCUIT_LIFE_MS = 60 * 60 * 1000;
/** How long before its end a circuit is asked for anew: a few tries, in which its link goes on. */
export const RENEW_CIRCUIT_BEFORE_MS = 5 * 60 * 1000;
/** Pause before that is tried again. */
export const RENEW_CIRCUIT_AGAIN_MS = 60 * 1000;
/** Circuits that one member may ask for in a minute, and at once: all others of a full mesh after a change of network. */
export const MAX_RELAY_OPENS_PER_MIN = 60;
export const MAX_RELAY_OPENS_BURST = 64;
/**
 * Circuits that a relay announces to one member in a minute, and at once, whoever asks: what it is blamed for there is
 * what it does. Of these one member asks for so many, so that others come to their turn.
 */
export const MAX_RELAY_INCOMING_PER_MIN = 60;
export const MAX_RELAY_INCOMING_BURST = 48;
export const MAX_RELAY_PAIR_OPENS_PER_MIN = 12;
export const MAX_RELAY_PAIR_OPENS_BURST = 8;
/** As what a message of a circuit counts at least towards its rate: 2,000 small ones a second, and all together 8,000. */
export const LEAST_RELAYED_MESSAGE_BYTES = 4 * 1024;
/** Circuits that a member may bring others by at a time, at the end that is asked: as many as it may serve one. */
export const MAX_CIRCUITS_BY_RELAY = 32;
/**
 * Bytes of messages on topics that are remembered of a relayed link, in case that another one takes its place:
 * what may be in its lanes, at the relay and under way.
 */
export const MAX_RELAYED_POSTS_BYTES = 1024 * 1024;
/** How long they may go by the link that takes its place. What is sent meanwhile waits as long, and then goes by others. */
export const RELAYED_POSTS_KEPT_MS = 5000;
/** Bytes of circuits that are queued each time that a link's socket takes some: its own bulk has the rest. */
export const MAX_RELAY_FILL_BYTES = 128 * 1024;
