import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { get, post, watch } from './client';

const seen: string[] = [];
beforeEach(() => {
  seen.length = 0;
  watch({ reached: () => seen.push('reached'), unreachable: () => seen.push('away'), signedOut: () => seen.push('out') });
});
afterEach(() => vi.unstubAllGlobals());

/** The outcome of a call: what it returns or throws, and what the watcher received. */
async function outcome(run: () => Promise<unknown>): Promise<unknown[]> {
  const value = await run().catch((error: unknown) => (error instanceof Error ? `${error.name} ${'status' in error ? String(error.status) : ''}`.trim() : error));
  return [value, ...seen];
}
const answers = (body: string, status: number) => vi.stubGlobal('fetch', async () => new Response(body, { status }));
const breaks = (signal?: AbortSignal) => vi.stubGlobal('fetch', () => Promise.reject(signal?.reason ?? new TypeError('failed to fetch')));

test.each<[string, string, number, unknown[]]>([
  ['a value', '{"a":1}', 200, [{ a: 1 }, 'reached']],
  ['a refusal', '{"title":"conflict"}', 409, ['Problem 409', 'reached']],
  ['an ended session', '{}', 401, ['Problem 401', 'reached', 'out']],
  ['a proxy in front of a stopped server', 'bad gateway', 502, ['Problem 0', 'away']],
])('%s', async (_, body, status, is) => {
  answers(body, status);
  expect(await outcome(() => get('/me'))).toEqual(is);
});
test('no answer', async () => {
  breaks();
  expect(await outcome(() => post('/logout'))).toEqual(['Problem 0', 'away']);
});
test('an interrupted answer', async () => {
  vi.stubGlobal('fetch', async () => ({ status: 200, text: () => Promise.reject(new TypeError('network error')) }));
  expect(await outcome(() => get('/me'))).toEqual(['Problem 0', 'away']);
});
test('an answer that takes too long counts as none', async () => {
  const signal = AbortSignal.abort(new DOMException('too late', 'TimeoutError'));
  breaks(signal);
  expect(await outcome(() => post('/logout', undefined, signal))).toEqual(['Problem 0', 'away']);
});
test('a cancelled call changes nothing about the connection', async () => {
  const signal = AbortSignal.abort();
  breaks(signal);
  expect(await outcome(() => get('/me', {}, signal))).toEqual(['AbortError']);
});
