// Lists of a page: they follow the query, reload when the server is back, and end with the page.
// Call these while a component is set up.

import { untrack } from 'svelte';
import * as calls from '../api/calls';
import type { Track, TrackQuery } from '../api/types';
import { activity } from '../stores/activity.svelte';
import { connection } from '../stores/connection.svelte';
import { Listing } from './listing.svelte';
import type { FetchPage } from './page-cache';

/** The list that `wanted` returns. When a value that `wanted` reads changes, another list is shown. */
export function followed<T>(wanted: () => FetchPage<T>): Listing<T> {
  const listing = new Listing<T>(untrack(wanted));
  let first = true;
  $effect(() => {
    const fetchPage = wanted();
    if (!first) untrack(() => listing.show(fetchPage));
    first = false;
  });
  $effect(() => {
    if (connection.returns > 0) untrack(() => listing.retry());
  });
  $effect(() => () => listing.close());
  return listing;
}

/** Tracks; refreshed after each sign of work on the server. */
export function followedTracks(query: () => TrackQuery): Listing<Track> {
  const listing = followed<Track>(() => {
    const wanted = query();
    return (offset, limit, signal) => calls.tracks(wanted, offset, limit, signal);
  });
  $effect(() => {
    void activity.pulse;
    untrack(() => listing.refresh());
  });
  return listing;
}
