import { expect, test } from 'vitest';
import { listHref, parseRoute, settingHref, trackHref } from './routes';

test.each([
  ['', { page: 'tracks', search: '', sort: 'artist', order: 'asc' }],
  ['#/?search=blue%20train&sort=tempo&order=desc', { page: 'tracks', search: 'blue train', sort: 'tempo', order: 'desc' }],
  ['#/?sort=bogus', { page: 'tracks', search: '', sort: 'artist', order: 'asc' }],
  ['#/artists?search=x', { page: 'artists', search: 'x' }],
  ['#/tracks/ab%2Fc', { page: 'track', id: 'ab/c' }],
  ['#/welcome/tok', { page: 'welcome', token: 'tok' }],
  ['#/activity', { page: 'activity' }],
  ['#/tasks', { page: 'activity' }],
  ['#/settings', { page: 'settings', at: null }],
  ['#/upload', { page: 'upload' }],
  ['#/catalog?search=x', { page: 'catalog', search: 'x' }],
  ['#/tracks', { page: 'missing', path: '/tracks' }],
  ['#/a/b/c', { page: 'missing', path: '/a/b/c' }],
  ['#/tracks/%E0%A4%A', { page: 'track', id: '%E0%A4%A' }],
])('%s', (hash, route) => expect(parseRoute(hash)).toEqual(route));
test('an address parses back to its route', () => {
  expect(parseRoute(listHref('tracks', 'a&b=c', 'loudness', 'desc'))).toEqual({ page: 'tracks', search: 'a&b=c', sort: 'loudness', order: 'desc' });
  expect(parseRoute(trackHref('x/../y'))).toEqual({ page: 'track', id: 'x/../y' });
  expect(parseRoute(settingHref('audio_cache.codec'))).toEqual({ page: 'settings', at: 'audio_cache.codec' });
});
