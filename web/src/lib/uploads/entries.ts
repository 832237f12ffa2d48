// Uploads and their state on the server. Pure: stores/uploads.svelte.ts sends them.

import type { Problem } from '../api/problem';
import type { Track } from '../api/types';
import { bytes } from '../words/format';

/** `known`: the server already has the same bytes. `refused`: the file did not become a track. */
export type Step =
  | 'waiting' | 'sending' | 'queued' | 'processing' | 'enriching' | 'ready' | 'failed' | 'known' | 'refused' | 'cancelled';

export interface Entry {
  key: number;
  name: string;
  size_bytes: number;
  sent_bytes: number;
  step: Step;
  trackId: string | null;
  title: string | null;
  /** Why it was refused or failed, and the remedy. */
  trouble: { message: string; remedy: string | null } | null;
  /** Why the enrichment failed, although the track is ready. */
  warning: string | null;
  /** Whether this page still has the file: without the file there is no retry. */
  kept: boolean;
}

/** Uploads at the same time: a second one uses the time in which the server closes a file; more would only share the bandwidth. */
export const SENT_AT_ONCE = 2;
/** Uploads followed at the same time: the server processes uploads in their order. */
export const FOLLOWED_AT_ONCE = 20;

/** Files in music folders that are not music. The server checks all others by their content. */
const COMPANIONS = /(^|\/)(\.[^/]*|thumbs\.db|desktop\.ini)$|\.(jpe?g|png|gif|webp|bmp|txt|nfo|log|pdf|cue|m3u8?|pls|sfv|md5|ini|url|html?|xml|json|zip|rar|7z)$/i;
export const isCompanion = (name: string): boolean => COMPANIONS.test(name);

const ENDS: readonly Step[] = ['ready', 'failed', 'known', 'refused', 'cancelled'];
export const isOver = (entry: Entry): boolean => ENDS.includes(entry.step);
export const isSending = (entry: Entry): boolean => entry.step === 'waiting' || entry.step === 'sending';
/** All bytes are sent: the server decides now, so the upload can no longer be cancelled. */
const isSent = (entry: Entry): boolean => entry.step === 'sending' && entry.sent_bytes >= entry.size_bytes;
export const canCancel = (entry: Entry): boolean => isSending(entry) && !isSent(entry);
export const isTroubled = (entry: Entry): boolean => entry.step === 'failed' || entry.step === 'refused';
/** Finished, with nothing left to do. */
export const isDone = (entry: Entry): boolean => isOver(entry) && !isTroubled(entry);
/** A track on the server can be analyzed again without the file; everything else must be sent again. */
export const canRetry = (entry: Entry): boolean => (isTroubled(entry) || entry.step === 'cancelled') && (entry.trackId !== null || entry.kept);
/** The uploads that "Try all again" sends. */
export const isResent = (entry: Entry): boolean => entry.step === 'refused' && entry.trackId === null && entry.kept;

const rank = (entry: Entry): number => (isTroubled(entry) ? 0 : isOver(entry) ? 2 : 1);
/** The order of the list: failures first, because only some rows are drawn; then active uploads, then finished ones. */
export const ordered = (entries: readonly Entry[]): Entry[] => [...entries].sort((one, other) => rank(one) - rank(other) || one.key - other.key);

const isFollowed = (entry: Entry): boolean => entry.trackId !== null && !isOver(entry);

/** A chosen file; a file over the limit is refused at once. */
export function fresh(key: number, name: string, size_bytes: number, max_bytes: number): Entry {
  const entry: Entry = { key, name, size_bytes, sent_bytes: 0, step: 'waiting', trackId: null, title: null, trouble: null, warning: null, kept: true };
  if (size_bytes > max_bytes) {
    return { ...entry, step: 'refused', trouble: { message: `The file has ${bytes(size_bytes)}; this server accepts ${bytes(max_bytes)} at most`, remedy: 'An owner can raise the limit in the settings' } };
  }
  return size_bytes === 0 ? { ...entry, step: 'refused', trouble: { message: 'The file is empty', remedy: null } } : entry;
}

/** The files to send next. */
export function turns(entries: readonly Entry[]): Entry[] {
  const free = SENT_AT_ONCE - entries.filter((entry) => entry.step === 'sending').length;
  return entries.filter((entry) => entry.step === 'waiting').slice(0, Math.max(0, free));
}

export const followed = (entries: readonly Entry[]): Entry[] => entries.filter(isFollowed).slice(0, FOLLOWED_AT_ONCE);

export function refused(entry: Entry, problem: Problem): Entry {
  return { ...entry, step: 'refused', trouble: { message: problem.detail || problem.title, remedy: problem.remedy } };
}

/** Back in the queue after a problem that the file did not cause. */
export const waitsAgain = (entry: Entry): Entry => ({ ...entry, step: 'waiting', sent_bytes: 0, trouble: null });

export function withoutFile(entry: Entry): Entry {
  return { ...entry, step: 'refused', sent_bytes: 0, kept: false, trouble: { message: 'This page no longer has the file', remedy: 'Choose the file again' } };
}

/** The entry after an answer of the server about its track. */
export function fromTrack(entry: Entry, track: Track, duplicate = false): Entry {
  const after: Entry = { ...entry, sent_bytes: entry.size_bytes, trackId: track.id, title: track.title, trouble: null, warning: null, kept: false };
  if (track.state === 'failed') {
    const at = track.failure?.offset_bytes;
    const where = at == null || track.failure?.message.includes(String(at)) ? '' : ` (at byte ${at})`;
    return { ...after, step: 'failed', trouble: { message: `${track.failure?.message ?? 'It cannot be read'}${where}`, remedy: null } };
  }
  if (track.state === 'ready' || track.state === 'published') {
    if (duplicate) return { ...after, step: 'known' };
    return { ...after, step: 'ready', warning: track.enrichment === 'failed' ? (track.enrichment_error ?? 'the enrichment failed') : null };
  }
  return { ...after, step: track.state };
}

/** The progress in quarters: sent, analyzed, enriched, ready. */
export const STAGES = ['Sent', 'Analyzed', 'Enriched', 'Ready'] as const;
export function stage(entry: Entry): { done: number; share: number | null } {
  switch (entry.step) {
    case 'waiting': case 'refused': case 'cancelled': return { done: 0, share: 0 };
    case 'sending': return { done: 0, share: entry.size_bytes > 0 ? Math.min(1, entry.sent_bytes / entry.size_bytes) : 0 };
    case 'queued': return { done: 1, share: 0 };
    case 'failed': return { done: entry.trackId === null ? 0 : 1, share: 0 };
    case 'processing': return { done: 1, share: null };
    case 'enriching': return { done: 2, share: null };
    case 'ready': case 'known': return { done: 4, share: 0 };
  }
}

export function words(entry: Entry, paused = false): string {
  switch (entry.step) {
    case 'waiting': return paused ? 'Waiting: uploads are paused' : 'Waiting';
    case 'sending': return entry.sent_bytes >= entry.size_bytes ? 'The server checks it' : `Sending, ${bytes(entry.sent_bytes)} of ${bytes(entry.size_bytes)}`;
    case 'queued': return 'Sent; waits for analysis';
    case 'processing': return 'Being analyzed';
    case 'enriching': return 'Analyzed; being enriched';
    case 'ready': return entry.warning === null ? 'Ready' : 'Ready, but not enriched';
    case 'known': return 'Already here, with the same bytes';
    case 'failed': return 'Cannot be read';
    case 'refused': return 'Refused';
    case 'cancelled': return 'Cancelled';
  }
}

export interface Tally { total: number; ready: number; troubled: number; busy: number; share: number }
export function tally(entries: readonly Entry[]): Tally {
  const counts = { total: entries.length, ready: 0, troubled: 0, busy: 0, share: 0 };
  let quarters = 0;
  for (const entry of entries) {
    const { done, share } = stage(entry);
    if (entry.step === 'ready' || entry.step === 'known') counts.ready += 1;
    else if (isTroubled(entry)) counts.troubled += 1;
    else if (!isOver(entry)) counts.busy += 1;
    quarters += isOver(entry) ? 4 : done + (share ?? 0.5);
  }
  return { ...counts, share: entries.length === 0 ? 0 : quarters / (4 * entries.length) };
}
