/** Longer texts are compared by their first characters: a slip of the finger shows there. */
const COMPARED_CHARACTERS = 32;

/** Levenshtein distance: the least number of characters inserted, removed or replaced. */
export function editDistance(a: string, b: string): number {
  const from = a.slice(0, COMPARED_CHARACTERS);
  const to = b.slice(0, COMPARED_CHARACTERS);
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[to.length] as number;
}
