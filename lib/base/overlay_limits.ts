/** The bounds of spaces in which not all members are linked with each other; part of `limits.ts`. */

/** Members with which a peer links directly: all, in a space of up to so many and one. */
export const FULL_MESH_LINKS = 12;
/** How many more there must be before a peer chooses among them: else one that comes and goes changes all links. */
export const FULL_MESH_SLACK = 4;
/** Neighbours in a space beyond the full mesh: 1,000 peers are five hops from each other, where five make it seven. */
export const ACTIVE_VIEW_PEERS = 8;
/** The same of one that carries circuits, as each of these is for somebody who may have no other way: all of a small space. */
export const MAX_ACTIVE_VIEW_PEERS = 32;
/** How long who came to such a one has for getting circuits itself. */
export const NEW_NEIGHBOUR_MS = 30_000;
/** Peers that may replace neighbours, and neighbours that failed and are asked again: some four times as many. */
export const PASSIVE_VIEW_PEERS = 30;
/** Peers named in one shuffle. */
export const MAX_SHUFFLE_PEERS = 16;
/** Shuffles of others of which it is remembered where they came from. */
export const MAX_REMEMBERED_WALKS = 256;
/** Broadcast messages of which it is remembered that they came: at some 150 bytes each. */
export const MAX_RECEIVED_IDS = 8192;
/** Announced messages that are waited for, of each neighbour that announced them first. */
export const MAX_MISSING = 1024;
/** Announcements of one message of the overlay, and messages that it asks for. */
export const MAX_ANNOUNCEMENTS = 1024;
/** Members of whom something is said in one message, at some 120 bytes each, and 96 more of one that is lost. */
export const MAX_MESSAGE_PRESENCES = 1024;
/** How often a member says that it is here, where not all are linked: one in a second, of however many. */
export const PRESENCE_BEAT_MS = 60_000;
export const PRESENCE_BEAT_PER_MEMBER_MS = 1000;
/** Time in which all say what they hold since it changed, for each of them: four in a second. */
export const PRESENCE_CHANGE_PER_MEMBER_MS = 250;
/** Members that a peer says to be lost in a row (its neighbours), and how long after each, as after each beat, one more. */
export const MAX_OWN_LOSSES = 32;
export const RENEW_OWN_PRESENCE_MS = 10_000;
/** What one member says of itself, or of others, that is passed on in a row, and how long after each one more is. */
export const MAX_SIGNED_PRESENCES = 64;
export const RENEW_SIGNED_PRESENCE_MS = 3000;
/** Those of them that it costs to say that somebody is lost who is not: two in a row, and one more each 96 s. */
export const REFUTED_LOSS_COST = 32;
