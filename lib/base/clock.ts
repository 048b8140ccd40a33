/** The two clocks, read once by the host and handed in with every input. */
export interface Now {
  /** Milliseconds since an arbitrary start; never goes back. For timers, ages and round trips. */
  readonly monotonicMs: number;
  /** Milliseconds since 1970 by this machine's clock; may be wrong, and may jump. For stamps and expiry. */
  readonly wallMs: number;
}
