/** The folders of lib and their ranks: a file imports its own folder or a lower rank, nothing else. */
export const RANKS: ReadonlyMap<string, number> = new Map([
  ["base", 0],
  ["crypto", 1],
  ["wire", 1],
  ["link", 2],
  ["data", 2],
  ["store", 3],
  ["space", 3],
  ["sync", 3],
  ["mesh", 3],
  ["discovery", 3],
  ["reach", 3],
  ["blobs", 3],
  ["peer", 4],
  ["host", 5],
  ["text", 6],
  ["ui", 6],
  ["api", 6],
  ["cli", 7],
]);

/** The highest rank of the core: synchronous, deterministic, and without Deno. */
export const CORE_RANK = 4;

/** What the core may import besides itself, by folder: the specifier, or with a slash behind it its beginning. */
export const CORE_PACKAGES: ReadonlyMap<string, readonly string[]> = new Map([
  ["crypto", ["node:crypto", "@noble/ciphers/"]],
  ["store", ["node:sqlite"]],
  ["space", ["@scure/bip39/"]],
]);

/** Modules of the platform that one folder alone may import, whatever its rank. */
export const OWNED_MODULES: ReadonlyMap<string, string> = new Map([
  ["node:crypto", "crypto"],
  ["node:sqlite", "store"],
]);

/** Whether a folder of lib belongs to the core. */
export function isCore(folder: string): boolean {
  return (RANKS.get(folder) ?? Infinity) <= CORE_RANK;
}
