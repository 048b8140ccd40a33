/** Every character of these takes one column. */
const PLAIN = /^[\x20-\x7e]*$/;
/** What it takes to measure another text: to make it takes longer than most commands do, and most never need it. */
interface Measure {
  readonly graphemes: Intl.Segmenter;
  /** Begins with a character of two columns: East Asian scripts, full-width forms, emoji. Half-width forms are none. */
  readonly wide: RegExp;
  /** Takes no column: control and format characters, and marks with nothing before them. */
  readonly empty: RegExp;
}

let measure: Measure | undefined;

/** Terminal columns that a text takes: wide characters two, combining marks none, by grapheme. */
export function unicodeWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  const { graphemes, wide, empty } = measure ??= makeMeasure();
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) {
    if (!empty.test(segment)) columns += wide.test(segment) ? 2 : 1;
  }
  return columns;
}

function makeMeasure(): Measure {
  return {
    graphemes: new Intl.Segmenter("en", { granularity: "grapheme" }),
    wide:
      /^(?![\uff61-\uffdc])(?:[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Yi}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]|\p{Emoji}\ufe0f)/u,
    empty: /^[\p{Control}\p{Format}\p{Mark}]/u,
  };
}
