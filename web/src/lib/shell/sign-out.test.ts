import { expect, test } from 'vitest';
import { Problem, UNREACHABLE } from '../api/problem';
import { signOutFailed } from './sign-out';

test.each([
  [UNREACHABLE, 'You are still signed in: the server did not answer.'],
  [new Problem('Internal Server Error', 500, 'the disk is full', 'internal'), 'You are still signed in: the disk is full.'],
  [new Problem('The server answered 503', 503, '', 'unknown'), 'You are still signed in: The server answered 503.'],
])('%s', (problem, words) => expect(signOutFailed(problem)).toBe(words));
