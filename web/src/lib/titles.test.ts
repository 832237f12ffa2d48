import { expect, test } from 'vitest';
import { parseRoute } from './routes';
import { aboutOf, pageTitle, placeOf, windowTitle } from './titles';

test.each<[string, string | null, string, string]>([
  ['#/', null, 'Tracks', 'tracks'],
  ['#/?search=x&sort=title', null, 'Tracks', 'tracks'],
  ['#/tasks', null, 'Tasks', 'activity'],
  ['#/settings?at=x', null, 'Settings', 'settings'],
  ['#/tracks/ab', 'Half Light', 'Half Light', 'track ab'],
  ['#/tracks/ab', null, 'Track', 'track ab'],
  ['#/mixtapes/n', 'Night Train', 'Night Train', 'mixtape n'],
  ['#/mixtapes/n?edit', 'Night Train', 'Edit Night Train', 'mixtape n edit'],
  ['#/mixtapes/n?edit', null, 'Edit a mixtape', 'mixtape n edit'],
  ['#/no/such/page', null, 'Page not found', 'missing'],
])('%s of %j is "%s", %s', (hash, name, title, place) => {
  const route = parseRoute(hash);
  expect([pageTitle(route, name), placeOf(route)]).toEqual([title, place]);
});
test.each([['#/mixtapes/n?edit', 'mixtape n'], ['#/artists/a', 'artist a'], ['#/artists', null], ['#/cache', null]])('%s is about %j', (hash, about) => expect(aboutOf(parseRoute(hash))).toBe(about));
test.each([
  ['Settings', null, 'Settings · Fanfare'],
  ['Settings', { title: 'Half Light', artist: { name: 'Amber Arcades' } }, 'Half Light – Amber Arcades · Settings · Fanfare'],
  ['Tracks', { title: 'Untitled', artist: null }, 'Untitled · Tracks · Fanfare'],
  ['', null, 'Fanfare'],
])('on %s, while %j plays', (page, playing, title) => expect(windowTitle(page, playing)).toBe(title));
