/**
 * States an invariant of kith itself. A breach is a defect in this program, never something that a peer or a
 * person did, so it throws and takes the process down rather than going on with a broken state.
 *
 * @throws {Error} when `condition` is false.
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${message}`);
}

/** Marks a branch that the types say cannot be reached. @throws {Error} always. */
export function unreachable(value: never): never {
  throw new Error(`broken invariant: unexpected ${JSON.stringify(value)}`);
}
