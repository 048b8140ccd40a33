/**
 * What must not reach a terminal as it is: control characters of C0 and C1, line and paragraph separators, marks that
 * turn the writing direction (UAX #9), and what takes no column and can hide within a name (UAX #44,
 * Default_Ignorable_Code_Point). Joiners and variation selectors stay where scripts and emoji need them: between
 * letters of a script that joins, behind an emoji, behind a Han character.
 */
const STEERING = [
  String.raw`[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\ufff9-\ufffb]`,
  String.raw`[\p{Default_Ignorable_Code_Point}--[\u200c\u200d\ufe00-\ufe0f\u{e0100}-\u{e01ef}]]`,
  String.raw`(?<![[\p{L}\p{M}]--[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Inherited}]]|` +
  String.raw`\p{Extended_Pictographic}\ufe0f?|\p{Emoji_Modifier})[\u200c\u200d]`,
  String.raw`[\u200c\u200d](?![\p{L}\p{M}\p{Extended_Pictographic}])`,
  String.raw`(?<!\p{Script=Han}|\p{Extended_Pictographic}|[0-9#*](?=\ufe0f\u20e3))[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]`,
].join("|");
/** Most texts are made of these, and need no closer look. */
const PLAIN = /^[\x20-\x7e]*$/;

/** A text with everything that could steer a terminal, or hide on it, replaced. */
export function replaceSteering(text: string, replacement: (character: string) => string): string {
  return PLAIN.test(text) ? text : text.replaceAll(new RegExp(STEERING, "gv"), replacement);
}

/** One line of JSON that means the same, with every character that could steer a terminal written as `\uXXXX`. */
export function escapeJson(line: string): string {
  return replaceSteering(line, (character) => character.replaceAll(/[^]/g, (unit) => `\\u${hex(unit)}`));
}

/** A value as one line of JSON, safe to show. */
export function toJsonLine(value: unknown): string {
  return escapeJson(JSON.stringify(value));
}

function hex(unit: string): string {
  return unit.charCodeAt(0).toString(16).padStart(4, "0");
}
