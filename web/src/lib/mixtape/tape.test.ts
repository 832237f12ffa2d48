import { describe, expect, test } from 'vitest';
import type { MixtapeEntry, MixtapeWithTracks, Track } from '../api/types';
import { changes, type Draft, draftOf, expiryWords, lengthOf, moved, placeForKey, tapeWords, without, withTrack } from './tape';

const track = (id: string): Track => ({ id, title: id, artist: null, duration_s: 60 }) as Track;
const entry = (position: number, id: string): MixtapeEntry => ({ position, id, track: id === 'gone' ? null : track(id), title: id, artist: null, duration_s: 60 });
const tape: MixtapeWithTracks = {
  slug: 't', title: 'Night', notes: 'n', cover: null, owner: 'ada', mine: true, may_change: true, cover_given: false, created: '', updated: '', track_count: 3, duration_s: 180, missing: 0,
  tracks: [entry(1, 'b'), entry(0, 'a'), entry(2, 'b')],
};
const ids = (draft: Draft): string => draft.entries.map((entry) => entry.item.id).join('');

describe('a draft', () => {
  const draft = draftOf(tape);
  test('is in the order of the places, and counts duplicates separately', () => {
    expect(ids(draft)).toBe('abb');
    expect(new Set(draft.entries.map((entry) => entry.uid)).size).toBe(3);
  });
  test('grows at the end', () => expect(ids(withTrack(withTrack(draft, track('c')), track('a')))).toBe('abbca'));
  test('new places get new numbers after one left', () => expect(new Set(withTrack(without(draft, 2), track('c')).entries.map((entry) => entry.uid)).size).toBe(3));
  test('only the chosen duplicate is removed', () => expect(without(draft, 1).entries.map((entry) => entry.uid)).toEqual([0, 2]));
  test.each([[0, 2, 'bba'], [2, 0, 'bab'], [1, 1, 'abb'], [0, 3, 'abb'], [0, -1, 'abb'], [7, 0, 'abb']])('%i to %i', (from, to, order) => expect(ids(moved(draft, from, to))).toBe(order));
});

describe('what is sent', () => {
  const draft = draftOf(tape);
  test('nothing when nothing changed', () => expect(changes(tape, draft)).toBeNull());
  test('a title without its blanks', () => expect(changes(tape, { ...draft, title: ' Day ' })).toEqual({ title: 'Day' }));
  test('the whole order', () => expect(changes(tape, moved(draft, 0, 2))).toEqual({ tracks: ['b', 'b', 'a'] }));
  test('a swap of duplicates is no change', () => expect(changes(tape, moved(draft, 1, 2))).toBeNull());
  test('a track that is gone keeps its place', () => {
    const holed = { ...tape, tracks: [entry(0, 'a'), entry(1, 'gone'), entry(2, 'b')] };
    expect(changes(holed, moved(draftOf(holed), 2, 0))).toEqual({ tracks: ['b', 'a', 'gone'] });
  });
  test('an emptied one', () => expect(changes(tape, { ...draft, entries: [] })).toEqual({ tracks: [] }));
});

test.each([['ArrowUp', 1, 0], ['ArrowUp', 0, null], ['ArrowDown', 2, null], ['ArrowDown', 1, 2], ['Home', 2, 0], ['End', 0, 2], ['End', 2, null], ['x', 1, null]])('%s at %i of 3: %j', (key, at, to) => expect(placeForKey(key, at, 3)).toBe(to));
test('lengths', () => expect([lengthOf([{ duration_s: 10 }, { duration_s: null }]), tapeWords({ track_count: 0, duration_s: 0 }), tapeWords({ track_count: 1, duration_s: 240 })]).toEqual([10, 'Empty', '1 track · 4 min']));
const now = Date.parse('2026-01-01T00:00:00Z');
test.each([[null, 'does not expire'], ['2025-12-31T00:00:00Z', 'expired'], ['2026-01-01T00:20:00Z', 'expires within the hour'], ['2026-01-01T05:00:00Z', 'expires in 5 hours'], ['2026-01-08T00:00:00Z', 'expires in 7 days'], ['nonsense', 'expired']])('%j %s', (expires, words) => expect(expiryWords(expires, now)).toBe(words));
