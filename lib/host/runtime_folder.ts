import { sha256 } from "../crypto/hash.ts";
import { toHex, utf8Encode } from "../base/bytes.ts";
import type { HomePaths } from "./home.ts";

/** The longest path of a unix socket that every system takes; Linux has room for 107 bytes, macOS for 103. */
const MAX_SOCKET_PATH_BYTES = 100;

/**
 * The folder in which this user's running peers leave their notes, and sockets whose path would be too long
 * elsewhere: KITH_RUNTIME_DIR, else the system's per-user runtime folder. Made where it is missing.
 *
 * @returns null where no folder is to be had that belongs to this user alone: then nothing is left anywhere.
 */
export function runtimeFolder(): string | null {
  for (const folder of candidates()) {
    if (makePrivate(folder)) return folder;
  }
  return null;
}

/** Where the control socket of a home is: in it, or in the runtime folder where its path would be too long. */
export function controlPath(paths: HomePaths): string {
  const inHome = `${paths.home}/control.sock`;
  if (utf8Encode(inHome).length <= MAX_SOCKET_PATH_BYTES) return inHome;
  const folder = runtimeFolder();
  return folder === null ? inHome : `${folder}/${homeTag(paths.home)}.sock`;
}

/** A short name that stands for a home in the runtime folder. */
export function homeTag(home: string): string {
  return toHex(sha256(utf8Encode(home)).subarray(0, 8));
}

function candidates(): string[] {
  const named = Deno.env.get("KITH_RUNTIME_DIR");
  if (named) return [named];
  if (Deno.build.os === "windows") {
    const data = Deno.env.get("LOCALAPPDATA");
    return data ? [`${data}\\kith-run`] : [];
  }
  const runtime = Deno.env.get("XDG_RUNTIME_DIR");
  const shared = `/tmp/kith-${Deno.uid()}`;
  return runtime?.startsWith("/") ? [`${runtime}/kith`, shared] : [shared];
}

/** Whether the folder is, or could be made, one that belongs to this user alone. */
function makePrivate(folder: string): boolean {
  try {
    Deno.mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) return false;
  }
  if (Deno.build.os === "windows") return true;
  try {
    // In /tmp anybody may have made it first: a link, or a folder of somebody else, would let them listen in.
    const info = Deno.lstatSync(folder);
    return info.isDirectory && info.uid === Deno.uid() && ((info.mode ?? 0o777) & 0o077) === 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return false;
    throw error;
  }
}
