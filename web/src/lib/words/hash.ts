// A small stable hash (FNV-1a, 32 bits), for colours that stay the same for the same words.

export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value ^= text.charCodeAt(index);
    value = Math.imul(value, 0x01000193);
  }
  return value >>> 0;
}

/** The seed of a drawn cover, so that a release looks the same everywhere. */
export function sleeveSeed(release: { id: string; title: string } | null, title: string): string {
  return release === null ? title : release.title + release.id;
}

/** Up to two letters that represent a title. */
export function initials(title: string): string {
  const words = title.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '' && !/^(the|a|an|of|and)$/i.test(word));
  const first = (word: string | undefined): string => (word === undefined ? '' : (Array.from(word)[0] ?? ''));
  return (first(words[0]) + first(words[1])).toUpperCase();
}
