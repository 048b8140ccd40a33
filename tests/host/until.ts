/** Longest that anything here may take: a machine under load is slow, a hang is for ever. */
export const DEADLINE_MS = 60_000;
const POLL_MS = 2;

/** Waits until a condition holds. @throws {Error} with `what` when it takes too long. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!await holds()) {
    if (performance.now() > endMs) throw new Error(`did not come about: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
