// The task list, merged from the list request and the event stream. Pure.

import type { Task, TaskEvent, TaskKind, TaskState } from '../api/types';
import { count, plural, span } from '../words/format';

const STATES: readonly string[] = ['waiting', 'running', 'succeeded', 'partial_success', 'failed', 'cancelled'];

export const isOver = (state: TaskState): boolean => state !== 'waiting' && state !== 'running';

/** The task after an event. An event never reopens a finished task. */
export function applied(task: Task | undefined, event: TaskEvent): Task {
  const state = (STATES.includes(event.state) ? event.state : 'running') as TaskState;
  const before: Task = task ?? {
    id: event.task_id, kind: event.kind, state, step: '', current: 0, total: 0, current_item: null, message: '',
    failure_count: 0, failures: [], log: [], created: event.timestamp, started: event.timestamp, ended: null,
  };
  if (isOver(before.state) && !isOver(state)) return before;
  return {
    ...before, state, step: event.step, current: event.current, total: event.total, current_item: event.current_item ?? null,
    message: event.message, failure_count: event.failure_count ?? before.failure_count,
    ended: isOver(state) ? (before.ended ?? event.timestamp) : null,
  };
}

/** The task from an answer, unless an event already reported its end: an answer may be older than an event. */
export function answered(shown: Task | undefined, answer: Task): Task {
  return shown !== undefined && isOver(shown.state) && !isOver(answer.state) ? { ...shown, failures: answer.failures, log: answer.log } : answer;
}

/** The list from an answer, merged with events that came during the request. */
export function merged(shown: ReadonlyMap<string, Task>, answer: readonly Task[]): Map<string, Task> {
  const tasks = new Map(answer.map((task) => [task.id, answered(shown.get(task.id), task)]));
  const newest = answer.reduce((last, task) => (task.created > last ? task.created : last), '');
  // A task that started after the answer was written is known only from events.
  for (const [id, task] of shown) if (!tasks.has(id) && task.created > newest) tasks.set(id, task);
  return tasks;
}

/** Newest first, running before all. */
export function sorted(tasks: Iterable<Task>): Task[] {
  return [...tasks].sort((one, other) =>
    Number(isOver(one.state)) - Number(isOver(other.state)) || other.created.localeCompare(one.created));
}

/** 0..1, or null while the total is unknown. */
export function share(task: Task): number | null {
  return task.total > 0 ? Math.min(1, task.current / task.total) : null;
}

const TITLES: Record<TaskKind, readonly [running: string, over: string]> = {
  scan: ['Reading folders', 'Folders read'], analysis: ['Analyzing tracks', 'Tracks analyzed'], nightly: ['Nightly run', 'Nightly run'],
  upload: ['Processing uploads', 'Uploads processed'], transcode: ['Making HLS streams', 'HLS streams made'],
  cache: ['Transcoding tracks', 'Tracks transcoded'], tags: ['Writing tags', 'Tags written'],
  identify: ['Identifying tracks', 'Tracks identified'],
};
export function title(task: Pick<Task, 'kind' | 'state'>): string {
  // A newer server may have kinds of its own.
  const [running, over] = (TITLES as Partial<typeof TITLES>)[task.kind] ?? ['Working', 'Work done'];
  return isOver(task.state) ? over : running;
}

/** How long it took or has been running; empty before it started. */
export function took(task: Task, now: number): string {
  if (task.started == null) return '';
  const seconds = ((task.ended == null ? now : Date.parse(task.ended)) - Date.parse(task.started)) / 1000;
  if (!(seconds >= 0)) return '';
  return seconds < 90 ? `${Math.round(seconds)} s` : span(seconds);
}

export const STATE_TITLES: Record<TaskState, string> = {
  waiting: 'Waiting', running: 'Running', succeeded: 'Done', partial_success: 'Done, with failures',
  failed: 'Failed', cancelled: 'Cancelled',
};

/** A run of the transcode cache. */
export const isCache = (task: Task): boolean => task.kind === 'cache';

/** Whether the task can be retried. Missing HLS streams need no retry: they are made when a listener requests them. */
export const canRetry = (task: Pick<Task, 'kind' | 'state' | 'failure_count'>): boolean =>
  isOver(task.state) && (task.state !== 'succeeded' || task.failure_count > 0);

/** Whether one of its files can be analyzed again. Transcodes, tags and lookups are retried with the whole run, which skips finished files. */
export const canRetryOne = (task: Pick<Task, 'kind'>): boolean => task.kind === 'scan' || task.kind === 'analysis' || task.kind === 'nightly' || task.kind === 'upload';

export function amount(task: Task): string {
  const noun = task.kind === 'scan' || isCache(task) ? 'file' : 'track';
  return task.total > 0 && !isOver(task.state)
    ? `${count(task.current)} of ${plural(task.total, noun)}`
    : task.current > 0 ? plural(task.current, noun) : '';
}

/** All running tasks in one line for the header; null when nothing runs. */
export function overall(tasks: readonly Task[]): { label: string; share: number | null } | null {
  const running = tasks.filter((task) => !isOver(task.state));
  const first = running[0];
  if (first === undefined) return null;
  const total = running.reduce((sum, task) => sum + task.total, 0);
  const current = running.reduce((sum, task) => sum + Math.min(task.current, task.total || task.current), 0);
  const kinds = new Set(running.map((task) => task.kind));
  const label = kinds.size === 1 ? title(first) : kinds.size === 2 && kinds.has('scan') && kinds.has('analysis') ? 'Reading and analyzing' : `${running.length} tasks`;
  return { label, share: total > 0 ? Math.min(1, current / total) : null };
}
