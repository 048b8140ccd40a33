/** The bounds of rendezvous in the DHT. Part of limits.ts, from where they are imported. */

/** Addresses that one question to the DHT leads to: those of a class room; who forges answers sends thousands. */
export const MAX_DHT_HINTS = 32;
/** Questions to the DHT at a time: each is some dozens of packets to as many nodes. */
export const MAX_DHT_QUERIES = 3;
/** Open tickets of which a peer is a door in the DHT, the newest first. */
export const MAX_DHT_DOORS = 4;
/** Members of a space that meet in the DHT while they are linked with some: of more of them each one but now and then. */
export const DHT_MEETING_MEMBERS = 16;
/** Addresses from the DHT that are dialled in a minute, and in a burst: a person who joins waits for the first ones. */
export const MAX_DHT_DIALS_PER_MINUTE = 30;
export const MAX_DHT_DIAL_BURST = 16;
/** Dials to one host for that within DHT_HOST_KEPT_MS, whatever ports it is said to have: nobody can be flooded by them. */
export const MAX_DHT_DIALS_TO_HOST = 8;
/** How long is kept which hosts were dialled so. */
export const DHT_HOST_KEPT_MS = 5 * 60 * 1000;
/** Hosts of which that is kept: more than can be dialled within it. */
export const MAX_DHT_HOSTS = 256;
/** A packet of the DHT that is read: some nodes name all those that they know, the nearest first, and not eight. */
export const MAX_DHT_PACKET_BYTES = 16 * 1024;
/** Packets of the DHT that are read in a second, and in a burst: three questions bring some 60 answers at once. */
export const MAX_DHT_PACKETS_PER_S = 100;
export const MAX_DHT_PACKETS_BURST = 400;
/** Nodes of the DHT that one answer names: twice those of BEP 5. */
export const MAX_DHT_ANSWER_NODES = 16;
/** Peers that one answer names: as many as fit its packet. */
export const MAX_DHT_ANSWER_PEERS = 128;
/** Packets to one host of the DHT within a minute: more would come of answers that name its ports, to flood it. */
export const MAX_DHT_PACKETS_TO_HOST_PER_MINUTE = 16;
/** Hosts of the DHT that are written to within a minute; some 60 in each question. */
export const MAX_DHT_HOSTS_PER_MINUTE = 1024;
/** First nodes of the DHT that can be named, and addresses of each that are asked. */
export const MAX_DHT_BOOTSTRAP = 16;
