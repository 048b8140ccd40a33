/** Tables whose records are checked when they are read. */
export type DamagedTable = "transactions" | "operations" | "contexts" | "writers" | "meta" | "store";

/**
 * A record read from disk is not the one that was written: its hash does not fit. What it says must not be shown,
 * sent or counted on.
 */
export class DamagedError extends Error {
  override readonly name = "DamagedError";

  /**
   * @param table where the record lies.
   * @param row its row number there; 0 for a record of `meta`, which has a name.
   * @param key the key or name it is under, where it has one that can still be read.
   */
  constructor(
    readonly table: DamagedTable,
    readonly row: number,
    readonly key: string | null,
  ) {
    super(`damaged record: ${table} row ${row}${key === null ? "" : `, key ${JSON.stringify(key)}`}`);
  }
}
