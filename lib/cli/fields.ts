import type { JsonObject } from "./client.ts";

/** The objects of a list in an answer; none where it has no such list. */
export function objectsOf(object: JsonObject, name: string): JsonObject[] {
  const list = object[name];
  return Array.isArray(list) ? list.filter((item) => typeof item === "object" && item !== null) : [];
}

/** A text of an answer; empty where it has no such text. */
export function textField(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === "string" ? value : "";
}

/** A number of an answer; null where it has no such number. */
export function numberField(object: JsonObject, name: string): number | null {
  const value = object[name];
  return typeof value === "number" ? value : null;
}
