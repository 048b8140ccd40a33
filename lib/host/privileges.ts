/** A kind of what the runtime lets a program do. */
export type Privilege = "env" | "ffi" | "import" | "net" | "read" | "run" | "sys" | "write";

/** What kith never does, whatever it was started with: load libraries, or import code at run time. */
export const NEVER_NEEDED: readonly Privilege[] = ["ffi", "import"];
/** What only a command does that was asked to (`--exec`): run programs. A peer never does. */
export const NEEDED_ON_REQUEST: readonly Privilege[] = ["run"];
/** All that there is. */
export const ALL_PRIVILEGES: readonly Privilege[] = [
  ...NEVER_NEEDED,
  ...NEEDED_ON_REQUEST,
  ...["env", "net", "read", "sys", "write"] as const,
];

/**
 * Gives privileges up, for the rest of the process: code that should not be there can't use them either. What is asked
 * of the system afterwards throws `Deno.errors.NotCapable`.
 */
export function giveUp(privileges: readonly Privilege[]): void {
  for (const name of privileges) Deno.permissions.revokeSync({ name });
}
