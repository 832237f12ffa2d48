// Parked jobs in words, and the pages of their list put together. Pure.

import type { ParkedJob, ParkedJobs } from '../api/types';

const QUEUES: Record<string, string> = {
  'analyze-track': 'Analyze', 'process-track': 'Make an upload ready', 'enrich-track-audio': 'Describe',
  'transcode-track': 'Make streams', 'stream-track': 'Make a small file for a listener', 'cache-track': 'Make small files ahead',
};
/** What was to be done. A newer server may have queues of its own. */
export const queueWords = (queue: string): string => QUEUES[queue] ?? 'Work';

// Controls, and marks that turn the direction of what follows: a file's name may hold them.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** A text from a file as it can be read: what would not be seen, or would move its neighbours, is a replacement sign. */
export const readable = (text: string): string => text.replace(UNSEEN, '\ufffd');

/** What a job is about: the file, as that is what somebody looks for. */
export const fileOf = (job: ParkedJob): string => readable(job.track?.file_name || job.track?.title || 'A track that is gone');
/** The title, where it says more than the file's name. */
export function titleOf(job: ParkedJob): string {
  const title = readable(job.track?.title ?? '');
  return title !== '' && !fileOf(job).startsWith(title) ? title : '';
}

export const tried = (attempts: number): string => (attempts === 1 ? 'tried once' : attempts === 2 ? 'tried twice' : `tried ${attempts} times`);

/** The list with its next page: a job that moved between the two answers is there once. */
export function joined(shown: readonly ParkedJob[], next: ParkedJobs): ParkedJob[] {
  const there = new Set(shown.map((job) => job.id));
  return [...shown, ...next.items.filter((job) => !there.has(job.id))];
}
