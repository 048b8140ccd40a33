import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ProtocolError } from "../../lib/base/errors.ts";
import { UnsupportedError } from "../../lib/wire/unsupported.ts";
import { damages } from "./arbitraries.ts";

/**
 * Holds a codec to two laws: what is written is read back the same; and whatever bytes are read, either they are
 * refused in an orderly way or writing the result gives the very same bytes.
 */
export function assertCanonical<T>(
  values: fc.Arbitrary<T>,
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => T,
): void {
  fc.assert(fc.property(values, (value) => {
    assertEquals(decode(encode(value)), value);
  }));
  fc.assert(
    fc.property(values, fc.array(damages, { minLength: 1, maxLength: 2 }), (value, list) => {
      const bytes = list.reduce<Uint8Array>((damaged, damage) => damage(damaged), encode(value).slice());
      let decoded: T;
      try {
        decoded = decode(bytes);
      } catch (error) {
        assert(error instanceof ProtocolError || error instanceof UnsupportedError, String(error));
        return;
      }
      assertEquals(encode(decoded), bytes);
    }),
    { numRuns: 1000 },
  );
}
