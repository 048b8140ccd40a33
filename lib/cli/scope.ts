import type { JsonObject } from "./client.ts";
import { textField } from "./fields.ts";
import { formatDuration } from "./format.ts";

/** What keys a role may write, for people. @param fields with `role` and `prefix`. */
export function scopeText(fields: JsonObject): string {
  if (fields.role === "reader") return "nothing";
  return textField(fields, "prefix") === "" ? "all" : `${textField(fields, "prefix")}…`;
}

/** How long something lasts that ends at a time, for people. @param endMs ms since 1970; 0 or null: never. */
export function untilText(endMs: number | null, nowMs: number): string {
  return endMs === null || endMs === 0 ? "for ever" : formatDuration(Math.max(0, endMs - nowMs));
}
