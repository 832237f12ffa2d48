// "Play from here" and "play all": the chosen row and what follows it, in the list's own order or shuffled.

import * as calls from '../api/calls';
import { asProblem } from '../api/problem';
import type { Track, TrackQuery } from '../api/types';
import { shuffledList } from './continuation';
import { player } from './player.svelte';

const FIRST_LOAD = 100;
interface Loaded { get(index: number): Track | undefined }

/** Plays row `index` of that list. Loaded rows play without a request. */
export async function playFrom(query: TrackQuery, index: number, loaded?: Loaded): Promise<void> {
  const shuffle = player.queue.shuffle;
  const ready: Track[] = [];
  for (let at = index; ready.length < (shuffle ? 1 : FIRST_LOAD); at++) {
    const track = loaded?.get(at);
    if (track === undefined) break;
    ready.push(track);
  }
  await begin(ready, query, index, shuffle);
}

/** Plays the whole list from its first row, or in random order. */
export async function playAll(query: TrackQuery, shuffle: boolean, loaded?: Loaded): Promise<void> {
  if (!shuffle) {
    player.playInOrder();
    return playFrom(query, 0, loaded);
  }
  const mixed = shuffledList(query, 0, Math.random);
  await tried(async () => {
    const page = await calls.tracks(mixed.query, 0, FIRST_LOAD);
    player.playTracks(page.items, 0, { shuffle, then: { ...mixed, offset: page.items.length } });
  });
}

async function begin(ready: readonly Track[], query: TrackQuery, index: number, shuffle: boolean): Promise<void> {
  await tried(async () => {
    const first = ready.length > 0 ? ready : (await calls.tracks(query, index, shuffle ? 1 : FIRST_LOAD)).items;
    const offset = index + first.length;
    player.playTracks(first, 0, { shuffle, then: shuffle ? shuffledList(query, offset, Math.random) : { query, offset } });
  });
}

async function tried(play: () => Promise<void>): Promise<void> {
  try {
    await play();
  } catch (error) {
    player.notice = asProblem(error).message;
  }
}
