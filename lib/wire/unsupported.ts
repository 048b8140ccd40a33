/**
 * Something well-formed that a later kith knows and this one does not: a format, a class or a kind. The transaction
 * that holds it is neither applied nor dropped; it and its descendants wait, and the link stays. Hence no
 * `ProtocolError`.
 */
export class UnsupportedError extends Error {
  override readonly name = "UnsupportedError";

  /**
   * @param what the field whose value is not known, such as `transaction format`.
   * @param found the value that it holds.
   */
  constructor(readonly what: string, readonly found: number) {
    super(`${what} ${found} is not known to this version of kith`);
  }
}
