/** Longer texts are compared by their first characters: a slip of the finger shows there. */
const COMPARED_CHARACTERS = 32;

/** Edit distance: the least number of characters inserted, removed, replaced, or swapped with their neighbour. */
export function editDistance(a: string, b: string): number {
  const from = a.slice(0, COMPARED_CHARACTERS);
  const to = b.slice(0, COMPARED_CHARACTERS);
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  let rowBefore = row;
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const swapped = isSwap ? (rowBefore[j - 2] as number) + 1 : Infinity;
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1, swapped));
    }
    rowBefore = row;
    row = next;
  }
  return row[to.length] as number;
}
