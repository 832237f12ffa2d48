import { describe, expect, test } from 'vitest';
import type { Task } from '../api/types';
import { cleared, grown, isLong, KEPT, type Line, lineKind, LONG_MS, NO_LOG, type RunLog, summary } from './runlog';

const lines = (from: number, to: number): Line[] => Array.from({ length: to - from }, (_, at) => ({ at: `t${from + at}`, text: `line ${from + at}` }));
const texts = (log: RunLog): string[] => log.lines.map((line) => line.text);

describe('a log that grows', () => {
  test('the first request takes all lines', () => expect(texts(grown(NO_LOG, lines(0, 3)))).toEqual(['line 0', 'line 1', 'line 2']));
  test('the next takes the new lines', () => expect(texts(grown(grown(NO_LOG, lines(0, 3)), lines(1, 5)))).toEqual(['line 0', 'line 1', 'line 2', 'line 3', 'line 4']));
  test('nothing new changes nothing', () => {
    const log = grown(NO_LOG, lines(0, 3));
    expect(grown(log, lines(0, 3))).toBe(log);
    expect(grown(log, [])).toBe(log);
  });
  test('missed lines are reported', () => expect(grown(grown(NO_LOG, lines(0, 3)), lines(10, 12))).toMatchObject({ gap: true, last: { text: 'line 11' } }));
  test('cleared lines do not come back', () => {
    const log = cleared(grown(NO_LOG, lines(0, 3)));
    expect(texts(grown(log, lines(0, 3)))).toEqual([]);
    expect(texts(grown(log, lines(0, 4)))).toEqual(['line 3']);
    expect(grown(log, lines(0, 4)).gap).toBe(false);
  });
  test('the same words twice in one moment', () => expect(texts(grown(grown(NO_LOG, [{ at: 'a', text: 'x' }, { at: 'a', text: 'x' }]), [{ at: 'a', text: 'x' }, { at: 'a', text: 'x' }, { at: 'b', text: 'y' }]))).toEqual(['x', 'x', 'y']));
  test('it is bounded', () => expect(grown(NO_LOG, lines(0, KEPT + 5)).lines).toHaveLength(KEPT));
});

test.each([['cached Half Light (medium, 192k, 4301824 bytes)', 'cached'], ['skipped Half Light (medium): already cached', 'skipped'], ['12 cached, 3 skipped, 0 failed, 41.2 MB', 'other'], ['cancelled: 2 cached, 0 skipped, 1 failed, 9.0 MB', 'other'], ['failed Half Light: cut off', 'failed'], ['making small files', 'other'], ['cachedness', 'other']])('%s', (text, kind) => expect(lineKind(text)).toBe(kind));

const task = (change: Partial<Task>): Task => ({ state: 'running', started: '2026-01-01T00:00:00Z', created: '2026-01-01T00:00:00Z', message: '', current: 4, total: 9, failure_count: 2, ...change }) as Task;
const at = Date.parse('2026-01-01T00:00:00Z');
test.each([[{}, LONG_MS - 1, false], [{}, LONG_MS, true], [{ state: 'succeeded' }, LONG_MS, false], [{ started: null, created: '2026-01-01T00:01:00Z' }, LONG_MS, false]] as const)('%j after %i ms is long: %s', (change, ms, long) => expect(isLong(task(change), at + ms)).toBe(long));
test.each([
  ['succeeded', '12 cached, 3 skipped, 0 failed, 41.2 MB'], ['partial_success', '0 cached, 0 skipped, 2 failed, 0.0 MB'], ['failed', '0 cached, 0 skipped, 1 failed, 0.0 MB'],
  ['cancelled', 'cancelled: 12 cached, 3 skipped, 0 failed, 41.2 MB'],
] as const)('the summary of a run that ended as %s is the server\'s: %s', (state, message) => expect(summary(task({ state, message }))).toBe(message));
test('a message during the run is no summary', () => expect(summary(task({ message: '1 cached, 0 skipped, 0 failed, 3.0 MB' }))).toBe(''));
test.each([[{}, ''], [{ state: 'succeeded', message: '11 cached' }, '11 cached'], [{ state: 'succeeded' }, 'all 9 done'], [{ state: 'cancelled' }, 'stopped after 4 of 9'], [{ state: 'failed' }, '2 failed of 9']] as const)('summary of %j', (change, words) => expect(summary(task(change))).toBe(words));
