// Media keys and the buttons of the lock screen (Media Session API).

import { trackCoverAddress } from '../api/calls';
import type { PlayerState } from './machine';
import type { QueueTrack } from './queue';

export interface MediaCommands {
  play(): void; pause(): void; next(): void; previous(): void; seek(position_s: number): void; seekBy(by_s: number): void;
}

export function offerCommands(commands: MediaCommands): void {
  if (!('mediaSession' in navigator)) return;
  const { mediaSession } = navigator;
  const offer = (action: MediaSessionAction, run: (details: MediaSessionActionDetails) => void): void => {
    try {
      mediaSession.setActionHandler(action, run);
    } catch {
      // This browser does not know the action.
    }
  };
  offer('play', () => commands.play());
  offer('pause', () => commands.pause());
  offer('nexttrack', () => commands.next());
  offer('previoustrack', () => commands.previous());
  offer('seekforward', (details) => commands.seekBy(details.seekOffset ?? 10));
  offer('seekbackward', (details) => commands.seekBy(-(details.seekOffset ?? 10)));
  offer('seekto', (details) => {
    if (details.seekTime !== undefined) commands.seek(details.seekTime);
  });
}

export function showTrack(track: QueueTrack | null): void {
  if (!('mediaSession' in navigator)) return;
  navigator.mediaSession.metadata = track === null ? null : new MediaMetadata({
    title: track.title, artist: track.artist?.name ?? '', album: track.release?.title ?? '',
    artwork: track.has_cover ? [{ src: new URL(trackCoverAddress(track.id), location.href).href, type: 'image/jpeg' }] : [],
  });
}

export function showState(state: PlayerState): void {
  if (!('mediaSession' in navigator)) return;
  navigator.mediaSession.playbackState = state.phase === 'playing' ? 'playing' : state.trackId === null ? 'none' : 'paused';
  if (state.duration_s === null || state.duration_s <= 0) return;
  try {
    navigator.mediaSession.setPositionState({
      duration: state.duration_s, position: Math.min(state.position_s, state.duration_s), playbackRate: 1,
    });
  } catch {
    // Some browsers refuse positions while the source changes.
  }
}
