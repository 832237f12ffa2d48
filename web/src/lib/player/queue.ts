// The queue: played, playing and upcoming tracks. Pure values; every function returns a new queue.

import type { CatalogTrack, Track } from '../api/types';

/** The data of a track in the queue: enough to show it, to play it, and to survive a reload. */
export interface QueueTrack {
  id: string;
  title: string;
  artist: { id: string; name: string } | null;
  release: { id: string; title: string } | null;
  has_cover: boolean;
  duration_s: number | null;
  codec: string | null;
  replaygain_track_gain_db: number | null;
  true_peak_dbtp: number | null;
  /** Whether it plays as HLS: its original was not kept, or is not available to this listener. */
  hls?: boolean;
  /** Whether it can be transcoded; unknown in queues saved by older versions. */
  transcodable?: boolean;
}
export interface QueueEntry { uid: number; track: QueueTrack }
export type Repeat = 'off' | 'all' | 'one';

export interface Queue {
  entries: readonly QueueEntry[];
  /** Index into `entries`; -1 when nothing is chosen. */
  current: number;
  shuffle: boolean;
  repeat: Repeat;
  nextUid: number;
}

/** Entries kept at most: played ones are dropped from the front first. */
export const MAX_ENTRIES = 1000;
export const EMPTY: Queue = { entries: [], current: -1, shuffle: false, repeat: 'off', nextUid: 1 };

export function queueTrack(track: Track): QueueTrack {
  const { id, title, artist, release, has_cover, duration_s, codec, replaygain_track_gain_db, true_peak_dbtp, transcodable } = track;
  const base = { id, title, artist, release, has_cover, duration_s, codec, replaygain_track_gain_db, true_peak_dbtp, transcodable };
  return track.home === 'upload_let_go' ? { ...base, hls: true } : base;
}

/** A track of the public catalog: guests get its HLS ladder, not its file. */
export function catalogTrack(track: CatalogTrack): QueueTrack {
  const { id, title, has_cover, duration_s, replaygain_track_gain_db, true_peak_dbtp } = track;
  const artist = track.artist == null ? null : { id: '', name: track.artist };
  const release = track.release == null ? null : { id: '', title: track.release };
  return { id, title, artist, release, has_cover, duration_s, codec: null, replaygain_track_gain_db, true_peak_dbtp, hls: true };
}

export const currentEntry = (queue: Queue): QueueEntry | null => queue.entries[queue.current] ?? null;
export const remaining = (queue: Queue): number => queue.entries.length - 1 - queue.current;

function entriesFor(queue: Queue, tracks: readonly QueueTrack[]): QueueEntry[] {
  return tracks.map((track, offset) => ({ uid: queue.nextUid + offset, track }));
}

/** Replaces everything; `start` plays first. With shuffle on, the rest follows in random order. */
export function replace(queue: Queue, tracks: readonly QueueTrack[], start: number, random: () => number): Queue {
  let entries = entriesFor(queue, tracks.slice(0, MAX_ENTRIES));
  let current = entries.length === 0 ? -1 : Math.min(Math.max(0, start), entries.length - 1);
  if (queue.shuffle && current >= 0) {
    const first = entries[current] as QueueEntry;
    entries = [first, ...shuffled(entries.filter((entry) => entry !== first), random)];
    current = 0;
  }
  return { ...queue, entries, current, nextUid: queue.nextUid + tracks.length };
}

export function append(queue: Queue, tracks: readonly QueueTrack[]): Queue {
  return trimmed({ ...queue, entries: [...queue.entries, ...entriesFor(queue, tracks)], nextUid: queue.nextUid + tracks.length });
}

export function playNext(queue: Queue, tracks: readonly QueueTrack[]): Queue {
  const at = queue.current + 1;
  const entries = [...queue.entries.slice(0, at), ...entriesFor(queue, tracks), ...queue.entries.slice(at)];
  return trimmed({ ...queue, entries, nextUid: queue.nextUid + tracks.length });
}

function trimmed(queue: Queue): Queue {
  const over = queue.entries.length - MAX_ENTRIES;
  if (over <= 0) return queue;
  const front = Math.min(over, Math.max(0, queue.current));
  return { ...queue, entries: queue.entries.slice(front, front + MAX_ENTRIES), current: queue.current - front };
}

/** The queue after the current track ended by itself, or null when playing stops there. */
export function afterEnd(queue: Queue): Queue | null {
  return queue.repeat === 'one' && queue.current >= 0 ? queue : next(queue);
}

/** The queue after "next" was pressed, or null at the end. */
export function next(queue: Queue): Queue | null {
  if (queue.current + 1 < queue.entries.length) return { ...queue, current: queue.current + 1 };
  return queue.repeat !== 'off' && queue.entries.length > 0 ? { ...queue, current: 0 } : null;
}

export function previous(queue: Queue): Queue | null {
  if (queue.current > 0) return { ...queue, current: queue.current - 1 };
  return queue.repeat !== 'off' && queue.entries.length > 0 ? { ...queue, current: queue.entries.length - 1 } : null;
}

export function jump(queue: Queue, uid: number): Queue {
  const at = queue.entries.findIndex((entry) => entry.uid === uid);
  return at < 0 ? queue : { ...queue, current: at };
}

/** Removes one entry. If it was the current one, the next becomes current. */
export function without(queue: Queue, uid: number): Queue {
  const at = queue.entries.findIndex((entry) => entry.uid === uid);
  if (at < 0) return queue;
  const entries = queue.entries.filter((_, index) => index !== at);
  const current = at < queue.current ? queue.current - 1 : Math.min(queue.current, entries.length - 1);
  return { ...queue, entries, current };
}

/** Moves one entry to another place; the current track stays current. */
export function move(queue: Queue, from: number, to: number): Queue {
  const entry = queue.entries[from];
  if (entry === undefined || from === to || to < 0 || to >= queue.entries.length) return queue;
  const playing = currentEntry(queue);
  const entries = queue.entries.filter((_, index) => index !== from);
  entries.splice(to, 0, entry);
  return { ...queue, entries, current: playing === null ? -1 : entries.indexOf(playing) };
}

/** Removes everything after the current track. */
export const clearUpcoming = (queue: Queue): Queue => ({ ...queue, entries: queue.entries.slice(0, queue.current + 1) });

/** Turned on: upcoming entries are shuffled. Turned off: all entries are in the order in which they were added. */
export function setShuffle(queue: Queue, shuffle: boolean, random: () => number): Queue {
  if (shuffle === queue.shuffle) return queue;
  if (shuffle) {
    const played = queue.entries.slice(0, queue.current + 1);
    return { ...queue, shuffle, entries: [...played, ...shuffled(queue.entries.slice(queue.current + 1), random)] };
  }
  const playing = currentEntry(queue);
  const entries = queue.entries.toSorted((one, other) => one.uid - other.uid);
  return { ...queue, shuffle, entries, current: playing === null ? -1 : entries.indexOf(playing) };
}

export const nextRepeat = (repeat: Repeat): Repeat => (repeat === 'off' ? 'all' : repeat === 'all' ? 'one' : 'off');

/** Fisher-Yates. */
function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last--) {
    const pick = Math.floor(random() * (last + 1));
    [mixed[last], mixed[pick]] = [mixed[pick] as T, mixed[last] as T];
  }
  return mixed;
}
