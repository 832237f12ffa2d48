import { expect, test } from 'vitest';
import { problemFrom, UNREACHABLE } from '../api/problem';
import { isBroken, isBusy, isFull, outweighs, type Pause, pauseWords, type Why } from './pause';

test.each([
  [UNREACHABLE, 'broken'], [problemFrom(401, {}), 'broken'], [problemFrom(429, {}), 'busy'], [problemFrom(503, {}), 'busy'], [problemFrom(507, {}), 'full'],
  [problemFrom(413, { detail: 'upload.quota_bytes: 12 is over the limit of 10' }), 'full'], [problemFrom(413, { detail: 'larger than 10 bytes' }), ''], [problemFrom(415, {}), ''],
])('%s is %s', (problem, kind) => {
  expect([isBroken(problem) && 'broken', isBusy(problem) && 'busy', isFull(problem) && 'full'].filter((is) => is !== false).join(' ')).toBe(kind);
});
test('a shorter pause does not replace a longer one', () => {
  const pause = (why: Why): Pause => ({ why, until_ms: null, said: '' });
  expect([outweighs('busy', null), outweighs('full', pause('busy')), outweighs('busy', pause('full')), outweighs('busy', pause('out')), outweighs('out', pause('away'))]).toEqual([true, true, false, false, true]);
});
test('the message of a pause', () => {
  expect(pauseWords({ why: 'full', until_ms: null, said: 'the disk is full' })).toBe('The disk is full. The upload is paused until you try again.');
  expect(pauseWords({ why: 'busy', until_ms: 0, said: '' })).toMatch(/^The server accepts no file at the moment\. The upload continues automatically at .+\.$/);
  for (const why of ['busy', 'asking', 'away', 'out', 'full'] as const) expect(pauseWords({ why, until_ms: null, said: '' })).toMatch(/\.$/);
});
