// Why uploads are paused. A problem of the connection, the session or the disk is not the file's fault: the queue waits.

import { type Problem, sentence } from '../api/problem';

/** `asking`: an upload was interrupted, and the page checks whether the server answers and the session is valid. */
export type Why = 'busy' | 'asking' | 'away' | 'out' | 'full';
export interface Pause {
  why: Why;
  /** When it continues automatically. */
  until_ms: number | null;
  /** The server's sentence, if it had one. */
  said: string;
}

/** The priority of pauses: a pause is replaced only by one of the same or a higher weight. */
const WEIGHT: Record<Why, number> = { busy: 0, asking: 1, away: 2, out: 3, full: 4 };
export const outweighs = (next: Why, now: Pause | null): boolean => now === null || WEIGHT[next] >= WEIGHT[now.why];

/** The next file would fail the same way until the owner frees space. */
export const isFull = (problem: Problem): boolean =>
  problem.status === 507 || (problem.status === 413 && `${problem.detail} ${problem.remedy ?? ''}`.includes('upload.quota_bytes'));
/** The server, or a proxy in front of it, asks to retry later. */
export const isBusy = (problem: Problem): boolean => problem.status === 429 || problem.status === 503;
/** The page must check whether the server answers and the session is valid. */
export const isBroken = (problem: Problem): boolean => problem.status === 0 || problem.status === 401;

const said = (pause: Pause, otherwise: string): string => sentence((pause.said || otherwise).replace(/\.$/, ''));

export function pauseWords(pause: Pause): string {
  switch (pause.why) {
    case 'busy': return `${said(pause, 'the server accepts no file at the moment')}. The upload continues automatically${pause.until_ms === null ? '' : ` at ${new Date(pause.until_ms).toLocaleTimeString()}`}.`;
    case 'asking': return 'An upload was interrupted. Fanfare checks whether the server answers.';
    case 'away': return 'The server does not answer. The upload continues automatically when it is back.';
    case 'out': return 'The session ended. The upload continues when you have signed in again.';
    case 'full': return `${said(pause, 'the disk of the server is full')}. The upload is paused until you try again.`;
  }
}
