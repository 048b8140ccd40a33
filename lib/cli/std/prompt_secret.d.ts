/** Asks for a line on the terminal without showing it; null where stdin is not a terminal. Default mask: `*`. */
export function promptSecret(message?: string, options?: { mask?: string; clear?: boolean }): string | null;
