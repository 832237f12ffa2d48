// The message for a user who wanted to sign out and is still signed in. Pure.

import type { Problem } from '../api/problem';

export function signOutFailed(problem: Pick<Problem, 'unreachable' | 'title' | 'detail'>): string {
  const why = problem.unreachable ? 'the server did not answer' : (problem.detail || problem.title).replace(/\.$/, '');
  return `You are still signed in: ${why}.`;
}
