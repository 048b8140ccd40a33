/**
 * What must not reach a terminal as it is: control characters of C0 and C1, line and paragraph separators, marks
 * that turn the writing direction (UAX #9), and lone surrogates. Joiners of scripts and emoji stay.
 */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff\ufff9-\ufffb]/gu;
const UNSAFE_IN_LINES = /(?![\t\n])[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff\ufff9-\ufffb]/gu;

const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** A text from elsewhere in one line that is safe to show: what could steer a terminal is written as an escape. */
export function escapeText(text: string): string {
  return text.toWellFormed().replaceAll(UNSAFE, escapeCharacter);
}

/** As `escapeText`, but line feeds and tabs stay: for a value shown as a whole. */
export function escapeLines(text: string): string {
  return text.toWellFormed().replaceAll(UNSAFE_IN_LINES, escapeCharacter);
}

/** A value as one line of JSON, safe to show. */
export function toJsonLine(value: unknown): string {
  return escapeJson(JSON.stringify(value));
}

/** One line of JSON that means the same, with every character that could steer a terminal written as `\uXXXX`. */
export function escapeJson(line: string): string {
  return line.replaceAll(UNSAFE, (character) => `\\u${hex(character, 4)}`);
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  return NAMED[character] ?? (code < 0x100 ? `\\x${hex(character, 2)}` : `\\u{${hex(character, 4)}}`);
}

function hex(character: string, digits: number): string {
  return character.charCodeAt(0).toString(16).padStart(digits, "0");
}
