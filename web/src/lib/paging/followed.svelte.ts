// Lists that a page shows as long as it is there: they follow what is asked for, come back with the server, end with the page.
// To be called while a component is set up.

import { untrack } from 'svelte';
import * as calls from '../api/calls';
import type { Track, TrackQuery } from '../api/types';
import { activity } from '../stores/activity.svelte';
import { connection } from '../stores/connection.svelte';
import { Listing } from './listing.svelte';
import type { FetchPage } from './page-cache';

/** The list that `wanted` asks for; whatever changes of what `wanted` reads shows another one. */
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

/** Tracks; looked at anew whenever the server has been at work on some. */
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
