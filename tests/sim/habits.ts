import type { NetworkHabits } from "./network.ts";
import type { Prng } from "./prng.ts";

/** What goes on in one simulation: drawn from its seed, so that each seed stresses something else. */
export interface Habits {
  readonly peers: number;
  /** How long faults go on, virtual ms. */
  readonly faultsMs: number;
  readonly network: NetworkHabits;
  /** Probabilities per second and peer. */
  readonly crash: number;
  readonly sleep: number;
  readonly move: number;
  /** Probabilities per second for one connection, somewhere. */
  readonly lose: number;
  readonly halfOpen: number;
  /** Probability per second that a cut between two groups begins. */
  readonly partition: number;
  /** Probability of a crash in a turn, at each of its two critical points. */
  readonly crashInTurn: number;
  /** Probability that a commit fails since the disk is full. */
  readonly fullDisk: number;
  readonly skewedClocks: boolean;
  /** Whether a member tries to get forged transactions in. */
  readonly adversary: boolean;
  /** Mean pause between two requests of one peer. */
  readonly requestEveryMs: number;
  readonly hotKeys: number;
  /** Whether somebody leaves. */
  readonly leaves: boolean;
  /** Whether two joiners get the same ticket for one. */
  readonly contested: boolean;
}

/** Each kind of fault is on in about half of the seeds. */
export function drawHabits(prng: Prng, peers: number | null): Habits {
  const sometimes = (value: number) => prng.chance(0.5) ? value : 0;
  const latencyMs = prng.pick([[0, 1], [1, 20], [20, 150], [1, 800]] as const);
  return {
    peers: peers ?? prng.between(3, 7),
    faultsMs: prng.between(6, 15) * 1000,
    network: {
      latencyMs,
      pieceBytes: prng.pick([[1, 64], [20, 1500], [1000, 20_000]] as const),
      capacityBytes: prng.pick([[600, 4000], [4000, 65_536], [65_536, 262_144]] as const),
      dialFails: sometimes(0.2),
    },
    crash: sometimes(0.1),
    sleep: sometimes(0.03),
    move: sometimes(0.04),
    lose: sometimes(0.3),
    halfOpen: sometimes(0.1),
    partition: sometimes(0.2),
    crashInTurn: sometimes(0.003),
    fullDisk: prng.chance(0.25) ? 0.03 : 0,
    skewedClocks: prng.chance(0.5),
    adversary: prng.chance(0.4),
    requestEveryMs: prng.pick([250, 600, 1500]),
    hotKeys: prng.between(1, 4),
    leaves: prng.chance(0.2),
    contested: prng.chance(0.25),
  };
}

/** A network without faults, for the second phase and for tests that bring their own. */
export const CALM_NETWORK: NetworkHabits = {
  latencyMs: [1, 5],
  pieceBytes: [1000, 20_000],
  capacityBytes: [65_536, 262_144],
  dialFails: 0,
};
