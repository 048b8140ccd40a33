/** What a failed assertion throws. */
export class AssertionError extends Error {
  constructor(message: string, options?: ErrorOptions);
}

// deno-lint-ignore no-explicit-any
type Constructor<T> = abstract new (...args: any[]) => T;

export function assert(condition: unknown, message?: string): asserts condition;
export function assertFalse(condition: unknown, message?: string): void;
export function assertEquals<T>(actual: T, expected: T, message?: string): void;
export function assertNotEquals<T>(actual: T, expected: T, message?: string): void;
export function assertStrictEquals<T>(actual: unknown, expected: T, message?: string): asserts actual is T;
export function assertNotStrictEquals<T>(actual: T, expected: T, message?: string): void;
export function assertExists<T>(actual: T, message?: string): asserts actual is NonNullable<T>;
export function assertInstanceOf<T>(actual: unknown, expected: Constructor<T>, message?: string): asserts actual is T;
export function assertNotInstanceOf<T>(actual: unknown, unexpected: Constructor<T>, message?: string): void;
export function assertMatch(actual: string, expected: RegExp, message?: string): void;
export function assertNotMatch(actual: string, expected: RegExp, message?: string): void;
export function assertStringIncludes(actual: string, expected: string, message?: string): void;
export function assertArrayIncludes<T>(actual: ArrayLike<T>, expected: ArrayLike<T>, message?: string): void;
export function assertObjectMatch(actual: object, expected: object, message?: string): void;
export function assertAlmostEquals(actual: number, expected: number, tolerance?: number, message?: string): void;
export function assertGreater<T>(actual: T, expected: T, message?: string): void;
export function assertGreaterOrEqual<T>(actual: T, expected: T, message?: string): void;
export function assertLess<T>(actual: T, expected: T, message?: string): void;
export function assertLessOrEqual<T>(actual: T, expected: T, message?: string): void;
export function assertThrows<E extends Error = Error>(
  run: () => unknown,
  errorClass: Constructor<E>,
  messageIncludes?: string,
  message?: string,
): E;
export function assertThrows(run: () => unknown, message?: string): unknown;
export function assertRejects<E extends Error = Error>(
  run: () => PromiseLike<unknown>,
  errorClass: Constructor<E>,
  messageIncludes?: string,
  message?: string,
): Promise<E>;
export function assertRejects(run: () => PromiseLike<unknown>, message?: string): Promise<unknown>;
export function assertIsError<E extends Error = Error>(
  error: unknown,
  errorClass?: Constructor<E>,
  messageMatches?: string | RegExp,
  message?: string,
): asserts error is E;
export function equal(a: unknown, b: unknown): boolean;
export function fail(message?: string): never;
export function unreachable(reason?: string): never;
