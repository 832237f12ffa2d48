// Maps an address fragment to a page. Pure: the browser's side is router.svelte.ts.

import type { Order, TrackSort } from './api/types';

export type Route =
  | { page: 'tracks'; search: string; sort: TrackSort; order: Order }
  | { page: 'artists'; search: string }
  | { page: 'releases'; search: string }
  | { page: 'track' | 'artist' | 'release'; id: string }
  | { page: 'catalog'; search: string }
  | { page: 'upload' }
  | { page: 'mixtapes' }
  | { page: 'mixtape'; id: string; edit: boolean }
  | { page: 'cache' }
  | { page: 'activity' }
  | { page: 'settings'; at: string | null }
  | { page: 'welcome'; token: string }
  | { page: 'missing'; path: string };

export const SORTS: readonly TrackSort[] = ['title', 'artist', 'album', 'added', 'duration', 'tempo', 'loudness'];
export const FIRST_SORT: TrackSort = 'artist';

export function parseRoute(hash: string): Route {
  const text = hash.replace(/^#/, '');
  const cut = text.indexOf('?');
  const path = cut < 0 ? text : text.slice(0, cut);
  const query = new URLSearchParams(cut < 0 ? '' : text.slice(cut + 1));
  const parts = path.split('/').filter((part) => part !== '').map(decode);
  const [head, id] = parts;
  const missing: Route = { page: 'missing', path };
  if (parts.length > 2) return missing;
  const search = query.get('search') ?? '';
  if (head === undefined) {
    const sort = SORTS.find((known) => known === query.get('sort')) ?? FIRST_SORT;
    return { page: 'tracks', search, sort, order: query.get('order') === 'desc' ? 'desc' : 'asc' };
  }
  if (id === undefined) {
    if (head === 'artists' || head === 'releases') return { page: head, search };
    if (head === 'catalog') return { page: head, search };
    if (head === 'tasks') return { page: 'activity' };
    if (head === 'mixtapes' || head === 'cache') return { page: head };
    if (head === 'settings') return { page: head, at: query.get('at') };
    if (head === 'upload' || head === 'activity') return { page: head };
    return missing;
  }
  if (head === 'tracks') return { page: 'track', id };
  if (head === 'artists') return { page: 'artist', id };
  if (head === 'releases') return { page: 'release', id };
  if (head === 'mixtapes') return { page: 'mixtape', id, edit: query.has('edit') };
  if (head === 'welcome') return { page: 'welcome', token: id };
  return missing;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const trackHref = (id: string): string => `#/tracks/${encodeURIComponent(id)}`;
export const artistHref = (id: string): string => `#/artists/${encodeURIComponent(id)}`;
export const releaseHref = (id: string): string => `#/releases/${encodeURIComponent(id)}`;

/** The address at which a setting of the server is changed. */
export const settingHref = (name: string): string => `#/settings?at=${encodeURIComponent(name)}`;
export const mixtapeHref = (slug: string, edit = false): string => `#/mixtapes/${encodeURIComponent(slug)}${edit ? '?edit' : ''}`;

export function listHref(
  page: 'tracks' | 'artists' | 'releases' | 'catalog', search: string, sort?: TrackSort, order?: Order,
): string {
  const query = new URLSearchParams();
  if (search !== '') query.set('search', search);
  if (sort !== undefined && sort !== FIRST_SORT) query.set('sort', sort);
  if (order === 'desc') query.set('order', order);
  const tail = query.toString();
  return `#/${page === 'tracks' ? '' : page}${tail === '' ? '' : `?${tail}`}`;
}
