import { type Cases, DamagedSession } from "../tests/peer/damaged_session.ts";
import { recordSessions } from "../tests/peer/recorded_session.ts";

/** Flips a bit of every byte of recorded sessions, cuts them before every byte, and tells how many cases that were. */
let total = 0;

function tell(what: string, { count, reasons }: Cases): void {
  total += count;
  console.log(`${what}: ${count} cases (${[...reasons].map(([reason, times]) => `${reason} ${times}`).join(", ")})`);
}

for (const recording of recordSessions()) {
  const session = new DamagedSession(recording);
  tell(`${recording.name}, flipped`, session.flips(1));
  tell(`${recording.name}, cut`, session.cuts(1));
}
console.log(`${total} cases, each of which left what was there as it was`);
