/** The bounds of having a router pass connections on. Part of limits.ts, from where they are imported. */

/** An answer of a router about UPnP: some describe themselves in 20 kB. */
export const MAX_ROUTER_ANSWER_BYTES = 65_536;
/** How long a router is asked to pass on a port, in s; half of that later it is asked again. RFC 6886, 3.3. */
export const MAPPING_LIFETIME_S = 7200;
/** How long after a router did not answer, or refused, it is asked again, in ms. */
export const MAPPING_TRY_AGAIN_MS = 600_000;
/** The same where a mapping that it made may still be there; also the soonest that one is renewed. */
export const MAPPING_TRY_SOON_MS = 60_000;
/** How long a peer that stops waits for the router to end a mapping, in ms. */
export const UNMAP_TIMEOUT_MS = 1000;
