// The link of a shared mixtape. Its token stands behind the #, so that no server and no log ever sees it. Pure.

/** `/s/#TOKEN`, or `/#/s/TOKEN`. */
export const isShared = (path: string, hash: string): boolean => /^\/s\/?$/.test(path) || hash.startsWith('#/s/');

/** The token, or null where there is none worth asking about. */
export function tokenOf(hash: string): string | null {
  const text = hash.replace(/^#\/?(s\/)?/, '');
  return /^[\w-]{8,200}$/.test(text) ? text : null;
}

/** Which track comes after one that ended; null at the end. */
export const following = (at: number, count: number): number | null => (at + 1 < count ? at + 1 : null);
