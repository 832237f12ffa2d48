// What plays after the end of the queue: the rest of a list, in its order or in random order. Pure.
//
// Random order is the server's (`sort=shuffled`): it mixes the whole list, not only what is loaded, and its pages fit
// together as long as the seed is the same.

import type { TrackQuery } from '../api/types';
import { isNumber, isObject } from '../stores/remembered';
import type { Queue, QueueTrack } from './queue';

/** A list that continues after the queue. */
export interface Continuation {
  query: TrackQuery;
  /** The next row to load. */
  offset: number;
  /** The whole list is loaded. It is kept only to restore its own order. */
  ended?: boolean;
  /** Set while the list plays in random order: where its own order continues. */
  inOrder?: { query: TrackQuery; offset: number };
  /** Tracks in the queue are left out: they were played before the order changed. */
  once?: boolean;
}

const SEEDS = 2 ** 32;

/** That list in random order from its beginning. `offset`: where its own order continues when shuffle is turned off. */
export function shuffledList(query: TrackQuery, offset: number, random: () => number): Continuation {
  const { order: _, ...rest } = query;
  const seed = Math.floor(random() * SEEDS);
  return { query: { ...rest, sort: 'shuffled', seed }, offset: 0, inOrder: { query, offset }, once: true };
}

/** The same list in its own order again. */
export const listInOrder = (from: Continuation): Continuation => (from.inOrder === undefined ? from : { ...from.inOrder, once: true });

/** The continuation after a page of so many rows; null at the end of a list without another order to restore. */
export function behind(from: Continuation, rows: number, total: number): Continuation | null {
  const offset = from.offset + rows;
  if (rows > 0 && offset < total) return { ...from, offset };
  return from.inOrder === undefined ? null : { ...from, offset, ended: true };
}

/** Whether the value is a valid saved continuation. */
export function isContinuation(value: unknown): value is Continuation | null {
  return value === null || (isPlace(value) && (!('inOrder' in value) || isPlace(value.inOrder)));
}

const isPlace = (value: unknown): value is { query: object; offset: number } =>
  isObject(value) && isObject(value.query) && isNumber(value.offset) && value.offset >= 0;

/** The tracks of a page that are added to the queue. */
export function fresh(from: Continuation, queue: Queue, page: readonly QueueTrack[]): readonly QueueTrack[] {
  if (from.once !== true) return page;
  const held = new Set(queue.entries.map((entry) => entry.track.id));
  return page.filter((track) => !held.has(track.id));
}
