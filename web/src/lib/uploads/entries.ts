// Files on their way to the server and what becomes of them there. Pure: sending is stores/uploads.svelte.ts.

import type { Problem } from '../api/problem';
import type { Track } from '../api/types';
import { bytes } from '../words/format';

/** `known`: the server has the same bytes already. `refused`: it never became a track. */
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
  /** Why it was refused or failed, and what can be done. */
  trouble: { message: string; remedy: string | null } | null;
  /** Why the last stage was given up although the track is ready. */
  warning: string | null;
  /** Whether this page still has the file: without it nothing can be sent again. */
  kept: boolean;
}

/** What is sent at the same time: one more fills the pause while the server closes a file; more only share the line. */
export const SENT_AT_ONCE = 2;
/** What is followed at the same time on the server: it works through uploads in their order. */
export const FOLLOWED_AT_ONCE = 20;

/** Files that come along with music in folders and are none. What remains the server judges by its content. */
const COMPANIONS = /(^|\/)(\.[^/]*|thumbs\.db|desktop\.ini)$|\.(jpe?g|png|gif|webp|bmp|txt|nfo|log|pdf|cue|m3u8?|pls|sfv|md5|ini|url|html?|xml|json|zip|rar|7z)$/i;
export const isCompanion = (name: string): boolean => COMPANIONS.test(name);

const ENDS: readonly Step[] = ['ready', 'failed', 'known', 'refused', 'cancelled'];
export const isOver = (entry: Entry): boolean => ENDS.includes(entry.step);
export const isSending = (entry: Entry): boolean => entry.step === 'waiting' || entry.step === 'sending';
/** The whole of it is out: the server decides what becomes of it, so it can no longer be called back. */
const isSent = (entry: Entry): boolean => entry.step === 'sending' && entry.sent_bytes >= entry.size_bytes;
export const canCancel = (entry: Entry): boolean => isSending(entry) && !isSent(entry);
export const isTroubled = (entry: Entry): boolean => entry.step === 'failed' || entry.step === 'refused';
/** Over, with nothing left to do about it. */
export const isDone = (entry: Entry): boolean => isOver(entry) && !isTroubled(entry);
/** A track on the server is heard again without the file; all else has to be sent again. */
export const canRetry = (entry: Entry): boolean => (isTroubled(entry) || entry.step === 'cancelled') && (entry.trackId !== null || entry.kept);
/** What "Try all again" sends again. */
export const isResent = (entry: Entry): boolean => entry.step === 'refused' && entry.trackId === null && entry.kept;

const rank = (entry: Entry): number => (isTroubled(entry) ? 0 : isOver(entry) ? 2 : 1);
/** As they are drawn: trouble first, because only so many are drawn; then what moves, then what is done. */
export const ordered = (entries: readonly Entry[]): Entry[] => [...entries].sort((one, other) => rank(one) - rank(other) || one.key - other.key);

const isFollowed = (entry: Entry): boolean => entry.trackId !== null && !isOver(entry);

/** A file that was chosen; one that is too large is not even sent. */
export function fresh(key: number, name: string, size_bytes: number, max_bytes: number): Entry {
  const entry: Entry = { key, name, size_bytes, sent_bytes: 0, step: 'waiting', trackId: null, title: null, trouble: null, warning: null, kept: true };
  if (size_bytes > max_bytes) {
    return { ...entry, step: 'refused', trouble: { message: `The file has ${bytes(size_bytes)}; this server takes ${bytes(max_bytes)} at most`, remedy: 'An owner can raise the limit in the settings' } };
  }
  return size_bytes === 0 ? { ...entry, step: 'refused', trouble: { message: 'The file is empty', remedy: null } } : entry;
}

/** The files whose turn it is. */
export function turns(entries: readonly Entry[]): Entry[] {
  const free = SENT_AT_ONCE - entries.filter((entry) => entry.step === 'sending').length;
  return entries.filter((entry) => entry.step === 'waiting').slice(0, Math.max(0, free));
}

export const followed = (entries: readonly Entry[]): Entry[] => entries.filter(isFollowed).slice(0, FOLLOWED_AT_ONCE);

export function refused(entry: Entry, problem: Problem): Entry {
  return { ...entry, step: 'refused', trouble: { message: problem.detail || problem.title, remedy: problem.remedy } };
}

/** Back in the queue after something that had nothing to do with the file. */
export const waitsAgain = (entry: Entry): Entry => ({ ...entry, step: 'waiting', sent_bytes: 0, trouble: null });

export function withoutFile(entry: Entry): Entry {
  return { ...entry, step: 'refused', sent_bytes: 0, kept: false, trouble: { message: 'This page no longer has the file', remedy: 'Choose the file again' } };
}

/** The entry once the server tells of its track. */
export function told(entry: Entry, track: Track, duplicate = false): Entry {
  const after: Entry = { ...entry, sent_bytes: entry.size_bytes, trackId: track.id, title: track.title, trouble: null, warning: null, kept: false };
  if (track.state === 'failed') {
    const at = track.failure?.offset_bytes;
    const where = at == null || track.failure?.message.includes(String(at)) ? '' : ` (at byte ${at})`;
    return { ...after, step: 'failed', trouble: { message: `${track.failure?.message ?? 'It cannot be read'}${where}`, remedy: null } };
  }
  if (track.state === 'ready' || track.state === 'published') {
    if (duplicate) return { ...after, step: 'known' };
    return { ...after, step: 'ready', warning: track.enrichment === 'failed' ? (track.enrichment_error ?? 'its description was given up') : null };
  }
  return { ...after, step: track.state };
}

/** How far along the whole way, in quarters: sent, heard, described, ready. */
export const STAGES = ['Sent', 'Heard', 'Described', 'Ready'] as const;
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
    case 'waiting': return paused ? 'Waits: nothing is sent at the moment' : 'Waits for its turn';
    case 'sending': return entry.sent_bytes >= entry.size_bytes ? 'The server is looking at it' : `Sending, ${bytes(entry.sent_bytes)} of ${bytes(entry.size_bytes)}`;
    case 'queued': return 'Sent; waits to be heard';
    case 'processing': return 'Being heard';
    case 'enriching': return 'Heard; being described';
    case 'ready': return entry.warning === null ? 'Ready' : 'Ready, without its description';
    case 'known': return 'Here already, with the same bytes';
    case 'failed': return 'Cannot be read';
    case 'refused': return 'Not taken';
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
