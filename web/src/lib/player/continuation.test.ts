import { expect, test } from 'vitest';
import { behind, type Continuation, fresh, isContinuation, listInOrder, shuffledList } from './continuation';
import * as q from './queue';

const track = (id: string): q.QueueTrack => ({
  id, title: id, artist: null, release: null, has_cover: false, duration_s: 100, codec: 'flac', replaygain_track_gain_db: null, true_peak_dbtp: null,
});
const queue = q.append(q.EMPTY, [track('a'), track('b')]);

test('the server shuffles the whole list, with a seed', () => {
  const list = { search: 'x', sort: 'title', order: 'desc' } as const;
  const mixed = shuffledList(list, 7, () => 0.5);
  expect(mixed.query).toEqual({ search: 'x', sort: 'shuffled', seed: 2 ** 31 });
  expect(mixed.offset).toBe(0);
  expect(listInOrder(mixed)).toEqual({ query: list, offset: 7, once: true });
  expect(listInOrder({ query: list, offset: 3 })).toEqual({ query: list, offset: 3 });
});
test.each([[0, 0], [0.999_999_999_9, 2 ** 32 - 1]])('a seed is a whole number of 32 bits: %d', (random, seed) =>
  expect(shuffledList({}, 0, () => random).query.seed).toBe(seed));
test.each([
  [100, 100, 250, 200], [100, 50, 150, null], [0, 0, 40, null],
])('after row %d come %d rows of %d', (offset, rows, total, next) =>
  expect(behind({ query: {}, offset }, rows, total)?.offset ?? null).toBe(next));
// issue 13: shuffle was turned off after the whole list was loaded, and the random order stayed.
test('a shuffled list that is loaded to its end can still return to its own order', () => {
  const all = behind(shuffledList({ sort: 'title' }, 3, () => 0.5), 10, 10);
  expect(all).toMatchObject({ ended: true });
  expect(listInOrder(all as Continuation)).toEqual({ query: { sort: 'title' }, offset: 3, once: true });
});
test.each([
  [null, true], [{ query: {}, offset: 3 }, true], [shuffledList({}, 3, () => 0.5), true], [{ query: {}, offset: -1 }, false], [{ offset: 1 }, false],
  [{ query: {}, offset: 1, inOrder: 3 }, false], ['x', false],
])('saved as %j it is a continuation: %s', (value, is) => expect(isContinuation(value)).toBe(is));
test('tracks in the queue are left out only after a change of order', () => {
  const page = [track('b'), track('c')];
  expect(fresh({ query: {}, offset: 0, once: true }, queue, page).map((one) => one.id)).toEqual(['c']);
  expect(fresh({ query: {}, offset: 0 }, queue, page)).toHaveLength(2);
});
