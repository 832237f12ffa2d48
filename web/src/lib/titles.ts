// What a page is called: in the title of the window, in the list of its history, and to screen readers when one comes to it. Pure.

import type { Route } from './routes';

const TITLES: Record<Route['page'], string> = {
  tracks: 'Tracks', artists: 'Artists', releases: 'Releases', mixtapes: 'Mixtapes', catalog: 'Catalog', upload: 'Upload', cache: 'Cache', activity: 'Tasks', settings: 'Settings',
  track: 'Track', artist: 'Artist', release: 'Release', mixtape: 'Mixtape', welcome: 'First visit', missing: 'No such page',
};

/** Whether two routes are one place: a list stays one while it is searched and sorted, an editor is another than what it edits. */
export const placeOf = (route: Route): string => ('id' in route ? `${route.page} ${route.id}${'edit' in route && route.edit ? ' edit' : ''}` : route.page);
/** The thing a page is about, if it is about one; its name comes with what the page loads. */
export const aboutOf = (route: Route): string | null => ('id' in route ? `${route.page} ${route.id}` : null);

/** Without a name it is what kind of thing the page is about. */
export function pageTitle(route: Route, name: string | null): string {
  const title = name ?? TITLES[route.page];
  return route.page === 'mixtape' && route.edit ? `Edit ${name ?? 'a mixtape'}` : title;
}

/** "Half Light – Amber Arcades · Settings · Fanfare": what plays stands first, where a narrow tab shows it. */
export function windowTitle(page: string, playing: { title: string; artist: { name: string } | null } | null): string {
  const sound = playing === null ? '' : `${playing.title}${playing.artist ? ` – ${playing.artist.name}` : ''}`;
  return [sound, page, 'Fanfare'].filter((part) => part !== '').join(' · ');
}
