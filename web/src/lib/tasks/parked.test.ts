import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ParkedJob } from '../api/types';
import { fileOf, joined, queueWords, readable, titleOf, tried } from './parked';

const job = (change: Partial<ParkedJob>): ParkedJob => ({
  id: 'a', queue: 'process-track', track: { id: 't', title: 'One', file_name: 'one.wav' },
  reason: { kind: 'malformed', message: 'it is broken', remedy: 'put another in its place', offset_bytes: null },
  attempts: 1, attempt_log: [], parked_at: '2026-01-01T00:00:00.000Z', ...change,
});

test('every queue of the API has its own label', () => {
  const document = JSON.parse(readFileSync(new URL('../../../../docs/openapi.json', import.meta.url), 'utf8')) as
    { components: { schemas: { ParkedJob: { properties: { queue: { description: string } } } } } };
  const queues = [...document.components.schemas.ParkedJob.properties.queue.description.matchAll(/`([a-z-]+)`/g)].map((found) => found[1] ?? '');
  expect(queues).toContain('enrich-track-audio');
  const words = queues.map(queueWords);
  expect(new Set(words).size).toBe(queues.length);
  expect(words).not.toContain(queueWords('of a newer server'));
});

test.each([
  ['a plain name.wav', 'a plain name.wav'],
  ['<b>bold</b>.wav', '<b>bold</b>.wav'],
  ['two\nlines\u001b[2J.wav', 'two\ufffdlines\ufffd[2J.wav'],
  ['song\u202evaw.exe', 'song\ufffdvaw.exe'],
  ['日本語 ♫.flac', '日本語 ♫.flac'],
])('the name %j is readable', (name, shown) => expect(readable(name)).toBe(shown));

test.each([
  [{}, 'one.wav', 'One'],
  [{ track: { id: 't', title: 'one', file_name: 'one.wav' } }, 'one.wav', ''],
  [{ track: { id: 't', title: 'One', file_name: '' } }, 'One', ''],
  [{ track: null }, 'A deleted track', ''],
] as const)('%j is called by its file', (change, file, title) => expect([fileOf(job(change)), titleOf(job(change))]).toEqual([file, title]));

test('attempts are counted in words', () => expect([1, 2, 3, 20].map(tried)).toEqual(['tried once', 'tried twice', 'tried 3 times', 'tried 20 times']));

test('a job that moved between two pages appears once', () => {
  const ids = joined([job({ id: 'a' }), job({ id: 'b' })], { items: [job({ id: 'b' }), job({ id: 'c' })], total: 3, next: null }).map((one) => one.id);
  expect(ids).toEqual(['a', 'b', 'c']);
});
