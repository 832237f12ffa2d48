// "Play from here": the row that was chosen and what follows it, in the list's own order.

import * as calls from '../api/calls';
import { asProblem } from '../api/problem';
import type { Track, TrackQuery } from '../api/types';
import { player } from './player.svelte';

const FIRST_LOAD = 100;

/** Plays row `index` of that list. Rows that are on the screen need no request before the sound starts. */
export async function playFrom(query: TrackQuery, index: number, loaded?: { get(index: number): Track | undefined }): Promise<void> {
  const ready: Track[] = [];
  for (let at = index; ready.length < FIRST_LOAD; at++) {
    const track = loaded?.get(at);
    if (track === undefined) break;
    ready.push(track);
  }
  if (ready.length > 0) {
    player.playTracks(ready, 0, { query, offset: index + ready.length });
    return;
  }
  try {
    const page = await calls.tracks(query, index, FIRST_LOAD);
    player.playTracks(page.items, 0, { query, offset: index + page.items.length });
  } catch (error) {
    player.notice = asProblem(error).message;
  }
}
