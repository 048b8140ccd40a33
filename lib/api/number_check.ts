import { KithError } from "../base/errors.ts";

const STRING = /"(?:[^"\\]|\\.)*"/g;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** An integer of at most 15 digits is exact in a double; -0 is not kept by JSON.stringify. */
const PLAIN = /^(?:0|-?[1-9]\d{0,14})$/;

/**
 * Refuses JSON whose numbers would not survive: JSON.parse rounds to a double, and JSON.stringify writes that.
 * Spelling may change (`1.0` becomes `1`), the value may not.
 *
 * @param text valid JSON.
 * @throws {KithError} `number_changes` naming the first such number.
 */
export function checkNumbers(text: string): void {
  for (const [number] of text.replaceAll(STRING, "").matchAll(NUMBER)) {
    if (PLAIN.test(number)) continue;
    const becomes = JSON.stringify(Number(number));
    if (decimalOf(number) !== decimalOf(becomes)) {
      throw new KithError("number_changes", { number: number.slice(0, 40), becomes });
    }
  }
}

/** Sign, significant digits and exponent of ten: the same text for the same value. */
function decimalOf(number: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number);
  if (match === null) return number;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = (whole + fraction).replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  // JSON.stringify writes -0 as 0, so the sign of a zero counts.
  if (significant === "") return `${sign}0`;
  const scale = Number(exponent) - fraction.length + (digits.length - significant.length);
  return `${sign}${significant}e${scale}`;
}
