// A mixtape while it is edited: its entries in their order, and what changed. Pure.

import type { Mixtape, MixtapeChange, MixtapeEntry, MixtapeWithTracks, Track } from '../api/types';
import { plural, span } from '../words/format';

/** A track may be in the mixtape twice, so every entry has its own number. */
export interface Entry { uid: number; item: Item }
/** What is shown of a track, existing or deleted. */
export type Item = Omit<MixtapeEntry, 'position'>;
export interface Draft { title: string; notes: string; entries: readonly Entry[]; nextUid: number }

export const itemsOf = (tape: MixtapeWithTracks): Item[] => tape.tracks.toSorted((one, other) => one.position - other.position);
export const itemOf = (track: Track): Item => ({ id: track.id, track, title: track.title, artist: track.artist?.name ?? null, duration_s: track.duration_s });

export function draftOf(tape: MixtapeWithTracks): Draft {
  const items = itemsOf(tape);
  return { title: tape.title, notes: tape.notes, entries: items.map((item, uid) => ({ uid, item })), nextUid: items.length };
}

export function withTrack(draft: Draft, track: Track): Draft {
  return { ...draft, entries: [...draft.entries, { uid: draft.nextUid, item: itemOf(track) }], nextUid: draft.nextUid + 1 };
}

export const without = (draft: Draft, uid: number): Draft => ({ ...draft, entries: draft.entries.filter((entry) => entry.uid !== uid) });

export function moved(draft: Draft, from: number, to: number): Draft {
  const entry = draft.entries[from];
  if (entry === undefined || from === to || to < 0 || to >= draft.entries.length) return draft;
  const entries = draft.entries.filter((_, at) => at !== from);
  entries.splice(to, 0, entry);
  return { ...draft, entries };
}

/** The change to send; null without a difference. The order is sent as a whole or not at all. */
export function changes(tape: MixtapeWithTracks, draft: Draft): MixtapeChange | null {
  const change: MixtapeChange = {};
  if (draft.title.trim() !== tape.title) change.title = draft.title.trim();
  if (draft.notes !== tape.notes) change.notes = draft.notes;
  const [before, after] = [draftOf(tape).entries, draft.entries].map((list) => list.map((entry) => entry.item.id)) as [string[], string[]];
  if (before.length !== after.length || before.some((id, at) => id !== after[at])) change.tracks = after;
  return Object.keys(change).length === 0 ? null : change;
}

/** Where a key moves an entry; null for keys that move nothing. */
export function placeForKey(key: string, at: number, count: number): number | null {
  const to = key === 'ArrowUp' ? at - 1 : key === 'ArrowDown' ? at + 1 : key === 'Home' ? 0 : key === 'End' ? count - 1 : null;
  return to === null || to < 0 || to >= count || to === at ? null : to;
}

export const lengthOf = (tracks: readonly { duration_s: number | null }[]): number => tracks.reduce((sum, track) => sum + (track.duration_s ?? 0), 0);

/** "12 tracks, 48 min" */
export function tapeWords(tape: Pick<Mixtape, 'track_count' | 'duration_s'>): string {
  return tape.track_count === 0 ? 'Empty' : `${plural(tape.track_count, 'track')} · ${span(tape.duration_s)}`;
}

export const EXPIRIES: readonly [days: number | null, label: string][] = [[null, 'Never'], [1, 'After a day'], [7, 'After a week'], [30, 'After a month'], [365, 'After a year']];

/** "for 6 more days", "expired"; for a link. */
export function expiryWords(expires: string | null, now: number): string {
  if (expires === null) return 'does not expire';
  const hours = (Date.parse(expires) - now) / 3_600_000;
  if (!(hours > 0)) return 'expired';
  return hours < 1 ? 'expires within the hour' : hours < 48 ? `expires in ${plural(Math.round(hours), 'hour')}` : `expires in ${plural(Math.round(hours / 24), 'day')}`;
}
