/** The bounds of finding peers and of being reached by them. Part of limits.ts, from where they are imported. */

/** Addresses in what is announced on a network: IPv4 and IPv6 ones of one interface. */
export const MAX_LAN_ADDRESSES = 8;
/** Interfaces on which peers are looked for; a machine with more has virtual ones. */
export const MAX_LAN_INTERFACES = 8;
/** A packet of multicast DNS that is read: what kith sends fits an Ethernet frame, and larger ones are of others. */
export const MAX_LAN_PACKET_BYTES = 1500;
/** Packets that are read in a second, and in a burst: some 0.1 ms each; a class room that starts at once needs 60. */
export const MAX_LAN_MESSAGES_PER_S = 50;
export const MAX_LAN_MESSAGES_BURST = 200;
/** Tickets that are looked at in one question: a ticket has two names a day, and five days are asked for. */
export const MAX_LAN_ASKED_TICKETS = 16;
/** Open tickets of which a peer is a door on a network, the newest first. */
export const MAX_LAN_DOORS = 64;
/** Instances that are known, of whatever space, so that they need not be told again. */
export const MAX_LAN_INSTANCES = 256;
/** Instances that a question names as known: they fit its packet. */
export const MAX_LAN_KNOWN_ANSWERS = 8;
/** Addresses of doors that one join tries: those that it was told, of all peers on its machine, and some that it finds. */
export const MAX_JOIN_DOORS = 96;
/** Peers that one packet of multicast DNS tells of: kith puts one in each, others may put more together. */
export const MAX_LAN_TELLS = 4;
/** Dials at a time by which members see whether others that asked for it can be reached. */
export const MAX_DIAL_BACKS = 8;
/** How long one member waits before it may ask again. */
export const DIAL_BACK_EVERY_MS = 60_000;
/** Members of which it is remembered when they asked, and what they found of this peer. */
export const MAX_REACH_WITNESSES = 256;
/** Addresses of this peer of which one member has told: at home it has IPv4 and IPv6, and one of each may be mapped. */
export const MAX_WITNESSED_ADDRESSES = 4;
/** Addresses of which a peer remembers that it tried them itself: one a minute, for PROVEN_KEPT_MS. */
export const MAX_OWN_TRIALS = 64;
/** Members that have to say that they reached this peer somewhere, before it tells others to dial it there. */
export const REACH_WITNESSES = 2;
/** Members that are asked to dial back for one address: some may be mistaken, or lie. */
export const MAX_ASKED_WITNESSES = 4;
/** After how long a member is asked again: mappings of routers last two hours or so, and dials cost little. */
export const PROVE_AGAIN_MS = 20 * 60 * 1000;
/** How long others are told of an address at which nobody shows any more that it is right. */
export const PROVEN_KEPT_MS = 60 * 60 * 1000;
/** Addresses at which others reached this peer that it tells besides its own. */
export const MAX_PROVEN_ADDRESSES = 4;
/** How long a peer waits before it tells others again that those changed: each time all members hear of it. */
export const TELL_PROVEN_EVERY_MS = 60_000;
