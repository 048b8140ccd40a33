import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { checkNumbers } from "../../lib/api/number_check.ts";
import { KithError } from "../../lib/base/errors.ts";

Deno.test("numbers that a double holds are let through, however they are spelled", () => {
  const texts = ["0", "-1", "1.0", "1e2", "100E-2", "0.1", "123456789012345", "9007199254740992", "5e-324", "1.5e300"];
  for (const text of [...texts, '"12345678901234567890"', '{"-0":"\\"-0"}', "[0.0, 0e5, 1E+3]"]) checkNumbers(text);
});

Deno.test("numbers that would change are refused, and named", () => {
  const texts = ["12345678901234567890", "9007199254740993", "1e400", "-1e400", "-0", "-0.0", "1e-400"];
  for (const number of [...texts, "0.1234567890123456789"]) {
    const error = assertThrows(() => checkNumbers(`{"a":["x",${number}]}`), KithError);
    assertEquals([error.code, error.values.number], ["number_changes", number]);
  }
});

Deno.test("what JSON.stringify writes is let through", () => {
  fc.assert(fc.property(fc.json(), (text) => {
    // -0 is the one number that fc.json writes and JSON.stringify does not.
    checkNumbers(JSON.stringify(JSON.parse(text)));
  }));
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
    checkNumbers(JSON.stringify(number));
    checkNumbers(JSON.stringify(number).replace("e+", "E"));
  }));
});

Deno.test("an integer is refused exactly if what JSON.stringify writes names another one", () => {
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (integer) => {
    const check = () => checkNumbers(`[${integer}]`);
    if (integerOf(JSON.stringify(Number(integer))) === integer) check();
    else assertThrows(check, KithError);
  }));
});

/** The integer that a JSON number names. */
function integerOf(text: string): bigint {
  const match = /^(-?\d)(?:\.(\d+))?e\+(\d+)$/.exec(text);
  if (match === null) return BigInt(text);
  const [, whole = "", fraction = "", exponent = "0"] = match;
  return BigInt(whole + fraction) * 10n ** BigInt(Number(exponent) - fraction.length);
}
