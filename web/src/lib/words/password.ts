/** The fewest characters of a password: the server's rule (its API document says it; a test compares). */
export const MIN_PASSWORD_CHARS = 8;
/** Characters as the server counts them: not the halves of which JavaScript's strings are made. */
export const isTooShort = (password: string): boolean => [...password].length < MIN_PASSWORD_CHARS;
