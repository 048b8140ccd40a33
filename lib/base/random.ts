/** Where the core takes its randomness from; the host's is cryptographic, the simulator's comes from a seed. */
export interface Random {
  /** `size` fresh random bytes. Range: 0 to 65,536. */
  bytes(size: number): Uint8Array;
}

/** A uniformly distributed integer in 0 … limit − 1. Range of `limit`: 1 to 2^32. */
export function randomBelow(random: Random, limit: number): number {
  const bytes = random.bytes(6);
  let value = 0;
  for (const byte of bytes) value = value * 256 + byte;
  // 48 random bits over at most 2^32 values: the bias is below 2^-16, enough for back-off and choice.
  return value % limit;
}
