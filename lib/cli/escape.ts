import { replaceSteering } from "../base/steering.ts";

const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** A text from elsewhere in one line that is safe to show: what could steer a terminal is written as an escape. */
export function escapeText(text: string): string {
  return replaceSteering(text.toWellFormed(), escapeCharacter);
}

/** As `escapeText`, but line feeds and tabs stay: for a value shown as a whole. */
export function escapeLines(text: string): string {
  return replaceSteering(
    text.toWellFormed(),
    (character) => character === "\n" || character === "\t" ? character : escapeCharacter(character),
  );
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) as number;
  const hex = code.toString(16);
  return NAMED[character] ?? (code < 0x100 ? `\\x${hex.padStart(2, "0")}` : `\\u{${hex.padStart(4, "0")}}`);
}
