/** The version of this kith; the one of deno.json and of the newest entry of CHANGELOG.md. */
export const VERSION = "0.5.0";
