import { equal } from "../../lib/base/bytes.ts";
import { ProtocolError } from "../../lib/base/errors.ts";
import { UnsupportedError } from "../../lib/wire/unsupported.ts";

/** Something that takes bytes which nobody vouches for. */
export interface Target {
  /** As `deno task fuzz --target` takes it. */
  readonly name: string;
  /** Inputs to begin with, good ones mostly. */
  readonly seeds: readonly Uint8Array[];
  /** Words of the format. */
  readonly dictionary?: readonly Uint8Array[];
  /**
   * Takes an input as a peer would, and throws where anything happens that must not. Refusals that are documented are
   * caught here; what else is thrown is a finding.
   *
   * @returns what came of it; it must not be larger than the input allows.
   */
  run(input: Uint8Array): unknown;
  /** Inputs that are run where all targets have their turn, in CI. Default: 2,000; fewer where each takes long. */
  readonly fewRuns?: number;
  /** Inputs of more bytes are not made. Default: 2,048. */
  readonly maxBytes?: number;
  /** What one input may have allocated at once, besides `ALLOCATED_PER_BYTE` for each of its bytes. Default: 64 KiB. */
  readonly allocatedBytes?: number;
  /** Blocks of code that one input may enter, besides `STEPS_PER_BYTE` for each of its bytes. Default: 10,000. */
  readonly steps?: number;
  /** Begins anew; called before each batch, for targets that keep something between inputs. */
  reset?(): void | Promise<void>;
}

/** A property that an input broke. */
export class Finding extends Error {
  override readonly name = "Finding";
}

/** @throws {Finding} unless it holds. */
export function holds(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Finding(what);
}

/** Refusals of what comes from other peers. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ProtocolError || error instanceof UnsupportedError;
}

/** What it gives, or undefined where it was refused as documented. @throws what else is thrown. */
export function unlessRefused<T>(decode: () => T, isRefused: (error: unknown) => boolean = isRefusal): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (isRefused(error)) return undefined;
    throw error;
  }
}

/** A codec: what is taken is taken in one form alone, so that encoding gives the very same bytes. */
export function canonical<T>(decode: (bytes: Uint8Array) => T | null, encode: (value: T) => Uint8Array) {
  return (input: Uint8Array): unknown => {
    const value = unlessRefused(() => decode(input));
    if (value === undefined || value === null) return value;
    holds(equal(encode(value), input), "what was decoded is encoded to other bytes");
    return value;
  };
}

/** Items of lists, bytes and characters, in all. */
export function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (value instanceof Uint8Array) return value.length;
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + 1 + sizeOf(item), 0);
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((sum: number, item) => sum + sizeOf(item), 0);
}
