// What is shown for a link that did not open. Pure.

import { Problem } from '../api/problem';

export type Standing = 'opening' | 'password' | 'open' | 'gone' | 'trouble';

const WRONG = new Problem('That is not the password', 401, '', 'unauthenticated', 'look at the message that came with the link, or ask the person who sent it');
/** A guest cannot start the server: the remedy for a guest differs from the owner's. */
export const AWAY = new Problem('The mixtape does not answer', 0, 'Its server cannot be reached', 'unreachable', 'check that you are online, and try again later; or ask the person who sent you the link');

/** `asks`: the password form was already shown; `given`: the request had a password. */
export function refused(problem: Problem, asks: boolean, given: boolean): { standing: Standing; problem: Problem | null } {
  if (problem.status === 404 || problem.status === 410) return { standing: 'gone', problem: null };
  // The first time the form is only shown.
  if (problem.status === 401) return { standing: 'password', problem: given ? WRONG : null };
  return { standing: asks ? 'password' : 'trouble', problem: problem.unreachable ? AWAY : problem };
}

/** Shown under a track that does not play; the play button tries again. */
export const silent = (title: string, away: boolean): string => `${away ? 'The server does not answer' : `${title} does not play at the moment`}. Press play to try again.`;
