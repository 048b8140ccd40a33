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
