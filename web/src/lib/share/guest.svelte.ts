// The player of a guest: opens a shared mixtape and plays it. Like the main player, its state follows only the events of its audio element.

import { asProblem, type Problem } from '../api/problem';
import type { SharedMixtape, Waveform } from '../api/types';
import { appliedGain, linear } from '../player/gain';
import { offerCommands } from '../player/media-session';
import * as calls from './calls';
import { following } from './link';
import { refused, silent, type Standing } from './opening';

/** "Previous" within this time goes to the track before, later to the start of this one. */
const RESTART_AFTER_S = 4;

export class Guest {
  standing = $state<Standing>('opening');
  shared = $state.raw<SharedMixtape | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** Which track is in the element; -1 before the first. */
  at = $state(-1);
  playing = $state(false);
  waiting = $state(false);
  position_s = $state(0);
  duration_s = $state<number | null>(null);
  trouble = $state<string | null>(null);
  wave = $state.raw<Waveform | null>(null);
  track = $derived(this.shared?.tracks[this.at] ?? null);
  #token: string | null;
  #password: string | null = null;
  #audio = document.createElement('audio');
  #mended = false;

  constructor(token: string | null) {
    this.#token = token;
    const audio = this.#audio;
    audio.preload = 'metadata';
    audio.hidden = true;
    document.body.append(audio);
    const on = (type: string, run: () => void): void => audio.addEventListener(type, run);
    on('playing', () => Object.assign(this, { playing: true, waiting: false, trouble: null }));
    on('pause', () => (this.playing = false));
    on('waiting', () => (this.waiting = true));
    on('timeupdate', () => (this.position_s = audio.currentTime));
    on('durationchange', () => (this.duration_s = Number.isFinite(audio.duration) ? audio.duration : null));
    on('ended', () => {
      const next = following(this.at, this.shared?.tracks.length ?? 0);
      if (next === null) this.playing = false;
      else this.play(next);
    });
    on('error', () => void this.#failed());
    for (const type of ['playing', 'pause', 'durationchange', 'seeked']) on(type, () => this.#tell());
    offerCommands({
      play: () => this.toggle(true), pause: () => this.toggle(false), next: () => this.next(), previous: () => this.previous(),
      seek: (to) => this.seek(to), seekBy: (by) => this.seek(this.now_s + by),
    });
  }

  /** For drawing: more precise than the reported position. */
  get now_s(): number {
    return this.#audio.currentTime;
  }

  async open(password: string | null = null): Promise<void> {
    this.problem = null;
    if (this.#token === null) {
      this.standing = 'gone';
      return;
    }
    try {
      this.shared = await calls.open(this.#token, password);
      this.#password = password;
      this.standing = 'open';
    } catch (error) {
      Object.assign(this, refused(asProblem(error), this.standing === 'password', password !== null));
    }
  }

  play(at: number, from_s = 0): void {
    const track = this.shared?.tracks[at];
    if (track === undefined) return;
    this.at = at;
    this.position_s = from_s;
    this.duration_s = track.duration_s;
    this.waiting = true;
    this.trouble = null;
    this.#mended = false;
    this.#audio.src = calls.audioAddress(track.id);
    if (from_s > 0) this.#audio.currentTime = from_s;
    const gain = appliedGain({ replaygain_track_gain_db: track.replaygain_track_gain_db, true_peak_dbtp: track.true_peak_dbtp }, { mode: 'track', preamp_db: 0 });
    this.#audio.volume = Math.min(1, linear(gain.gain_db));
    this.#start();
    this.#show();
    this.wave = null;
    calls.waveform(track.id).then((wave) => {
      if (this.at === at) this.wave = wave;
    }, () => {});
  }

  toggle(to = !this.playing): void {
    if (this.at < 0) this.play(0);
    // Reload a failed source: the element alone does not.
    else if (to && this.trouble !== null) this.play(this.at, this.position_s);
    else if (to) this.#start();
    else this.#audio.pause();
  }

  next(): void {
    const next = following(this.at, this.shared?.tracks.length ?? 0);
    if (next !== null) this.play(next);
  }

  previous(): void {
    if (this.now_s > RESTART_AFTER_S || this.at <= 0) this.seek(0);
    else this.play(this.at - 1);
  }

  seek(to_s: number): void {
    this.#audio.currentTime = Math.max(0, Math.min(to_s, this.duration_s ?? to_s));
    this.position_s = this.#audio.currentTime;
  }

  #start(): void {
    this.#audio.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.waiting = false;
    });
  }

  /** The guest session may have expired: the link is opened again, at the same position. */
  async #failed(): Promise<void> {
    const track = this.track;
    if (track === null || this.#audio.getAttribute('src') === null) return;
    const { position_s } = this;
    let away = false;
    if (!this.#mended && this.#token !== null) {
      this.#mended = true;
      try {
        await calls.open(this.#token, this.#password);
        this.#audio.src = calls.audioAddress(track.id);
        this.#audio.currentTime = position_s;
        return this.#start();
      } catch (error) {
        const problem = asProblem(error);
        if (problem.status === 404) {
          this.standing = 'gone';
          return;
        }
        away = problem.unreachable;
      }
    }
    this.waiting = false;
    this.playing = false;
    this.trouble = silent(track.title, away);
    this.#mended = false;
  }

  #show(): void {
    const { track, shared } = this;
    if (!('mediaSession' in navigator) || track === null || shared === null) return;
    const picture = shared.cover === null ? (track.has_cover ? calls.trackCoverAddress(track.id) : null) : shared.cover;
    navigator.mediaSession.metadata = new MediaMetadata({
      title: track.title, artist: track.artist ?? '', album: shared.title, artwork: picture === null ? [] : [{ src: new URL(picture, location.href).href }],
    });
  }

  #tell(): void {
    if (!('mediaSession' in navigator)) return;
    navigator.mediaSession.playbackState = this.playing ? 'playing' : 'paused';
    const duration = this.#audio.duration;
    if (!Number.isFinite(duration) || duration <= 0) return;
    try {
      navigator.mediaSession.setPositionState({ duration, position: Math.min(this.#audio.currentTime, duration), playbackRate: 1 });
    } catch {
      // Some browsers refuse positions while the source changes.
    }
  }
}
