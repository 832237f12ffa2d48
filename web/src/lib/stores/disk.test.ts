import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { StorageTrouble } from '../api/types';
import { Disk } from './disk.svelte';

const FULL: StorageTrouble = { state: 'full', detail: 'the disk of the data folder is full', remedy: 'make room' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a full disk is shown until there is space, and until then the server is polled more often', async () => {
  let storage: StorageTrouble | null = null;
  const ask = vi.fn(async () => ({ storage }));
  const disk = new Disk(ask);
  disk.start();
  await vi.advanceTimersByTimeAsync(0);
  expect([disk.trouble, ask.mock.calls.length]).toEqual([null, 1]);
  storage = FULL;
  await vi.advanceTimersByTimeAsync(60_000);
  expect([disk.trouble, ask.mock.calls.length]).toEqual([FULL, 2]);
  storage = null;
  await vi.advanceTimersByTimeAsync(5_000);
  expect([disk.trouble, ask.mock.calls.length]).toEqual([null, 3]);
  disk.stop();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(ask.mock.calls.length).toBe(3);
});

test('several refusals at the same time make one request, and an unreachable server changes nothing', async () => {
  let answer: () => Promise<{ storage: StorageTrouble | null }> = async () => ({ storage: FULL });
  const ask = vi.fn(() => answer());
  const disk = new Disk(ask);
  await Promise.all([disk.look(), disk.look(), disk.look()]);
  expect([disk.trouble, ask.mock.calls.length]).toEqual([FULL, 1]);
  answer = async () => Promise.reject(new TypeError('away'));
  await vi.advanceTimersByTimeAsync(5_000);
  expect([disk.trouble, ask.mock.calls.length]).toEqual([FULL, 2]);
  disk.stop();
});
