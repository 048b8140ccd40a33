import { KithError } from "../base/errors.ts";

/** What a person is told when a file of the home could not be used: its cause stays with it. */
export function fileError(error: unknown, home: string): Error {
  if (error instanceof KithError) return error;
  if (!(error instanceof Error)) return new Error(String(error));
  const code = (error as { code?: string }).code ?? "";
  const detail = error.message;
  if (error instanceof Deno.errors.PermissionDenied || ["EACCES", "EPERM", "EROFS"].includes(code)) {
    return new KithError("home_read_only", { home, detail }, error);
  }
  return new KithError("home_unusable", { home, detail }, error);
}

/** Whether the system refused something, as opposed to a defect of this program. */
export function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && typeof (error as { code?: unknown }).code === "string";
}

/**
 * Writes a file whole or not at all, private to its owner (0600): a crash leaves the old one or the new one.
 *
 * @param isDurable whether that holds for a crash of the machine too. Default: true; what is worth nothing after one need
 * not wait for the disk.
 * @throws whatever the file system throws.
 */
export function writeFileWhole(path: string, bytes: Uint8Array, { isDurable = true } = {}): void {
  const draft = `${path}.new`;
  const file = Deno.openSync(draft, { write: true, create: true, truncate: true, mode: 0o600 });
  try {
    for (let offset = 0; offset < bytes.length;) offset += file.writeSync(bytes.subarray(offset));
    if (isDurable) file.syncSync();
  } finally {
    file.close();
  }
  Deno.renameSync(draft, path);
  if (isDurable) syncFolderOf(path);
}

/** Makes a file's name durable: it is only once its directory is. @throws what the file system throws. */
export function syncFolderOf(path: string): void {
  if (Deno.build.os === "windows") return;
  const folder = Deno.openSync(path.slice(0, path.lastIndexOf("/")) || "/");
  try {
    folder.syncSync();
  } finally {
    folder.close();
  }
}

/** Reads a file of at most `maxBytes`; null where there is none. @throws what the file system throws, RangeError. */
export function readFileCapped(path: string, maxBytes: number): Uint8Array | null {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  try {
    const buffer = new Uint8Array(maxBytes + 1);
    let sizeBytes = 0;
    while (sizeBytes < buffer.length) {
      const read = file.readSync(buffer.subarray(sizeBytes));
      if (read === null) return buffer.subarray(0, sizeBytes);
      sizeBytes += read;
    }
    throw new RangeError(`it is larger than ${maxBytes} bytes`);
  } finally {
    file.close();
  }
}

/** Whether there is a file, or whatever else, of that name. @throws what the file system throws otherwise. */
export function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Renames a file; it is no error that there is none. @throws what the file system throws otherwise. */
export function renameIfThere(from: string, to: string): void {
  try {
    Deno.renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Removes a file; it is no error that there is none. @throws what the file system throws otherwise. */
export function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
