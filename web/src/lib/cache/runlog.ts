// The log of a run: the server keeps only the last lines, the page keeps all that it received. Pure.

import type { Task } from '../api/types';
import { isOver } from '../tasks/progress';

export interface Line { at: string; text: string }
export interface RunLog {
  lines: readonly Line[];
  /** The newest received line; it stays when the lines are cleared, so that they do not return. */
  last: Line | null;
  /** Lines were missed between two requests. */
  gap: boolean;
}
export const NO_LOG: RunLog = { lines: [], last: null, gap: false };
/** Lines kept on the page. */
export const KEPT = 2_000;

/** The log, extended with the server's current last lines. */
export function grown(log: RunLog, tail: readonly Line[]): RunLog {
  const newest = tail.at(-1);
  if (newest === undefined) return log;
  const { last } = log;
  const known = last === null ? -1 : tail.findLastIndex((line) => line.at === last.at && line.text === last.text);
  if (known === tail.length - 1) return log;
  return { lines: [...log.lines, ...tail.slice(known + 1)].slice(-KEPT), last: newest, gap: log.gap || (last !== null && known < 0) };
}

export const cleared = (log: RunLog): RunLog => ({ ...log, lines: [], gap: false });

export type LineKind = 'cached' | 'skipped' | 'failed' | 'other';
export function lineKind(text: string): LineKind {
  const word = /^(cached|skipped|failed)\b/.exec(text)?.[1];
  return (word as LineKind | undefined) ?? 'other';
}

/** After this time the window can be closed: the work continues in the background. */
export const LONG_MS = 5 * 60_000;
export function isLong(task: Task, now: number): boolean {
  return !isOver(task.state) && now - Date.parse(task.started ?? task.created) >= LONG_MS;
}

/** The summary of a run: the server's own, or one from the final state. */
export function summary(task: Task): string {
  if (!isOver(task.state)) return '';
  if (task.message !== '') return task.message;
  return task.state === 'succeeded' ? `all ${task.total} done` : task.state === 'cancelled' ? `stopped after ${task.current} of ${task.total}` : `${task.failure_count} failed of ${task.total}`;
}
