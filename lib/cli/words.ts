import { usageError } from "./usage.ts";

/** A line split into words, and how the last one was written. */
export interface SplitLine {
  readonly words: readonly string[];
  /** The last word as it was typed, with quotes and backslashes; empty when the line ends with a space. */
  readonly lastTyped: string;
  /** The quote that is still open at the end; empty when none is. */
  readonly openQuote: string;
}

/**
 * Splits a line as a shell would, without expanding anything: spaces part words, single quotes keep everything,
 * double quotes keep all but backslashes, a backslash keeps the next character. An empty last word stands for a
 * line that is empty or ends with a space.
 */
export function splitLine(line: string): SplitLine {
  const words: string[] = [];
  let word = "";
  let begun = false;
  let quote = "";
  let lastAt = 0;
  for (let i = 0; i < line.length; i++) {
    const character = line[i] as string;
    if (quote === "" && /\s/.test(character)) {
      if (begun) words.push(word);
      word = "";
      begun = false;
      lastAt = i + 1;
      continue;
    }
    begun = true;
    if (character === "\\" && quote !== "'") word += line[++i] ?? "";
    else if (quote === "" && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = "";
    else word += character;
  }
  words.push(word);
  return { words, lastTyped: begun ? line.slice(lastAt) : "", openQuote: quote };
}

/** The words of a whole line. @throws {KithError} `usage` for a quote that is not closed. */
export function wordsOf(line: string): string[] {
  const { words, lastTyped, openQuote } = splitLine(line);
  if (openQuote !== "") throw usageError(`The quote ${openQuote} is not closed.`);
  return lastTyped === "" ? words.slice(0, -1) : [...words];
}

/** A word as it must be typed to be taken as one. */
export function quoteWord(word: string): string {
  return word.replaceAll(/[\s"'\\]/g, "\\$&");
}
