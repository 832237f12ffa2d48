// The link of a shared mixtape. Its token comes after the #, so that it is in no request and in no log. Pure.

/** `/s/#TOKEN`, or `/#/s/TOKEN`. */
export const isShared = (path: string, hash: string): boolean => /^\/s\/?$/.test(path) || hash.startsWith('#/s/');

/** The token, or null without a valid one. */
export function tokenOf(hash: string): string | null {
  const text = hash.replace(/^#\/?(s\/)?/, '');
  return /^[\w-]{8,200}$/.test(text) ? text : null;
}

/** The track after one that ended; null at the end. */
export const following = (at: number, count: number): number | null => (at + 1 < count ? at + 1 : null);
