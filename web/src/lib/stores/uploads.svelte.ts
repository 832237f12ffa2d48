// Uploads of this tab. They continue when the user opens another page.

import { untrack } from 'svelte';
import * as calls from '../api/calls';
import { asProblem, isAbort, type Problem } from '../api/problem';
import { type Sending, sendFile } from '../api/send';
import type { Dropped } from '../uploads/dropped';
import { canCancel, canRetry, type Entry, followed, fresh, isCompanion, isDone, isResent, isSending, refused, tally, fromTrack, turns, waitsAgain, withoutFile } from '../uploads/entries';
import { isBroken, isBusy, isFull, outweighs, type Pause, pauseWords } from '../uploads/pause';
import { account } from './account.svelte';
import { announcer } from './announce.svelte';
import { connection } from './connection.svelte';

/** Without events, the tracks in progress are polled this often: an event may be missed. */
const LOOK_MS = 3_000;
/** The pause when the server names none; it doubles until an upload succeeds. */
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 60_000;
/** The longest accepted Retry-After. */
const LONGEST_ASKED_MS = 3_600_000;
/** After so many interruptions while the server answers, the file is the cause: it was moved or changed, for example. */
const MAX_INTERRUPTIONS = 3;

class Uploads {
  entries = $state.raw<readonly Entry[]>([]);
  /** Files of the last drop that are not music and were left out. */
  leftOut = $state(0);
  /** The last drop had more files than the limit. */
  cut = $state(false);
  /** Why uploads are paused. */
  paused = $state.raw<Pause | null>(null);
  tally = $derived(tally(this.entries));
  #files = new Map<number, Dropped>();
  #sendings = new Map<number, Sending>();
  /** The user who added these files. */
  #owner: string | null = null;
  /** Uploads interrupted since the last check of the server, and how often each was interrupted while the server answered. */
  #broken = new Map<number, Problem>();
  #breaks = new Map<number, number>();
  #probing = false;
  /** `connection.returns` when the connection broke. */
  #returns = 0;
  #wait_ms = FIRST_WAIT_MS;
  #resume: ReturnType<typeof setTimeout> | undefined;
  #next = 1;
  #asking = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    addEventListener('beforeunload', (event) => {
      if (this.entries.some(isSending)) event.preventDefault();
    });
    $effect.root(() => {
      $effect(() => {
        void [account.me, connection.returns];
        untrack(() => this.follow());
      });
    });
  }

  /** Who is signed in, or whether the server answers, has changed. */
  follow(): void {
    const me = account.me;
    if (me === null) {
      if (this.entries.some(isSending)) this.#hold({ why: 'out', until_ms: null, said: '' });
      return;
    }
    if (this.#owner !== null && this.#owner !== me.id) this.forget();
    const why = this.paused?.why;
    if (why === 'out' || (why === 'away' && connection.returns !== this.#returns)) this.#goOn();
    else this.#pump();
    void this.look();
  }

  /** Asks what this user may upload: the limit may have changed. */
  async refresh(): Promise<void> {
    const me = await calls.me().catch(() => null);
    if (me !== null && account.me?.id === me.id) account.enter(me);
  }

  add(dropped: readonly Dropped[], cut = false): void {
    // The session ended while a folder was read: no user is signed in.
    if (account.me === null) return;
    this.follow();
    this.#owner = account.me.id;
    this.cut = cut;
    // A single chosen file is uploaded, whatever its name.
    const chosen = dropped.length === 1 ? dropped : dropped.filter(({ name }) => !isCompanion(name));
    this.leftOut = dropped.length - chosen.length;
    const max_bytes = this.#limit();
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
    this.#cancel((entry) => entry.key === key);
  }

  cancelAll(): void {
    this.#cancel(() => true);
  }

  /** All in one step: otherwise the next waiting file would start in a free slot. */
  #cancel(which: (entry: Entry) => boolean): void {
    const keys = new Set(this.entries.filter((entry) => canCancel(entry) && which(entry)).map(({ key }) => key));
    this.entries = this.entries.map((entry) => (keys.has(entry.key) ? { ...entry, step: 'cancelled' } : entry));
    for (const key of keys) this.#sendings.get(key)?.abort();
    this.#pump();
  }

  /** Uploads the file again, or requests another analysis if the server has it. */
  async retry(key: number): Promise<void> {
    const entry = this.entries.find((one) => one.key === key);
    if (entry === undefined || !canRetry(entry)) return;
    if (entry.trackId === null) return this.#resend((one) => one.key === key && canRetry(one));
    try {
      const track = await calls.retryTrack(entry.trackId);
      this.#change(key, (one) => fromTrack(one, track));
    } catch (error) {
      this.#change(key, (one) => ({ ...one, trouble: { message: asProblem(error).message, remedy: asProblem(error).remedy } }));
    }
  }

  /** Uploads every refused file again that this page still has. */
  retryAll(): Promise<void> {
    return this.#resend(isResent);
  }

  async #resend(which: (entry: Entry) => boolean): Promise<void> {
    if (this.entries.some((entry) => which(entry) && entry.size_bytes > this.#limit())) await this.refresh();
    const max_bytes = this.#limit();
    this.entries = this.entries.map((entry) => (which(entry) ? fresh(entry.key, entry.name, entry.size_bytes, max_bytes) : entry));
    if (this.paused?.why === 'full') this.#goOn();
    else this.#pump();
  }

  /** Failed uploads stay: the user can retry them. */
  clearDone(): void {
    for (const entry of this.entries) if (isDone(entry)) this.#files.delete(entry.key);
    this.entries = this.entries.filter((entry) => !isDone(entry));
    this.leftOut = 0;
    this.cut = false;
  }

  /** Nothing continues for a user who signed out. */
  forget(): void {
    const sendings = [...this.#sendings.values()];
    this.entries = [];
    this.#sendings.clear();
    this.#files.clear();
    this.#broken.clear();
    this.#breaks.clear();
    this.#owner = null;
    this.leftOut = 0;
    this.cut = false;
    this.#wait_ms = FIRST_WAIT_MS;
    this.#goOn();
    for (const sending of sendings) sending.abort();
  }

  /** Asks for the progress of the next tracks; called after each sign of work on the server. */
  async look(): Promise<void> {
    // Without a session the server refuses every request.
    if (this.#asking || account.me === null) return;
    this.#asking = true;
    try {
      await Promise.all(followed(this.entries).map(async ({ key, trackId }) => {
        const track = await calls.track(trackId ?? '').catch((error: unknown) => asProblem(error));
        if ('kind' in track) {
          if (track.status === 404) this.#change(key, (entry) => ({ ...entry, step: 'cancelled', trackId: null, trouble: { message: 'The track was deleted', remedy: null } }));
        } else this.#change(key, (entry) => fromTrack(entry, track));
      }));
    } finally {
      this.#asking = false;
      clearTimeout(this.#timer);
      if (followed(this.entries).length > 0) this.#timer = setTimeout(() => void this.look(), LOOK_MS);
    }
  }

  #limit(): number {
    return account.me?.upload_max_bytes ?? Infinity;
  }

  #hold(pause: Pause): void {
    if (!outweighs(pause.why, this.paused)) return;
    clearTimeout(this.#resume);
    if (this.paused?.why !== pause.why && pause.why !== 'asking') announcer.say(pauseWords(pause));
    this.paused = pause;
  }

  #goOn(): void {
    clearTimeout(this.#resume);
    this.paused = null;
    this.#pump();
  }

  /** Waits as long as the server asks; without Retry-After longer each time. */
  #holdFor(problem: Problem | null, otherwise = ''): void {
    const asked_ms = problem?.retryAfter_s == null ? null : Math.min(problem.retryAfter_s * 1_000, LONGEST_ASKED_MS);
    const wait_ms = asked_ms ?? this.#wait_ms;
    if (asked_ms === null) this.#wait_ms = Math.min(LONGEST_WAIT_MS, this.#wait_ms * 2);
    const until_ms = Math.max(Date.now() + wait_ms, this.paused?.until_ms ?? 0);
    this.#hold({ why: 'busy', until_ms, said: problem?.detail || otherwise });
    if (this.paused?.why === 'busy') this.#resume = setTimeout(() => this.#goOn(), until_ms - Date.now());
  }

  /** Sends an ordinary call, so that its watcher learns whether the server answers and the session is valid. */
  async #probe(): Promise<void> {
    // That is already known.
    if (this.paused?.why === 'away' || this.paused?.why === 'out') return this.#broken.clear();
    this.#hold({ why: 'asking', until_ms: null, said: '' });
    if (this.#probing) return;
    this.#probing = true;
    this.#returns = connection.returns;
    const problem = await calls.me().then(() => null, asProblem);
    this.#probing = false;
    const broken = [...this.#broken];
    this.#broken.clear();
    const answers = problem === null || !isBroken(problem);
    if (answers) for (const [key, why] of broken) this.#brokeOff(key, why);
    if (this.paused?.why !== 'asking') return;
    this.paused = null;
    if (answers) this.#holdFor(problem, 'an upload was interrupted');
    else {
      this.#hold({ why: problem.status === 401 ? 'out' : 'away', until_ms: null, said: '' });
      // The server may have come back, or a user signed in, during the request.
      this.follow();
    }
  }

  #brokeOff(key: number, problem: Problem): void {
    const breaks = (this.#breaks.get(key) ?? 0) + 1;
    this.#breaks.set(key, breaks);
    if (breaks < MAX_INTERRUPTIONS) return;
    this.#breaks.delete(key);
    this.#change(key, (entry) => {
      if (entry.step !== 'waiting') return entry;
      if (!problem.unreachable) return refused(entry, problem);
      return { ...refused(entry, problem), trouble: { message: `The upload was interrupted ${breaks} times, although the server answers`, remedy: 'If the file was moved or changed, choose it again' } };
    });
  }

  #troubled(key: number, problem: Problem): void {
    if (isBroken(problem) || isBusy(problem)) {
      this.#change(key, waitsAgain);
      if (isBusy(problem)) return this.#holdFor(problem);
      this.#broken.set(key, problem);
      void this.#probe();
      return;
    }
    this.#change(key, (entry) => refused(entry, problem));
    if (isFull(problem)) this.#hold({ why: 'full', until_ms: null, said: problem.detail || problem.title });
  }

  #pump(): void {
    if (this.paused !== null || account.me === null || account.me.id !== this.#owner) return;
    // One at a time: if a file is gone, the next one takes its slot.
    for (let next = turns(this.entries)[0]; next !== undefined; next = turns(this.entries)[0]) void this.#send(next.key);
  }

  async #send(key: number): Promise<void> {
    const source = this.#files.get(key);
    if (source === undefined) {
      this.#change(key, withoutFile);
      return;
    }
    this.#change(key, (entry) => ({ ...entry, step: 'sending' }));
    const sending = sendFile(source.file, source.name.split('/').pop() ?? source.name, (sent_bytes) =>
      this.#change(key, (entry) => ({ ...entry, sent_bytes })));
    this.#sendings.set(key, sending);
    try {
      const track = await sending.done;
      this.#files.delete(key);
      this.#breaks.delete(key);
      this.#wait_ms = FIRST_WAIT_MS;
      this.#change(key, (entry) => fromTrack(entry, track, track.duplicate));
      void this.look();
    } catch (error) {
      // The entry was removed or restarted: this upload must not change it.
      if (!isAbort(error) && this.#sendings.get(key) === sending) this.#troubled(key, asProblem(error));
    } finally {
      if (this.#sendings.get(key) === sending) this.#sendings.delete(key);
      this.#pump();
    }
  }

  #change(key: number, change: (entry: Entry) => Entry): void {
    this.entries = this.entries.map((entry) => (entry.key === key ? change(entry) : entry));
  }
}
export const uploads = new Uploads();
