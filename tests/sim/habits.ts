import type { Attack } from "./adversary.ts";
import { MISCHIEF } from "./mischief.ts";
import type { NetworkHabits } from "./network.ts";
import type { Prng } from "./prng.ts";

/** What goes on in one simulation: drawn from its seed, so that each seed stresses something else. */
export interface Habits {
  readonly peers: number;
  /** Whether all are in before faults begin; else they join while these go on. */
  readonly isSettled: boolean;
  /** How long faults go on, virtual ms. */
  readonly faultsMs: number;
  readonly network: NetworkHabits;
  /** Probabilities per second and peer. */
  readonly crash: number;
  readonly freeze: number;
  readonly move: number;
  /** The same: that a disk loses its newest commits in a crash. */
  readonly loseCommits: number;
  /** The same: that a disk begins to read a record wrongly, found at the next start. */
  readonly flip: number;
  /** Whether peers note outside of their disks how many commits these have. */
  readonly notesCommits: boolean;
  /** Probabilities per second for one connection, somewhere. */
  readonly lose: number;
  readonly halfOpen: number;
  /** Probability per second that a cut between two groups begins. */
  readonly partition: number;
  /** Probability of a crash in a turn, at each of its two critical points. */
  readonly crashInTurn: number;
  /** Probability that a commit fails since the disk is full. */
  readonly fullDisk: number;
  /** Whether a frozen machine's monotonic clock stands still. */
  readonly suspends: boolean;
  readonly skewedClocks: boolean;
  /** Probability that a peer plays an older kith until it is updated. */
  readonly olderKith: number;
  /** What a member with a program of its own does; empty where there is none. */
  readonly attacks: readonly Attack[];
  /** How probable one is per second. */
  readonly attack: number;
  /** How long peers keep what was replaced; long after the end where history stays. */
  readonly historyMs: number;
  /** Whether all are on one local network, where they find each other, and mostly join by the ticket alone. */
  readonly lan: boolean;
  /** Whether peers meet in a DHT, part of whose answers is forged. */
  readonly dht: boolean;
  /** Mean pause between two requests of one peer. */
  readonly requestEveryMs: number;
  readonly writes: WriteHabits;
  /** Probability per second that somebody leaves. */
  readonly leave: number;
  /** Whether two joiners get the same ticket for one. */
  readonly contested: boolean;
}

/** What is written. */
export interface WriteHabits {
  readonly hotKeys: number;
  readonly dels: boolean;
  /** Several writes of one request. */
  readonly batches: boolean;
  /** Writes that hold only for a version, or where nothing is. */
  readonly conditions: boolean;
  /** Values of up to 20 kB. */
  readonly longValues: boolean;
}

/** Longest that faults go on where much is written: what each write costs grows with their number. */
const MAX_BUSY_MS = 1500;

/**
 * Draws what is on. Each seed switches everything on with one probability of its own, few things in one and nearly all
 * in another, so that rare combinations come about, and faults are also seen alone (swarm testing: Groce et al., 2012).
 */
export function drawHabits(prng: Prng, peers: number | null): Habits {
  const density = prng.pick([0.15, 0.4, 0.8]);
  const isOn = () => prng.chance(density);
  const sometimes = (value: number) => isOn() ? value : 0;
  const isLong = prng.chance(0.03);
  const habits: Habits = {
    peers: peers ?? (isLong ? prng.between(4, 7) : prng.pick([2, 3, 3, 3, 3, 4, 5])),
    isSettled: prng.chance(0.6),
    faultsMs: isLong ? prng.between(3000, 6000) : prng.between(1000, 2000),
    network: {
      latencyMs: prng.pick([[0, 1], [1, 20], [20, 150], [1, 800]] as const),
      pieceBytes: prng.pick([[1, 64], [20, 1500], [1000, 20_000], [1000, 20_000]] as const),
      capacityBytes: prng.pick([[600, 4000], [4000, 65_536], [65_536, 262_144]] as const),
      dialFails: sometimes(0.2),
    },
    crash: sometimes(0.1),
    freeze: sometimes(0.05),
    move: sometimes(0.04),
    loseCommits: sometimes(0.15),
    flip: sometimes(0.08),
    notesCommits: isOn(),
    lose: sometimes(0.3),
    halfOpen: sometimes(0.1),
    partition: sometimes(0.2),
    crashInTurn: sometimes(0.004),
    fullDisk: sometimes(0.03),
    suspends: isOn(),
    skewedClocks: isOn(),
    olderKith: sometimes(0.5),
    attacks: isOn() ? (["forge", ...MISCHIEF] as const).filter(isOn) : [],
    attack: prng.pick([1, 2, 4]),
    requestEveryMs: prng.pick([300, 800, 1500]),
    writes: {
      hotKeys: prng.between(1, 4),
      dels: isOn(),
      batches: isOn(),
      conditions: isOn(),
      longValues: isOn(),
    },
    leave: isOn() && prng.chance(0.5) ? 0.15 : 0,
    contested: isOn(),
    historyMs: Infinity,
    lan: false,
    dht: false,
  };
  // Drawn last, so that seeds without it do what they did. History goes only where much of it comes about.
  if (!isOn() || !prng.chance(0.5)) return habits;
  const writes = { ...habits.writes, hotKeys: 2 };
  const faultsMs = Math.min(habits.faultsMs, MAX_BUSY_MS);
  return { ...habits, faultsMs, writes, historyMs: prng.pick([1, 300]), requestEveryMs: prng.pick([40, 100]) };
}

/** Whether peers put right what their disks read wrongly. Until they do, disks read rightly again before all heals. */
export const PEERS_REPAIR = false;

/** A network without faults, for the second phase and for tests that bring their own. */
export const CALM_NETWORK: NetworkHabits = {
  latencyMs: [1, 5],
  pieceBytes: [1000, 20_000],
  capacityBytes: [65_536, 262_144],
  dialFails: 0,
};
