/** Terminal columns that a text takes: wide characters two, combining marks none. */
export function unicodeWidth(text: string): number;
