import type { Target } from "./target.ts";

/** A decoder with a defect that four bytes in a row lead to: chance alone would need 2^32 inputs. */
function decode(bytes: Uint8Array): number {
  if (bytes[0] !== 0x6b) return 0;
  if (bytes[1] !== 0x69) return 1;
  if (bytes[2] !== 0x74) return 2;
  if (bytes[3] !== 0x68) return 3;
  throw new TypeError("the planted defect");
}

export const PLANTED: Target = { name: "planted", seeds: [new Uint8Array(8)], run: decode };

export const ENDLESS: Target = {
  name: "endless",
  seeds: [new Uint8Array(8)],
  run: (input) => {
    let sum = 0;
    const times = input[0] === 0xff ? 1_000_000 : 1;
    for (let i = 0; i < times; i++) sum += i;
    return sum;
  },
};

export const GREEDY: Target = {
  name: "greedy",
  seeds: [new Uint8Array(8)],
  run: (input) => void new Uint8Array(input[0] === 0xff ? 10_000_000 : 1),
};

export const BLOATED: Target = {
  name: "bloated",
  seeds: [new Uint8Array(8)],
  run: (input) => input[0] === 0xff ? "x".repeat(1000) : "",
};
