import type { Console } from "../host/console.ts";
import { cutToWidth, formatDuration, formatNumber } from "./format.ts";

const BAR_COLUMNS = 24;
/** Redrawn at most so often: more is not seen, and costs. */
const REDRAW_AFTER_MS = 100;
/** Work shorter than this shows no bar. */
const FIRST_DRAWN_AFTER_MS = 300;

const encoder = new TextEncoder();

/** A progress bar on standard error: only where that is a terminal, and standard output is not in its way. */
export class Progress {
  readonly #console: Console;
  readonly #label: string;
  readonly #shown: boolean;
  readonly #beganMs: number;
  #drawnMs: number;
  #drawn = false;

  /**
   * @param label what is done, such as `importing`.
   * @param options.quiet shows nothing. `options.stdoutBusy`: results go to standard output meanwhile.
   */
  constructor(console: Console, label: string, options: { readonly quiet: boolean; readonly stdoutBusy: boolean }) {
    this.#console = console;
    this.#label = label;
    this.#shown = console.stderr.isTerminal && !options.quiet && !(options.stdoutBusy && console.stdout.isTerminal);
    this.#beganMs = console.nowMs();
    this.#drawnMs = this.#beganMs + FIRST_DRAWN_AFTER_MS - REDRAW_AFTER_MS;
  }

  /**
   * Shows how far it is.
   *
   * @param fraction 0 to 1; null while the end is not known.
   * @param count of what is done, shown as a number with `unit`.
   */
  update(fraction: number | null, count: number, unit: string): void {
    const nowMs = this.#console.nowMs();
    if (!this.#shown || nowMs - this.#drawnMs < REDRAW_AFTER_MS) return;
    this.#drawnMs = nowMs;
    this.#drawn = true;
    const line = progressLine(this.#label, fraction, count, unit, nowMs - this.#beganMs);
    this.#write(`\r\x1b[K${cutToWidth(line, this.#console.columns() - 1)}`);
  }

  /** Takes the bar off the screen. */
  end(): void {
    if (this.#drawn) this.#write("\r\x1b[K");
    this.#drawn = false;
  }

  #write(text: string): void {
    this.#console.stderr.write(encoder.encode(text));
  }
}

/** One line such as `importing  [######      ]  50%  12,000 entries  4,000/s  3 s left`. */
export function progressLine(
  label: string,
  fraction: number | null,
  count: number,
  unit: string,
  elapsedMs: number,
): string {
  const parts = [label];
  if (fraction !== null) {
    const bounded = Math.min(1, Math.max(0, fraction));
    const filled = Math.floor(bounded * BAR_COLUMNS);
    parts.push(`[${"#".repeat(filled)}${" ".repeat(BAR_COLUMNS - filled)}]`);
    parts.push(`${Math.floor(bounded * 100)}%`.padStart(4));
  }
  parts.push(`${formatNumber(count)} ${unit}`);
  if (elapsedMs >= 1000) parts.push(`${formatNumber(Math.round(count / (elapsedMs / 1000)))}/s`);
  if (fraction !== null && fraction > 0.01 && fraction < 1 && elapsedMs >= 1000) {
    const leftMs = (elapsedMs / fraction) * (1 - fraction);
    parts.push(`${formatDuration(Math.max(1000, leftMs))} left`);
  }
  return parts.join("  ");
}
