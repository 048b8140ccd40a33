const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Milliseconds of a text such as `90s`, `1.5h`, `1h30m`, `never` or `forever` (Infinity); a bare number is seconds. Null for others. */
export function readDurationMs(text: string): number | null {
  if (text === "never" || text === "forever") return Infinity;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d|w))+$/.test(text)) return null;
  let totalMs = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)) {
    totalMs += Number(count) * (DURATION_UNITS_MS[unit as string] as number);
  }
  return Math.round(totalMs);
}
