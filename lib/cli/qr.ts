import encodeQR from "qr";

/** Light modules around a code, by which readers find it (ISO/IEC 18004, "quiet zone"). */
const QUIET_ZONE = 4;
/** A character shows two modules, one above the other; by whether each of them is dark. */
const BLOCKS = { none: " ", upper: "▀", lower: "▄", both: "█" } as const;

/**
 * A ticket as a QR code: lines of half blocks, each module a column wide and half a line high.
 *
 * @param ink whether blocks are the dark modules, which is for a terminal that is told to show black on white; else
 * they are the light ones, for light text on a dark background.
 */
export function qrLines(ticket: string, ink: "dark" | "light"): string[] {
  // Capitals, which a ticket may be written in, take three quarters of the room; and a screen is not scratched.
  const rows = encodeQR(ticket.toUpperCase(), "raw", { ecc: "low", border: QUIET_ZONE });
  const lines: string[] = [];
  for (let y = 0; y < rows.length; y += 2) {
    const upper = rows[y] as boolean[];
    const lower = rows[y + 1];
    lines.push(upper.map((isDark, x) => block(isDark, lower?.[x] ?? false, ink)).join(""));
  }
  return lines;
}

function block(upperIsDark: boolean, lowerIsDark: boolean, ink: "dark" | "light"): string {
  const upper = upperIsDark === (ink === "dark");
  const lower = lowerIsDark === (ink === "dark");
  return upper ? (lower ? BLOCKS.both : BLOCKS.upper) : lower ? BLOCKS.lower : BLOCKS.none;
}
