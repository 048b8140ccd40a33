/**
 * Whether something can be reached from a node of a graph without cycles, which may be deep.
 *
 * @param step the nodes that follow from one, or whether the end is reached there.
 * @param known what was found so far, by node; it is added to.
 */
export function reaches(
  start: number,
  step: (node: number) => readonly number[] | boolean,
  known: Map<number, boolean>,
): boolean {
  const cameFrom = new Map<number, number | null>([[start, null]]);
  const open = [start];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const next = known.get(node) ?? step(node);
    if (next === true) {
      for (let at: number | null = node; at !== null; at = cameFrom.get(at) ?? null) known.set(at, true);
      return true;
    }
    for (const other of next === false ? [] : next) {
      if (cameFrom.has(other)) continue;
      cameFrom.set(other, node);
      open.push(other);
    }
  }
  for (const node of cameFrom.keys()) known.set(node, false);
  return false;
}
