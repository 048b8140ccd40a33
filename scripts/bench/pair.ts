import type { Sample } from "./figure.ts";

/** Two peers, the second of which began with nothing and now holds what the first one holds. */
export interface Pair extends AsyncDisposable {
  /** Seconds from the start of the second one's process until it held all. */
  readonly syncSeconds: number;
  /** The hash of what the second one holds, as peers/entries.ts makes it. */
  readonly digest: string;
  /** The most memory that each has had, in MB. */
  peaksMb(): readonly [first: number, second: number];
  /** Writes entries on the first, each once the second has told of the one before. @returns p50 and p99 in ms. */
  seen(count: number, warmUp: number): Promise<Sample>;
  /** Ends the second, and writes entries on the first, one after the other. @returns seconds. */
  writeSeconds(count: number): Promise<number>;
}
