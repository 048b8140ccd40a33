import type { Now } from "../base/clock.ts";
import type { ErrorCode, ErrorValues } from "../base/errors.ts";
import { MAX_JOIN_DOORS } from "../base/limits.ts";
import type { WayIn } from "./way_in.ts";

/** How long a join tries the addresses that it knows, where nobody answers there, before it gives up. */
export const JOIN_TIMEOUT_MS = 15_000;
/** The same where somebody does, who may be busy; and how long doors are looked for on the network where it knows none. */
export const PATIENT_JOIN_TIMEOUT_MS = 60_000;
/** How long the best address of a door that was found has a start over the next one. */
export const NEXT_ADDRESS_MS = 400;
/** Addresses that were named which are dialled at once, before the next ones: each door that answers does work for it. */
const DIALLED_AT_ONCE = 4;

/** A join that is under way. */
export interface Join {
  readonly request: number | null;
  readonly wayIn: WayIn;
  untilMs: number;
  /** The same where somebody has answered. */
  patientUntilMs: number;
  /** Until when it goes on though no door is left: on the local network there may be others. */
  readonly searchUntilMs: number;
  /** When a person is told that nobody was found; Infinity once that is done. */
  tellMs: number;
  /** Addresses that may still be a door, with the time at which each is dialled next; Infinity while it is tried. */
  readonly doors: Map<string, number>;
  /** Those of them that a person named, and that have not said no so far. */
  readonly named: Set<string>;
  /** Those of them that were found on the local network. */
  readonly nearby: Set<string>;
  /** Those of them that anybody may have named, and that have not answered as a door. */
  readonly hinted: Set<string>;
  /** Since when doors say that they do not know what the redeem builds upon; Infinity while none has. */
  behindSinceMs: number;
  /** How often the ticket may be used, as the last door that showed its grant has it; 0 before. */
  uses: number;
  /** By connection: the space, and the id of the redeem that was sent. */
  readonly redeemed: Map<number, { readonly space: Uint8Array; readonly redeem: Uint8Array }>;
  /** Why the last door that may yet open did not. */
  lastFailure: string | null;
  /** Why a door will not open; a refused ticket is told before all else. */
  finalFailure: { readonly code: ErrorCode; readonly values: ErrorValues } | null;
}

/** A join that begins; as it stands it looks for doors at the addresses alone. */
export function joinOf(request: number | null, wayIn: WayIn, addresses: readonly string[], now: Now): Join {
  const doors = new Map<string, number>();
  for (const address of addresses.slice(0, MAX_JOIN_DOORS)) {
    doors.set(address, now.monotonicMs + Math.floor(doors.size / DIALLED_AT_ONCE) * NEXT_ADDRESS_MS);
  }
  return {
    request,
    wayIn,
    untilMs: now.monotonicMs + JOIN_TIMEOUT_MS,
    patientUntilMs: now.monotonicMs + JOIN_TIMEOUT_MS,
    searchUntilMs: now.monotonicMs,
    tellMs: Infinity,
    doors,
    named: new Set(),
    nearby: new Set(),
    hinted: new Set(),
    behindSinceMs: Infinity,
    uses: 0,
    redeemed: new Map(),
    lastFailure: addresses.length === 0 ? null : "nothing answered",
    finalFailure: null,
  };
}
