import { createHash } from "node:crypto";

/** A key and its value. */
export type Entry = readonly [key: string, value: string];

/** Entries of 100 bytes, the same for every call: keys of 22 bytes in no order, values of 78. */
export function entriesOf(count: number): Entry[] {
  return Array.from({ length: count }, (_, number) => {
    const id = createHash("sha256").update(String(number)).digest("hex");
    return [`entry/${id.slice(0, 16)}`, (id + id).slice(16, 94)];
  });
}

/** The value of single writes; watch_client.ts and write_client.ts give kith the same. */
export const WRITTEN_VALUE = "x".repeat(100);

/** The hash of what somebody holds, in whatever order it is given. */
export function digestOf(entries: Iterable<Entry>): string {
  const hash = createHash("sha256");
  for (const line of Array.from(entries, ([key, value]) => `${key} ${value}\n`).sort()) hash.update(line);
  return hash.digest("hex");
}
