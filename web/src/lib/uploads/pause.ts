// Why nothing is sent at the moment. A trouble of the line, the session or the disk is none of the file's: the queue waits.

import { type Problem, sentence } from '../api/problem';

/** `asking`: something broke off, and the server is asked whether it is there and knows us. */
export type Why = 'busy' | 'asking' | 'away' | 'out' | 'full';
export interface Pause {
  why: Why;
  /** When it goes on by itself. */
  until_ms: number | null;
  /** The server's sentence, if it had one. */
  said: string;
}

/** What outlasts what: a pause is only replaced by one that needs as much or more to end. */
const WEIGHT: Record<Why, number> = { busy: 0, asking: 1, away: 2, out: 3, full: 4 };
export const outweighs = (next: Why, now: Pause | null): boolean => now === null || WEIGHT[next] >= WEIGHT[now.why];

/** The next file would fare the same until somebody makes room. */
export const isFull = (problem: Problem): boolean =>
  problem.status === 507 || (problem.status === 413 && `${problem.detail} ${problem.remedy ?? ''}`.includes('upload.quota_bytes'));
/** The server or something before it asks to come again later. */
export const isBusy = (problem: Problem): boolean => problem.status === 429 || problem.status === 503;
/** Whether the server is there, or still knows us, has to be found out. */
export const isBroken = (problem: Problem): boolean => problem.status === 0 || problem.status === 401;

const said = (pause: Pause, otherwise: string): string => sentence((pause.said || otherwise).replace(/\.$/, ''));

export function pauseWords(pause: Pause): string {
  switch (pause.why) {
    case 'busy': return `${said(pause, 'the server takes no file at the moment')}. What waits goes on by itself${pause.until_ms === null ? '' : ` at ${new Date(pause.until_ms).toLocaleTimeString()}`}.`;
    case 'asking': return 'A file broke off. Looking whether the server answers.';
    case 'away': return 'The server does not answer. What waits goes on by itself when it is back.';
    case 'out': return 'The session ended. What waits goes on when you have signed in again.';
    case 'full': return `${said(pause, 'the disk of the server is full')}. Nothing more is sent until you try again.`;
  }
}
