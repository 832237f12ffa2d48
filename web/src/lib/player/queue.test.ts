import { describe, expect, test } from 'vitest';
import type { CatalogTrack, Track } from '../api/types';
import * as q from './queue';

const track = (id: string): q.QueueTrack => ({
  id, title: id, artist: null, release: null, has_cover: false, duration_s: 100, codec: 'flac', replaygain_track_gain_db: null, true_peak_dbtp: null,
});
const tracks = (text: string): q.QueueTrack[] => [...text].map(track);
const of = (text: string, current = 0, change: Partial<q.Queue> = {}): q.Queue => ({ ...q.replace({ ...q.EMPTY, ...change }, tracks(text), current, () => 0), ...change, current });
const show = (queue: q.Queue | null): string =>
  queue === null ? 'end' : queue.entries.map((entry, index) => (index === queue.current ? `[${entry.track.id}]` : entry.track.id)).join('');

test('a track plays from its file unless that was not kept or is not public', () => {
  const hls = (home: Track['home']): boolean | undefined => q.queueTrack({ id: 'a', home } as Track).hls;
  expect([hls('folder'), hls('upload'), hls('upload_let_go')]).toEqual([undefined, undefined, true]);
  const public_ = q.catalogTrack({ id: 'a', title: 'A', artist: 'B', release: null } as CatalogTrack);
  expect([public_.hls, public_.artist?.name, public_.release]).toEqual([true, 'B', null]);
});

describe('order', () => {
  test.each([
    ['next', () => q.next(of('abc', 0)), 'a[b]c'],
    ['next at the end', () => q.next(of('abc', 2)), 'end'],
    ['next at the end, repeating', () => q.next(of('abc', 2, { repeat: 'all' })), '[a]bc'],
    ['next goes on although one track repeats', () => q.next(of('abc', 0, { repeat: 'one' })), 'a[b]c'],
    ['after the end of a repeated track', () => q.afterEnd(of('abc', 1, { repeat: 'one' })), 'a[b]c'],
    ['after the end', () => q.afterEnd(of('abc', 1)), 'ab[c]'],
    ['previous', () => q.previous(of('abc', 2)), 'a[b]c'],
    ['previous at the start', () => q.previous(of('abc', 0)), 'end'],
    ['previous at the start, repeating', () => q.previous(of('abc', 0, { repeat: 'all' })), 'ab[c]'],
    ['next of nothing', () => q.next(q.EMPTY), 'end'],
  ])('%s', (_, run, expected) => expect(show(run())).toBe(expected));
});

describe('changes', () => {
  const uid = (queue: q.Queue, at: number): number => queue.entries[at]?.uid ?? -1;
  test.each([
    ['append', (queue: q.Queue) => q.append(queue, tracks('x')), 'a[b]cx'],
    ['play next', (queue: q.Queue) => q.playNext(queue, tracks('xy')), 'a[b]xyc'],
    ['remove before', (queue: q.Queue) => q.without(queue, uid(queue, 0)), '[b]c'],
    ['remove the current', (queue: q.Queue) => q.without(queue, uid(queue, 1)), 'a[c]'],
    ['remove after', (queue: q.Queue) => q.without(queue, uid(queue, 2)), 'a[b]'],
    ['remove what is not there', (queue: q.Queue) => q.without(queue, 999), 'a[b]c'],
    ['move over the current', (queue: q.Queue) => q.move(queue, 0, 2), '[b]ca'],
    ['move the current', (queue: q.Queue) => q.move(queue, 1, 0), '[b]ac'],
    ['move nowhere', (queue: q.Queue) => q.move(queue, 0, 9), 'a[b]c'],
    ['clear what comes', (queue: q.Queue) => q.clearUpcoming(queue), 'a[b]'],
    ['jump', (queue: q.Queue) => q.jump(queue, uid(queue, 2)), 'ab[c]'],
  ])('%s', (_, run, expected) => expect(show(run(of('abc', 1)))).toBe(expected));

  test('removing the last current track steps back', () => {
    const queue = of('ab', 1);
    expect(show(q.without(queue, uid(queue, 1)))).toBe('[a]');
  });
  test('removing the only track leaves nothing chosen', () => {
    const queue = of('a');
    expect(q.without(queue, uid(queue, 0)).current).toBe(-1);
  });
  test('uids are never used twice', () => {
    let queue = of('abc');
    queue = q.append(q.without(queue, uid(queue, 2)), tracks('xyz'));
    const uids = queue.entries.map((entry) => entry.uid);
    expect(new Set(uids).size).toBe(uids.length);
  });
});

describe('shuffle', () => {
  test('plays the chosen track first and every other once', () => {
    const queue = q.replace({ ...q.EMPTY, shuffle: true }, tracks('abcdef'), 3, () => 0.4);
    expect(queue.current).toBe(0);
    expect(queue.entries[0]?.track.id).toBe('d');
    expect(queue.entries.map((entry) => entry.track.id).sort().join('')).toBe('abcdef');
  });
  test('turned on later, leaves what played alone', () => {
    const queue = q.setShuffle(of('abcdef', 2), true, () => 0);
    expect(show(queue).startsWith('ab[c]')).toBe(true);
    expect(queue.entries.map((entry) => entry.track.id).sort().join('')).toBe('abcdef');
  });
  test('turned off, the order is what it was and the track goes on', () => {
    const mixed = q.replace({ ...q.EMPTY, shuffle: true }, tracks('abcdef'), 3, () => 0.4);
    expect(show(q.setShuffle(mixed, false, () => 0))).toBe('abc[d]ef');
    expect(show(q.setShuffle(q.setShuffle(of('abcdef', 2), true, () => 0), false, () => 0))).toBe('ab[c]def');
    expect(q.setShuffle({ ...q.EMPTY, shuffle: true }, false, () => 0).current).toBe(-1);
  });
});

test('the queue is bounded: played entries go first, the current one stays', () => {
  const many = Array.from({ length: q.MAX_ENTRIES }, (_, index) => track(String(index)));
  const queue = q.append(q.replace(q.EMPTY, many, 500, Math.random), tracks('x'.repeat(200)));
  expect(queue.entries.length).toBe(q.MAX_ENTRIES);
  expect(q.currentEntry(queue)?.track.id).toBe('500');
});
