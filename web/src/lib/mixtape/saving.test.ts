import { describe, expect, test } from 'vitest';
import type { MixtapeChange, MixtapeEntry, MixtapeWithTracks } from '../api/types';
import { conflictWords, mine, type Part, save, theirs } from './saving';
import { draftOf, type Draft } from './tape';

const entry = (id: string, position: number): MixtapeEntry => ({ position, id, track: null, title: id, artist: null, duration_s: 60 });
const tape = (title: string, notes: string, ids: string, more: Partial<MixtapeWithTracks> = {}): MixtapeWithTracks => ({
  slug: 't', title, notes, cover: null, owner: 'ada', mine: true, may_change: true, cover_given: false, created: '', updated: '', track_count: ids.length, duration_s: 0, missing: 0,
  tracks: [...ids].map(entry), ...more,
});
const base = tape('Night', 'quiet', 'abc');

/** A fake server with that mixtape, which accepts changes. */
function server(now: MixtapeWithTracks) {
  const sent: MixtapeChange[] = [];
  const look = async (): Promise<MixtapeWithTracks> => now;
  const send = async (change: MixtapeChange): Promise<MixtapeWithTracks> => {
    sent.push(change);
    return (now = tape(change.title ?? now.title, change.notes ?? now.notes, change.tracks?.join('') ?? now.tracks.map((one) => one.id).join('')));
  };
  return { sent, look, send };
}
const noted = (notes: string): Draft => ({ ...draftOf(base), notes });

test.each<[string, MixtapeWithTracks, Part[]]>([
  ['nothing', base, []],
  ['a cover, and that it was touched', tape('Night', 'quiet', 'abc', { cover: '/c?2', cover_given: true, updated: '2' }), []],
  ['words', tape('Day', 'loud', 'abc'), ['title', 'notes']],
  ['an order', tape('Night', 'quiet', 'acb'), ['tracks']],
  ['one more', tape('Night', 'quiet', 'abca'), ['tracks']],
])('changes of another user: %s', (_, now, parts) => expect(theirs(base, now)).toEqual(parts));
test('own changes', () => expect([mine(base, noted('loud')), mine(base, draftOf(base))]).toEqual([['notes'], []]));

describe('saving', () => {
  test('only what was changed is sent', async () => {
    const { sent, look, send } = server(base);
    expect([await save({ base, seen: base, draft: noted('loud'), look, send }), sent]).toMatchObject([{ saved: true, tape: { notes: 'loud' } }, [{ notes: 'loud' }]]);
  });
  test('a change of another user is a conflict, and nothing is sent', async () => {
    const now = tape('Night', 'quiet', 'abcd');
    const { sent, look, send } = server(now);
    expect([await save({ base, seen: base, draft: noted('loud'), look, send }), sent]).toEqual([{ saved: false, now }, []]);
  });
  test('a user who saves over it keeps the parts that they did not change', async () => {
    const now = tape('Day', 'quiet', 'abcd');
    const { sent, look, send } = server(now);
    const outcome = await save({ base, seen: now, draft: noted('loud'), look, send });
    expect([outcome.saved && theirs(tape('Day', 'loud', 'abcd'), outcome.tape), sent]).toEqual([[], [{ notes: 'loud' }]]);
  });
  test('one more change since that read is a conflict again', async () => {
    const { sent, look, send } = server(tape('Dusk', 'quiet', 'abcd'));
    expect([(await save({ base, seen: tape('Day', 'quiet', 'abcd'), draft: noted('loud'), look, send })).saved, sent]).toEqual([false, []]);
  });
  test('a change that the server already has is no conflict and is not sent again', async () => {
    const now = tape('Night', 'loud', 'abc');
    const { sent, look, send } = server(now);
    expect([await save({ base, seen: base, draft: noted('loud'), look, send }), sent]).toEqual([{ saved: true, tape: now }, []]);
  });
  test('a mixtape that is gone is an error, not a save', async () => {
    const { send } = server(base);
    await expect(save({ base, seen: base, draft: noted('loud'), look: () => Promise.reject(new Error('gone')), send })).rejects.toThrow('gone');
  });
});

test.each<[Part[], Part[], string]>([
  [['tracks'], ['notes'], 'It has other tracks now. Saving over it sends only your notes, and keeps that. Loading theirs discards your changes.'],
  [['title', 'notes'], ['notes'], 'It has another title and other notes now. Saving over it puts your notes in place of theirs, and keeps their title. Loading theirs discards your changes.'],
  [['tracks'], ['title', 'notes', 'tracks'], 'It has other tracks now. Saving over it puts your tracks in place of theirs. Loading theirs discards your changes.'],
  [['title', 'notes', 'tracks'], ['title', 'notes', 'tracks'], 'It has another title, other notes and other tracks now. Saving over it puts your title, your notes and your tracks in place of theirs. Loading theirs discards your changes.'],
])('theirs %j, mine %j', (their, my, words) => expect(conflictWords(their, my)).toBe(words));
