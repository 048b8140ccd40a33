import { escapeText } from "./escape.ts";
import { unicodeWidth } from "./width.ts";

const SIZE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const ELLIPSIS = "…";
/** Columns of a cell on a terminal, but for the last: one that is longer must not push the others out of sight. */
const CELL_COLUMNS = 48;
/** Columns of a name; a longer one would push what stands behind it out of sight. */
const NAME_COLUMNS = 32;

/** A size for people, such as `1.5 MiB`. */
export function formatSize(sizeBytes: number): string {
  let unit = 0;
  let value = sizeBytes;
  while (value >= 1024 && unit < SIZE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${SIZE_UNITS[unit]}`;
}

/** A size in five columns at the most, such as `1.5K`, for tables. */
export function formatBriefSize(sizeBytes: number): string {
  const [value = "", unit = ""] = formatSize(Math.round(sizeBytes)).split(" ");
  return unit === "B" ? value : `${value}${unit[0]}`;
}

/** A number for people, with commas between groups of three. */
export function formatNumber(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** A number with what it counts, such as `1 member` or `2,000 members`. */
export function formatCount(count: number, one: string, many: string = one + "s"): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}

/** A length of time for people, in one unit: `0.4 ms`, `12 s`, `3 min`, `5 h`, `2 d`. */
export function formatDuration(durationMs: number): string {
  if (durationMs === Infinity) return "ever";
  if (durationMs < 10) return `${durationMs.toFixed(1)} ms`;
  if (durationMs < 1000) return `${Math.round(durationMs)} ms`;
  const seconds = durationMs / 1000;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 2 * 86400) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

/** How long ago a time was, for people; a time ahead of this clock says so. */
export function formatAge(timeMs: number, nowMs: number): string {
  const ageMs = nowMs - timeMs;
  if (Math.abs(ageMs) < 1000) return "now";
  return ageMs < 0 ? `in ${formatDuration(-ageMs)}` : `${formatDuration(ageMs)} ago`;
}

/** A path with the user's home directory as `~`. */
export function formatPath(path: string, userHome: string | undefined): string {
  if (userHome === undefined || userHome === "" || userHome === "/") return path;
  return path === userHome || path.startsWith(userHome + "/") ? "~" + path.slice(userHome.length) : path;
}

/** The beginning of a text that takes at most `columns`, with `…` where it was cut. */
export function cutToWidth(text: string, columns: number): string {
  if (unicodeWidth(text) <= columns) return text;
  let out = "";
  let width = 0;
  for (const character of text) {
    width += unicodeWidth(character);
    if (width > columns - 1) break;
    out += character;
  }
  return out + ELLIPSIS;
}

/** A text with spaces behind it up to `columns`. */
export function padToWidth(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - unicodeWidth(text)));
}

/**
 * Lines of a table whose columns are as wide as their widest cell. Cells are escaped; on a terminal long ones are cut,
 * and so is the last column where the terminal ends.
 *
 * @param columns of the terminal. Default: no end.
 */
export function formatTable(rows: readonly (readonly string[])[], columns = Infinity): string[] {
  const widths: number[] = [];
  const isCut = (row: readonly string[], i: number) => columns !== Infinity && i < row.length - 1;
  const escaped = rows.map((row) =>
    row.map((cell, i) => isCut(row, i) ? cutToWidth(escapeText(cell), CELL_COLUMNS) : escapeText(cell))
  );
  for (const row of escaped) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, unicodeWidth(cell));
  }
  return escaped.map((row) => {
    const cells = row.map((cell, i) => i === row.length - 1 ? cell : padToWidth(cell, widths[i] as number));
    const line = cells.join("  ").trimEnd();
    return columns === Infinity ? line : cutToWidth(line, Math.max(20, columns));
  });
}

/** What a peer is called, safe to show; empty where it has no name. */
export function formatName(name: string): string {
  return cutToWidth(escapeText(name), NAME_COLUMNS);
}

/** What a peer is called: its name, or the beginning of its id where it has none; empty without either. Safe to show. */
export function formatCalled(name: string, id: string): string {
  return formatName(name) || shortId(id);
}

/** The id of a peer or space as people see it, safe to show: its first characters, enough to tell a few dozen apart. */
export function shortId(id: string): string {
  return escapeText(id.slice(0, 8));
}
