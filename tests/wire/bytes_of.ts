import { concat, fromHex } from "../../lib/base/bytes.ts";

/** The bytes of hexadecimal words; `aa*32` repeats one. */
export function bytesOf(...words: string[]): Uint8Array {
  return concat(
    words.join(" ").split(" ").map((word) => {
      const [hex = "", times = "1"] = word.split("*");
      return fromHex(hex.repeat(Number(times)));
    }),
  );
}
