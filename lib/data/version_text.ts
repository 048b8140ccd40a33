import { fromBase32, toBase32 } from "../base/base32.ts";
import { ID_BYTES, type VersionId } from "../wire/transaction.ts";

/** The spelling of a version id for people and scripts: the transaction's id in base32, a dot, the index. */
export function versionText(version: VersionId): string {
  return versionTexts(version.transaction)(version.index);
}

/** The spellings of a transaction's versions, by their index. */
export function versionTexts(transaction: Uint8Array): (index: number) => string {
  const text = toBase32(transaction);
  return (index) => `${text}.${index}`;
}

/** The version id of a spelling; null where it is none. */
export function versionFromText(text: string): VersionId | null {
  const match = /^([a-z2-7]{52})\.(0|[1-9]\d{0,8})$/.exec(text);
  if (match === null) return null;
  try {
    const transaction = fromBase32(match[1] as string);
    return transaction.length === ID_BYTES ? { transaction, index: Number(match[2]) } : null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
