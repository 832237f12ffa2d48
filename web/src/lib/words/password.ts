/** The minimum length of a password: the server's rule (a test compares it with the API document). */
export const MIN_PASSWORD_CHARS = 8;
/** Characters as the server counts them: code points, not the UTF-16 code units of JavaScript strings. */
export const isTooShort = (password: string): boolean => [...password].length < MIN_PASSWORD_CHARS;
