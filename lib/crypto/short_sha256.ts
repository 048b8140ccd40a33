/**
 * The most bytes that are hashed faster here than by the runtime: two blocks with their padding. For so few, what Deno
 * 2.9 does around its native hash takes longer than a hash here, and leaves objects behind for the collector.
 */
export const MAX_SHORT_BYTES = 119;

/** What SHA-256 works on at one go. */
export const BLOCK_BYTES = 64;
const ROUNDS = 64;
const PRIMES = firstPrimes(ROUNDS);
/** FIPS 180-4, section 4.2.2: of the cube roots of the first 64 primes. */
const ROUND_CONSTANTS = Int32Array.from(PRIMES, (prime) => fractionBits(Math.cbrt(prime)));
/** Section 5.3.3: of the square roots of the first eight. */
const INITIAL_WORDS = Int32Array.from(PRIMES.slice(0, 8), (prime) => fractionBits(Math.sqrt(prime)));

// Room to work in, no state: every call writes it before it reads it. New arrays would take longer than the hash.
/** The last 16 words of the message schedule. */
const SCHEDULE_ROOM = new Int32Array(16);
/** The hash so far, and at the end the result. */
const HASH_ROOM = new Int32Array(8);

/**
 * Writes the SHA-256 (FIPS 180-4) of the first bytes of an array to a place in another one.
 *
 * @param sizeBytes how many. At most `MAX_SHORT_BYTES`; of more, the result is right as well, but slow.
 */
export function shortSha256Into(target: Uint8Array, offset: number, bytes: Uint8Array, sizeBytes: number): void {
  const words = hashWords(HASH_ROOM, SCHEDULE_ROOM, bytes, sizeBytes);
  for (let i = 0, at = offset; i < 8; i++) {
    const word = words[i] as number;
    target[at++] = word >>> 24;
    target[at++] = word >>> 16;
    target[at++] = word >>> 8;
    target[at++] = word;
  }
}

/** Whether the SHA-256 of the first bytes of an array begins with others, at most 32. */
export function shortSha256BeginsWith(beginning: Uint8Array, bytes: Uint8Array, sizeBytes: number): boolean {
  const words = hashWords(HASH_ROOM, SCHEDULE_ROOM, bytes, sizeBytes);
  for (let i = 0; i < beginning.length; i++) {
    if (beginning[i] !== (((words[i >> 2] as number) >>> (24 - 8 * (i & 3))) & 0xff)) return false;
  }
  return true;
}

function hashWords(hash: Int32Array, schedule: Int32Array, bytes: Uint8Array, sizeBytes: number): Int32Array {
  hash.set(INITIAL_WORDS);
  const end = Math.ceil((sizeBytes + 9) / BLOCK_BYTES) * BLOCK_BYTES;
  for (let at = 0; at < end; at += BLOCK_BYTES) {
    loadBlock(schedule, bytes, sizeBytes, at);
    if (at + BLOCK_BYTES === end) schedule[15] = 8 * sizeBytes;
    compressBlock(hash, schedule);
  }
  return hash;
}

/** The 16 words of the block that begins at a byte; behind the last byte comes a bit, then zeros. */
function loadBlock(schedule: Int32Array, bytes: Uint8Array, size: number, from: number): void {
  for (let i = 0, at = from; i < 16; i++, at += 4) {
    if (at + 4 <= size) {
      schedule[i] = ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    } else {
      let word = 0;
      for (let j = at; j < at + 4; j++) word = (word << 8) | (j < size ? bytes[j] as number : j === size ? 0x80 : 0);
      schedule[i] = word;
    }
  }
}

/** Section 6.2.2. */
function compressBlock(hash: Int32Array, schedule: Int32Array): void {
  const constants = ROUND_CONSTANTS;
  let a = hash[0] as number, b = hash[1] as number, c = hash[2] as number, d = hash[3] as number;
  let e = hash[4] as number, f = hash[5] as number, g = hash[6] as number, h = hash[7] as number;
  for (let round = 0; round < ROUNDS; round++) {
    let word = schedule[round & 15] as number;
    if (round >= 16) {
      const near = schedule[(round + 14) & 15] as number;
      const far = schedule[(round + 1) & 15] as number;
      word = (word + (schedule[(round + 9) & 15] as number) +
        (((near >>> 17) | (near << 15)) ^ ((near >>> 19) | (near << 13)) ^ (near >>> 10)) +
        (((far >>> 7) | (far << 25)) ^ ((far >>> 18) | (far << 14)) ^ (far >>> 3))) | 0;
      schedule[round & 15] = word;
    }
    const first = (h + (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))) +
      (g ^ (e & (f ^ g))) + (constants[round] as number) + word) | 0;
    const second = (((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))) +
      ((a & b) | (c & (a | b)));
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  hash[0] = (hash[0] as number) + a;
  hash[1] = (hash[1] as number) + b;
  hash[2] = (hash[2] as number) + c;
  hash[3] = (hash[3] as number) + d;
  hash[4] = (hash[4] as number) + e;
  hash[5] = (hash[5] as number) + f;
  hash[6] = (hash[6] as number) + g;
  hash[7] = (hash[7] as number) + h;
}

/** The first 32 bits behind the point. */
function fractionBits(root: number): number {
  return Math.floor((root - Math.floor(root)) * 2 ** 32) | 0;
}

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let number = 2; primes.length < count; number++) {
    if (primes.every((prime) => number % prime !== 0)) primes.push(number);
  }
  return primes;
}
