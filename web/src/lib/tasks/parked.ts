// Parked jobs in words, and the pages of their list, merged. Pure.

import type { ParkedJob, ParkedJobs } from '../api/types';

const QUEUES: Record<string, string> = {
  'analyze-track': 'Analyze', 'process-track': 'Process an upload', 'enrich-track-audio': 'Enrich',
  'transcode-track': 'Make HLS streams', 'stream-track': 'Transcode for a listener', 'cache-track': 'Transcode ahead',
};
/** What the job does. A newer server may have other queues. */
export const queueWords = (queue: string): string => QUEUES[queue] ?? 'Work';

// Control characters and bidirectional marks, which a file name may contain.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** A readable text from a file: invisible and direction-changing characters become a replacement character. */
export const readable = (text: string): string => text.replace(UNSEEN, '\ufffd');

/** The file of a job: the owner looks for the file. */
export const fileOf = (job: ParkedJob): string => readable(job.track?.file_name || job.track?.title || 'A deleted track');
/** The title, where it says more than the file's name. */
export function titleOf(job: ParkedJob): string {
  const title = readable(job.track?.title ?? '');
  return title !== '' && !fileOf(job).startsWith(title) ? title : '';
}

export const tried = (attempts: number): string => (attempts === 1 ? 'tried once' : attempts === 2 ? 'tried twice' : `tried ${attempts} times`);

/** The list with its next page: a job that moved between the two answers appears once. */
export function joined(shown: readonly ParkedJob[], next: ParkedJobs): ParkedJob[] {
  const there = new Set(shown.map((job) => job.id));
  return [...shown, ...next.items.filter((job) => !there.has(job.id))];
}
