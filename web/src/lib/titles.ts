// The name of a page: for the title of the window, the history, and screen readers. Pure.

import type { Route } from './routes';

const TITLES: Record<Route['page'], string> = {
  tracks: 'Tracks', artists: 'Artists', releases: 'Releases', mixtapes: 'Mixtapes', catalog: 'Catalog', upload: 'Upload', cache: 'Cache', activity: 'Tasks', settings: 'Settings',
  track: 'Track', artist: 'Artist', release: 'Release', mixtape: 'Mixtape', welcome: 'First visit', missing: 'Page not found',
};

/** Two routes with the same place are one page: a list stays the same page while it is searched and sorted; an editor is another page than the item it edits. */
export const placeOf = (route: Route): string => ('id' in route ? `${route.page} ${route.id}${'edit' in route && route.edit ? ' edit' : ''}` : route.page);
/** The item that a page shows, if any; its name comes when the page has loaded it. */
export const aboutOf = (route: Route): string | null => ('id' in route ? `${route.page} ${route.id}` : null);

/** Without a name it is the kind of the item. */
export function pageTitle(route: Route, name: string | null): string {
  const title = name ?? TITLES[route.page];
  return route.page === 'mixtape' && route.edit ? `Edit ${name ?? 'a mixtape'}` : title;
}

/** "Half Light – Amber Arcades · Settings · Fanfare": the playing track comes first, where a narrow tab shows it. */
export function windowTitle(page: string, playing: { title: string; artist: { name: string } | null } | null): string {
  const sound = playing === null ? '' : `${playing.title}${playing.artist ? ` – ${playing.artist.name}` : ''}`;
  return [sound, page, 'Fanfare'].filter((part) => part !== '').join(' · ');
}
