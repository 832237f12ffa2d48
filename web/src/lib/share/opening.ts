// What becomes of a link that did not open. Pure.

import { Problem } from '../api/problem';

export type Standing = 'opening' | 'password' | 'open' | 'gone' | 'trouble';

const WRONG = new Problem('That is not the password', 401, '', 'unauthenticated', 'look at the message that the link came with, or ask whoever sent it');
/** A guest cannot start the server: what they can do is another thing than what its owner can. */
export const AWAY = new Problem('The mixtape does not answer', 0, 'The server that it plays from cannot be reached', 'unreachable', 'look whether you are online, and try again in a while; else ask whoever sent you the link');

/** `asks`: the form for the password was there already; `given`: it was sent with a password. */
export function refused(problem: Problem, asks: boolean, given: boolean): { standing: Standing; problem: Problem | null } {
  if (problem.status === 404 || problem.status === 410) return { standing: 'gone', problem: null };
  // The first time it is only a question.
  if (problem.status === 401) return { standing: 'password', problem: given ? WRONG : null };
  return { standing: asks ? 'password' : 'trouble', problem: problem.unreachable ? AWAY : problem };
}

/** Said under a track that does not play; play tries it again. */
export const silent = (title: string, away: boolean): string => `${away ? 'The server does not answer' : `${title} does not play just now`}. Press play to try again.`;
