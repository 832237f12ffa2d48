import { expect, test } from 'vitest';
import { Problem, UNREACHABLE } from '../api/problem';
import { AWAY, refused, silent } from './opening';

const answer = (status: number): Problem => new Problem('Said', status, '', 'kind');
test.each<[string, Problem, boolean, boolean, string, string | null]>([
  ['no such link', answer(404), false, false, 'gone', null],
  ['an expired link', answer(410), true, true, 'gone', null],
  ['a password is required', answer(401), false, false, 'password', null],
  ['the password was wrong', answer(401), true, true, 'password', 'That is not the password'],
  ['too many tries', answer(429), true, true, 'password', 'Said'],
  ['the server does not answer', UNREACHABLE, false, false, 'trouble', AWAY.title],
  ['the server does not answer, with the form open', UNREACHABLE, true, true, 'password', AWAY.title],
  ['the server fails', answer(500), false, false, 'trouble', 'Said'],
])('%s', (_, problem, asks, given, standing, title) => {
  const after = refused(problem, asks, given);
  expect([after.standing, after.problem?.title ?? null]).toEqual([standing, title]);
});
test('a guest is not told to check the server', () => expect(refused(UNREACHABLE, true, true).problem?.remedy).not.toMatch(/running/));
test.each([[true, 'The server does not answer. Press play to try again.'], [false, 'Rain does not play at the moment. Press play to try again.']])('away %s', (away, words) => expect(silent('Rain', away)).toBe(words));
