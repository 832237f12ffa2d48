import { expect, test } from 'vitest';
import { asProblem, headed, Problem, problemFrom, sentence, UNREACHABLE } from './problem';

test.each([
  [403, { title: 'this link does not work', detail: 'used', kind: 'denied', remedy: 'restart' }, null, { title: 'This link does not work', detail: 'used', kind: 'denied', remedy: 'restart' }],
  [500, undefined, null, { title: 'The server answered 500', detail: '', kind: 'unknown', remedy: null }],
  [502, '<html>', null, { title: 'The server answered 502', detail: '' }],
  [429, { title: 'too many tries' }, '30', { retryAfter_s: 30 }],
  [429, { title: 7, remedy: {} }, 'Wed, 21 Oct', { title: 'The server answered 429', retryAfter_s: null, remedy: null }],
])('%d %j', (status, body, retryAfter, expected) => expect(problemFrom(status, body, retryAfter)).toMatchObject(expected));
test.each([
  ['Conflict', 'the cache is switched off', 'The cache is switched off', ''],
  ['Conflict', '', 'Conflict', ''],
  ['This link does not work', 'it was used', 'This link does not work', 'It was used'],
])('%s, %s is headed by what happened', (title, detail, head, more) => expect(headed({ title, detail })).toEqual({ head, more }));
test('every thrown value becomes a problem', () => {
  expect(asProblem(UNREACHABLE).unreachable).toBe(true);
  expect(asProblem(new TypeError('x'))).toBeInstanceOf(Problem);
  expect(sentence('')).toBe('');
});
