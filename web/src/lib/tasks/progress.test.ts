import { describe, expect, test } from 'vitest';
import type { Task, TaskEvent } from '../api/types';
import { answered, applied, canRetry, canRetryOne, merged, overall, share, sorted, took } from './progress';

const event = (change: Partial<TaskEvent> = {}): TaskEvent => ({
  task_id: 't', kind: 'scan', step: 'reading folders', status: 'in_progress', state: 'running', message: '', current: 10, total: 40, current_item: 'a.flac',
  failure_count: 0, timestamp: '2026-01-01T00:00:00Z', ...change,
});
const task = (change: Partial<Task> = {}): Task => ({ ...applied(undefined, event()), ...change });

describe('a task after an event', () => {
  test('an unknown task appears', () => expect(applied(undefined, event())).toMatchObject({ id: 't', state: 'running', current: 10, total: 40, ended: null }));
  test('progress changes and known reasons stay', () => {
    const failures = [{ subject: 'x', kind: 'malformed', message: 'm', track: null, next_retry: null }];
    expect(applied(task({ failures }), event({ current: 20 }))).toMatchObject({ current: 20, failures });
  });
  test('a finished task has an end time', () => expect(applied(task(), event({ status: 'completed', state: 'succeeded', timestamp: '2026-01-01T00:01:00Z' }))).toMatchObject({ state: 'succeeded', ended: '2026-01-01T00:01:00Z' }));
  test('a late event does not reopen a finished task', () => expect(applied(task({ state: 'cancelled' }), event({ current: 30 }))).toMatchObject({ state: 'cancelled', current: 10 }));
  test('a state of a newer server counts as running', () => expect(applied(undefined, { ...event(), state: 'napping' as never }).state).toBe('running'));
});

describe('answers older than the events', () => {
  test('an older answer does not reopen a finished task, and its reasons are kept', () => {
    const failures = [{ subject: 'x', kind: 'malformed', message: 'm', track: null, next_retry: null }];
    expect(answered(task({ state: 'succeeded' }), task({ failures }))).toMatchObject({ state: 'succeeded', failures });
  });
  test('a list that is older than the events', () => {
    const shown = new Map([['a', task({ id: 'a', created: '1', state: 'succeeded' })], ['b', task({ id: 'b', created: '3' })], ['gone', task({ id: 'gone', created: '0' })]]);
    const list = merged(shown, [task({ id: 'a', created: '1' }), task({ id: 'c', created: '2' })]);
    expect([...list.values()].map((one) => `${one.id} ${one.state}`)).toEqual(['a succeeded', 'c running', 'b running']);
  });
});

test('running tasks come first, then the newest', () => {
  const list = [task({ id: 'old', state: 'succeeded', created: '1' }), task({ id: 'new', state: 'failed', created: '2' }), task({ id: 'run', created: '0' })];
  expect(sorted(list).map((one) => one.id)).toEqual(['run', 'new', 'old']);
});
test('overall progress is the share of all units', () => {
  expect(overall([task({ state: 'succeeded' })])).toBeNull();
  expect(overall([task(), task({ id: 'u', kind: 'analysis', current: 30, total: 40 })])).toEqual({ label: 'Reading and analyzing', share: 0.5 });
  expect(overall([task({ total: 0 })])).toEqual({ label: 'Reading folders', share: null });
});
test('tasks of other kinds together are counted', () => expect(overall([task(), task({ id: 'u', kind: 'upload' })])?.label).toBe('2 tasks'));
test.each([[{ started: null }, ''], [{ started: '2026-01-01T00:00:00Z' }, '30 s'], [{ started: '2026-01-01T00:00:00Z', ended: '2026-01-01T02:10:00Z' }, '2 h 10 min']] as const)('how long %j took', (change, text) =>
  expect(took(task(change), Date.parse('2026-01-01T00:00:30Z'))).toBe(text));
test.each<[Partial<Task>, boolean]>([
  [{ kind: 'cache', state: 'partial_success', failure_count: 2 }, true], [{ kind: 'cache', state: 'failed' }, true], [{ kind: 'cache', state: 'cancelled' }, true],
  [{ kind: 'cache', state: 'succeeded', failure_count: 1 }, true], [{ kind: 'cache', state: 'succeeded' }, false], [{ kind: 'cache', state: 'running', failure_count: 2 }, false],
  [{ kind: 'scan', state: 'partial_success' }, true], [{ kind: 'analysis', state: 'waiting' }, false], [{ kind: 'transcode', state: 'failed', failure_count: 1 }, true],
])('%j can be tried again: %s', (change, can) => expect(canRetry(task(change))).toBe(can));
test.each([['scan', true], ['analysis', true], ['nightly', true], ['upload', true], ['cache', false], ['transcode', false], ['tags', false], ['identify', false]] as const)('one file of a task of the kind %s can be analyzed again: %s', (kind, can) =>
  expect(canRetryOne(task({ kind }))).toBe(can));
test('a share never exceeds one', () => expect([share(task({ current: 50 })), share(task({ total: 0 }))]).toEqual([1, null]));
