// The columns of the track table. Pure.

import type { Order, TrackSort } from './api/types';

export interface Column {
  id: 'title' | 'artist' | 'album' | 'tempo' | 'key' | 'loudness' | 'duration';
  label: string;
  sort: TrackSort | null;
  numeric: boolean;
}
export const COLUMNS: readonly Column[] = [
  { id: 'title', label: 'Title', sort: 'title', numeric: false },
  { id: 'artist', label: 'Artist', sort: 'artist', numeric: false },
  { id: 'album', label: 'Release', sort: 'album', numeric: false },
  { id: 'tempo', label: 'Tempo', sort: 'tempo', numeric: true },
  { id: 'key', label: 'Key', sort: null, numeric: false },
  { id: 'loudness', label: 'Loudness', sort: 'loudness', numeric: true },
  { id: 'duration', label: 'Length', sort: 'duration', numeric: true },
];

/** A second click on the sorted column reverses the order. */
export function nextOrder(column: TrackSort, sort: TrackSort, order: Order): Order {
  return column === sort && order === 'asc' ? 'desc' : 'asc';
}

export function ariaSort(column: Column, sort: TrackSort | null, order: Order): 'ascending' | 'descending' | undefined {
  if (column.sort === null || column.sort !== sort) return undefined;
  return order === 'asc' ? 'ascending' : 'descending';
}
