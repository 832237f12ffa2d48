import { describe, expect, test } from 'vitest';
import { type FetchedPage, PageCache } from './page-cache';

/** A list of numbers; the test decides when a request is answered. */
function slowList(total: number) {
  const waiting: { offset: number; signal: AbortSignal; answer: () => Promise<void>; fail: () => Promise<void> }[] = [];
  const settle = () => new Promise<void>((done) => setTimeout(done));
  const fetch = (offset: number, limit: number, signal: AbortSignal): Promise<FetchedPage<number>> =>
    new Promise((resolve, reject) => {
      waiting.push({
        offset, signal,
        answer: () => {
          resolve({ items: Array.from({ length: Math.max(0, Math.min(limit, total - offset)) }, (_, index) => offset + index), total });
          return settle();
        },
        fail: () => {
          reject(new Error('gone'));
          return settle();
        },
      });
    });
  return { waiting, fetch };
}
const options = { pageSize: 10, maxPages: 4, maxFetches: 2 };

describe('pages on demand', () => {
  test('fetches a needed page once, and answers by index', async () => {
    const list = slowList(100);
    let changes = 0;
    const cache = new PageCache(list.fetch, () => (changes += 1), options);
    cache.want(5, 15);
    cache.want(5, 15);
    expect(list.waiting.map((one) => one.offset)).toEqual([0, 10]);
    expect(cache.get(7)).toBeUndefined();
    await list.waiting[0]?.answer();
    expect([cache.get(7), cache.get(12), cache.total, changes]).toEqual([7, undefined, 100, 1]);
    await list.waiting[1]?.answer();
    expect(cache.get(12)).toBe(12);
  });
  test('a page that scrolled away is not fetched, the visible page is', async () => {
    const list = slowList(10_000);
    const cache = new PageCache(list.fetch, () => {}, options);
    for (let first = 0; first < 5000; first += 10) cache.want(first, first + 10);
    expect(list.waiting.filter((one) => !one.signal.aborted).length).toBeLessThanOrEqual(2);
    for (let round = 0; round < 4; round++) await list.waiting.at(-1)?.answer();
    for (const one of [...list.waiting]) await one.answer();
    for (const one of [...list.waiting]) await one.answer();
    expect(cache.get(4995)).toBe(4995);
  });
  test('memory is bounded and the pages on the screen stay', async () => {
    const list = slowList(10_000);
    const cache = new PageCache(list.fetch, () => {}, options);
    for (let first = 0; first < 200; first += 10) {
      cache.want(first, first + 10);
      await list.waiting.at(-1)?.answer();
    }
    expect(cache.get(195)).toBe(195);
    expect(cache.get(5)).toBeUndefined();
  });
  test('a refresh keeps the old page until the new one is loaded', async () => {
    const list = slowList(20);
    const cache = new PageCache(list.fetch, () => {}, options);
    cache.want(0, 10);
    await list.waiting[0]?.answer();
    cache.refresh();
    expect(list.waiting.length).toBe(2);
    expect(cache.get(3)).toBe(3);
  });
  test('after a failure nothing is requested until retry', async () => {
    const list = slowList(20);
    const cache = new PageCache(list.fetch, () => {}, options);
    cache.want(0, 10);
    await list.waiting[0]?.fail();
    expect(cache.trouble).toBeInstanceOf(Error);
    cache.want(0, 20);
    expect(list.waiting.length).toBe(1);
    cache.retry();
    await list.waiting[1]?.answer();
    expect([cache.trouble, cache.get(0)]).toEqual([null, 0]);
  });
  test('a closed cache reports nothing more', async () => {
    const list = slowList(20);
    let changes = 0;
    const cache = new PageCache(list.fetch, () => (changes += 1), options);
    cache.want(0, 10);
    cache.close();
    await list.waiting[0]?.answer();
    expect([changes, list.waiting[0]?.signal.aborted]).toEqual([0, true]);
  });
});
