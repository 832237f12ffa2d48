import { describe, expect, test } from 'vitest';
import { Problem } from '../api/problem';
import type { Track } from '../api/types';
import { canCancel, canRetry, type Entry, FOLLOWED_AT_ONCE, followed, fresh, isCompanion, isDone, isResent, ordered, refused, stage, type Step, tally, fromTrack, turns, withoutFile, words } from './entries';

const entry = (step: Step, change: Partial<Entry> = {}): Entry => ({ ...fresh(1, 'a.flac', 100, 1000), step, ...change });
const track = (change: Partial<Track>): Track => ({ id: 't', title: 'A', state: 'queued', failure: null, enrichment: 'none', enrichment_error: null, ...change }) as Track;

describe('choosing', () => {
  test.each([['a.flac', false], ['b/c.MP3', false], ['no suffix', false], ['cover.JPG', true], ['x/.DS_Store', true], ['Thumbs.db', true], ['list.m3u', true], ['.hidden', true]])(
    '%s is a companion: %s', (name, companion) => expect(isCompanion(name)).toBe(companion));
  test('a file that is too large or empty is not sent', () => {
    expect(fresh(1, 'a', 2000, 1000)).toMatchObject({ step: 'refused', trouble: { message: 'The file has 2.0 kB; this server accepts 1.0 kB at most' } });
    expect(fresh(1, 'a', 0, 1000).step).toBe('refused');
    expect(fresh(1, 'a', 1000, 1000).step).toBe('waiting');
  });
});

test('two are sent at a time, in their order', () => {
  const keys = (steps: Step[]): number[] => turns(steps.map((step, key) => entry(step, { key }))).map((one) => one.key);
  expect(keys(['waiting', 'waiting', 'waiting'])).toEqual([0, 1]);
  expect(keys(['sending', 'ready', 'waiting', 'waiting'])).toEqual([2]);
  expect(keys(['sending', 'sending', 'waiting'])).toEqual([]);
});
test('of many uploads only the next ones are followed', () => {
  const many = Array.from({ length: 50 }, (_, key) => entry(key < 5 ? 'ready' : 'queued', { key, trackId: `t${key}` }));
  const asked = followed(many);
  expect([asked.length, asked[0]?.key]).toEqual([FOLLOWED_AT_ONCE, 5]);
  expect(followed([entry('sending'), entry('failed', { trackId: 't' })])).toEqual([]);
});

describe('the answers of the server', () => {
  test.each([
    [track({}), false, 'queued', null], [track({ state: 'processing' }), false, 'processing', null], [track({ state: 'enriching' }), false, 'enriching', null],
    [track({ state: 'ready' }), false, 'ready', null], [track({ state: 'published' }), false, 'ready', null], [track({ state: 'ready' }), true, 'known', null],
    [track({ state: 'failed', failure: { kind: 'malformed', message: 'a frame is cut off', offset_bytes: 812, next_retry: null } }), false, 'failed', 'a frame is cut off (at byte 812)'],
    [track({ state: 'failed', failure: { kind: 'malformed', message: 'cut off (at byte 812)', offset_bytes: 812, next_retry: null } }), false, 'failed', 'cut off (at byte 812)'],
    [track({ state: 'failed', failure: { kind: 'malformed', message: 'cut off', offset_bytes: null, next_retry: null } }), true, 'failed', 'cut off'],
    [track({ state: 'processing' }), true, 'processing', null],
  ] as const)('%#', (now, duplicate, step, message) => {
    const after = fromTrack(entry('sending'), now, duplicate);
    expect([after.step, after.trackId, after.trouble?.message ?? null]).toEqual([step, 't', message]);
  });
  test('a failed enrichment is a warning', () => {
    expect(fromTrack(entry('enriching'), track({ state: 'ready', enrichment: 'failed', enrichment_error: 'out of memory' })).warning).toBe('out of memory');
  });
  test('a refusal keeps its sentence and remedy', () => {
    expect(refused(entry('sending'), new Problem('Unsupported Media Type', 415, 'this is text', 'not-audio', 'send music')).trouble).toEqual({ message: 'this is text', remedy: 'send music' });
  });
});

test('every step has a label and a stage', () => {
  for (const step of ['waiting', 'sending', 'queued', 'processing', 'enriching', 'ready', 'known', 'failed', 'refused', 'cancelled'] as const) {
    expect(words(entry(step))).not.toBe('');
    expect(stage(entry(step)).done).toBeLessThanOrEqual(4);
  }
  expect(stage(entry('sending', { sent_bytes: 25 }))).toEqual({ done: 0, share: 0.25 });
});
test('the tally of all', () => {
  const all = [entry('ready'), entry('known'), entry('failed'), entry('queued', { trackId: 't' }), entry('cancelled')];
  expect(tally(all)).toEqual({ total: 5, ready: 2, troubled: 1, busy: 1, share: 17 / 20 });
  expect(tally([]).share).toBe(0);
});

describe('cancel and retry', () => {
  test('a completely sent file can no longer be cancelled', () => {
    expect([entry('waiting'), entry('sending', { sent_bytes: 99 }), entry('sending', { sent_bytes: 100 }), entry('queued')].map(canCancel)).toEqual([true, true, false, false]);
  });
  test('nothing is sent again without its file', () => {
    expect([entry('refused'), entry('cancelled'), withoutFile(entry('waiting')), entry('cancelled', { kept: false }), entry('ready')].map(canRetry)).toEqual([true, true, false, false, false]);
    expect(canRetry(entry('failed', { trackId: 't', kept: false }))).toBe(true);
    expect([entry('refused'), withoutFile(entry('waiting')), entry('cancelled'), entry('failed', { trackId: 't' })].map(isResent)).toEqual([true, false, false, false]);
    expect(withoutFile(entry('waiting')).trouble?.remedy).toBe('Choose the file again');
  });
  test('failures are listed first, finished uploads last', () => {
    const steps: Step[] = ['ready', 'queued', 'cancelled', 'failed', 'waiting', 'known', 'refused', 'sending'];
    expect(ordered(steps.map((step, key) => entry(step, { key }))).map(({ step }) => step)).toEqual(['failed', 'refused', 'queued', 'waiting', 'sending', 'ready', 'cancelled', 'known']);
  });
  test('failures are not done', () => expect((['ready', 'known', 'cancelled', 'failed', 'refused', 'queued'] as const).map((step) => isDone(entry(step)))).toEqual([true, true, true, false, false, false]));
  test('a paused queue has its own label', () => expect(words(entry('waiting'), true)).not.toBe(words(entry('waiting'))));
});
