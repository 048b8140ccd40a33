/** Takes the oldest entry out of a map that holds more than so many, the limit. For maps that grow one by one. */
export function forgetOldest<Key>(map: Map<Key, unknown>, limit: number): void {
  if (map.size <= limit) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
