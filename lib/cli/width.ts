/** Every character of these takes one column. */
const PLAIN = /^[\x20-\x7e]*$/;
/** Begins with a character of two columns: East Asian scripts, full-width forms, emoji. Half-width forms are none. */
const WIDE =
  /^(?![\uff61-\uffdc])(?:[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Yi}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]|\p{Emoji}\ufe0f)/u;
/** Takes no column: control and format characters, and marks with nothing before them. */
const EMPTY = /^[\p{Control}\p{Format}\p{Mark}]/u;

let graphemes: Intl.Segmenter | undefined;

/** Terminal columns that a text takes: wide characters two, combining marks none, by grapheme. */
export function unicodeWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  // To make one takes longer than most commands do.
  graphemes ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) {
    if (!EMPTY.test(segment)) columns += WIDE.test(segment) ? 2 : 1;
  }
  return columns;
}
