// Uploads of this tab: they go on while one moves between pages.

import * as calls from '../api/calls';
import { asProblem, isAbort } from '../api/problem';
import { type Sending, sendFile } from '../api/send';
import type { Dropped } from '../uploads/dropped';
import { type Entry, followed, fresh, isCompanion, isOver, isSending, refused, tally, told, turns } from '../uploads/entries';
import { account } from './account.svelte';
import { announcer } from './announce.svelte';

/** Without a sign of work the tracks under way are asked for this often: an event may be missed. */
const LOOK_MS = 3_000;

class Uploads {
  entries = $state.raw<readonly Entry[]>([]);
  /** Files of the last drop that are no music and were left out. */
  leftOut = $state(0);
  tally = $derived(tally(this.entries));
  #files = new Map<number, Dropped>();
  #sendings = new Map<number, Sending>();
  #next = 1;
  #asking = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    addEventListener('beforeunload', (event) => {
      if (this.entries.some(isSending)) event.preventDefault();
    });
  }

  add(dropped: readonly Dropped[]): void {
    // One file that was chosen by itself is meant, whatever its name.
    const chosen = dropped.length === 1 ? dropped : dropped.filter(({ name }) => !isCompanion(name));
    this.leftOut = dropped.length - chosen.length;
    const max_bytes = account.me?.upload_max_bytes ?? Infinity;
    const added = chosen.map((one) => {
      const key = this.#next++;
      this.#files.set(key, one);
      return fresh(key, one.name, one.file.size, max_bytes);
    });
    this.entries = [...this.entries, ...added];
    if (added.length > 0) announcer.say(`${added.length} ${added.length === 1 ? 'file' : 'files'} to upload`);
    this.#pump();
  }

  cancel(key: number): void {
    this.#change(key, (entry) => (isSending(entry) ? { ...entry, step: 'cancelled' } : entry));
    this.#sendings.get(key)?.abort();
    this.#pump();
  }

  cancelAll(): void {
    for (const entry of this.entries.filter(isSending)) this.cancel(entry.key);
  }

  /** Sends it again, or has the server hear it again when it is there. */
  async retry(key: number): Promise<void> {
    const entry = this.entries.find((one) => one.key === key);
    if (entry === undefined) return;
    if (entry.trackId === null) {
      this.#change(key, (one) => ({ ...one, step: 'waiting', sent_bytes: 0, trouble: null }));
      this.#pump();
      return;
    }
    try {
      const track = await calls.retryTrack(entry.trackId);
      this.#change(key, (one) => told(one, track));
    } catch (error) {
      this.#change(key, (one) => ({ ...one, trouble: { message: asProblem(error).message, remedy: asProblem(error).remedy } }));
    }
  }

  clearOver(): void {
    for (const entry of this.entries) if (isOver(entry)) this.#files.delete(entry.key);
    this.entries = this.entries.filter((entry) => !isOver(entry));
    this.leftOut = 0;
  }

  /** Signing out: nothing goes on in the name of somebody who left. */
  forget(): void {
    this.cancelAll();
    this.#files.clear();
    this.entries = [];
  }

  /** Asks how far the next tracks are; called whenever the server was seen at work. */
  async look(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      await Promise.all(followed(this.entries).map(async ({ key, trackId }) => {
        const track = await calls.track(trackId ?? '').catch((error: unknown) => asProblem(error));
        if ('kind' in track) {
          if (track.status === 404) this.#change(key, (entry) => ({ ...entry, step: 'cancelled', trackId: null }));
        } else this.#change(key, (entry) => told(entry, track));
      }));
    } finally {
      this.#asking = false;
      clearTimeout(this.#timer);
      if (followed(this.entries).length > 0) this.#timer = setTimeout(() => void this.look(), LOOK_MS);
    }
  }

  #pump(): void {
    for (const { key } of turns(this.entries)) void this.#send(key);
  }

  async #send(key: number): Promise<void> {
    const source = this.#files.get(key);
    if (source === undefined) return;
    this.#change(key, (entry) => ({ ...entry, step: 'sending' }));
    const sending = sendFile(source.file, source.name.split('/').pop() ?? source.name, (sent_bytes) =>
      this.#change(key, (entry) => ({ ...entry, sent_bytes })));
    this.#sendings.set(key, sending);
    try {
      const track = await sending.done;
      this.#files.delete(key);
      this.#change(key, (entry) => told(entry, track, track.duplicate));
      void this.look();
    } catch (error) {
      if (!isAbort(error)) this.#change(key, (entry) => refused(entry, asProblem(error)));
    } finally {
      this.#sendings.delete(key);
      this.#pump();
    }
  }

  #change(key: number, change: (entry: Entry) => Entry): void {
    this.entries = this.entries.map((entry) => (entry.key === key ? change(entry) : entry));
  }
}
export const uploads = new Uploads();
