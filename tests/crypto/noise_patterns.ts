import type { NoisePattern, NoiseToken } from "../../lib/crypto/noise.ts";

/** Noise revision 34, sections 7.4, 7.5 and 18.1: known keys, then the messages, in one line each. */
const PATTERNS: Readonly<Record<string, string>> = {
  N: "<s: e,es",
  K: ">s <s: e,es,ss",
  X: "<s: e,es,s,ss",
  NN: ": e / e,ee",
  NK: "<s: e,es / e,ee",
  NK1: "<s: e / e,ee,es",
  NX: ": e / e,ee,s,es",
  NX1: ": e / e,ee,s / es",
  XN: ": e / e,ee / s,se",
  X1N: ": e / e,ee / s / se",
  XK: "<s: e,es / e,ee / s,se",
  X1K: "<s: e,es / e,ee / s / se",
  XK1: "<s: e / e,ee,es / s,se",
  X1K1: "<s: e / e,ee,es / s / se",
  XX: ": e / e,ee,s,es / s,se",
  X1X: ": e / e,ee,s,es / s / se",
  XX1: ": e / e,ee,s / es,s,se",
  X1X1: ": e / e,ee,s / es,s / se",
  KN: ">s: e / e,ee,se",
  K1N: ">s: e / e,ee / se",
  KK: ">s <s: e,es,ss / e,ee,se",
  K1K: ">s <s: e,es / e,ee / se",
  KK1: ">s <s: e / e,ee,se,es",
  K1K1: ">s <s: e / e,ee,es / se",
  KX: ">s: e / e,ee,se,s,es",
  K1X: ">s: e / e,ee,s,es / se",
  KX1: ">s: e / e,ee,se,s / es",
  K1X1: ">s: e / e,ee,s / se,es",
  IN: ": e,s / e,ee,se",
  I1N: ": e,s / e,ee / se",
  IK: "<s: e,es,s,ss / e,ee,se",
  I1K: "<s: e,es,s / e,ee / se",
  IK1: "<s: e,s / e,ee,se,es",
  I1K1: "<s: e,s / e,ee,es / se",
  IX: ": e,s / e,ee,se,s,es",
  I1X: ": e,s / e,ee,s,es / se",
  IX1: ": e,s / e,ee,se,s / es",
  I1X1: ": e,s / e,ee,s / se,es",
};

/** The pattern of a name such as `XXpsk0+psk3`. */
export function patternOf(name: string): NoisePattern {
  const [base, ...modifiers] = name.split(/(?=psk)|\+/);
  const [knownKeys, lines] = (PATTERNS[base as string] as string).split(": ").map((part) => part.replace(":", ""));
  const messages = (lines as string).split(" / ").map((line) => line.split(",") as NoiseToken[]);
  for (const modifier of modifiers) {
    // Section 9.4: psk0 comes first in the first message, pskN last in the Nth.
    const place = Number(modifier.slice("psk".length));
    if (place === 0) messages[0]?.unshift("psk");
    else messages[place - 1]?.push("psk");
  }
  return {
    name,
    initiatorKnown: knownKeys?.includes(">s") ? ["s"] : [],
    responderKnown: knownKeys?.includes("<s") ? ["s"] : [],
    messages,
  };
}
