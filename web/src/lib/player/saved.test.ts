import { expect, test } from 'vitest';
import * as q from './queue';
import { isOutput, isQueue, OUTPUT, worthKeeping } from './saved';

const track: q.QueueTrack = { id: 'a', title: 'A', artist: null, release: null, has_cover: false, duration_s: 1, codec: null, replaygain_track_gain_db: null, true_peak_dbtp: null };
const long = q.replace(q.EMPTY, Array.from({ length: 900 }, () => track), 400, Math.random);

test('a saved queue can be read again, and the current track stays current', () => {
  const kept = worthKeeping(long);
  expect(isQueue(JSON.parse(JSON.stringify(kept)))).toBe(true);
  expect(q.currentEntry(kept)).toEqual(q.currentEntry(long));
  expect(kept.entries.length).toBeLessThanOrEqual(200);
  expect(isQueue(worthKeeping(q.EMPTY))).toBe(true);
});
test.each([null, 3, {}, { ...long, current: 900 }, { ...long, entries: [{}] }, { ...long, repeat: 'sometimes' }])('an invalid queue is refused: %#', (value) =>
  expect(isQueue(value)).toBe(false));
test.each([null, {}, { ...OUTPUT, volume: 7 }, { ...OUTPUT, level: { mode: 'loud', preamp_db: 0 } }, { ...OUTPUT, level: { mode: 'off', preamp_db: 99 } }])(
  'an invalid level is refused: %#', (value) => expect(isOutput(value)).toBe(false));
test('the first level is valid', () => expect(isOutput(OUTPUT)).toBe(true));
