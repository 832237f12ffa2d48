// The player as a state machine: commands and the audio element's events in, next state and effects out.
// It has no element and no clock. It never assumes that a command worked: only the element's events change the state.

export type Phase = 'empty' | 'loading' | 'playing' | 'paused' | 'ended' | 'failed';

export interface PlayerState {
  phase: Phase;
  /** The track in the element; null when none. */
  trackId: string | null;
  /** Whether the listener pressed play, whatever the element does now. */
  wanted: boolean;
  position_s: number;
  /** From the element when known, else from the catalog. */
  duration_s: number | null;
  buffering: boolean;
  /** Why the last track could not be played, in words. */
  trouble: string | null;
  /** Failures in a row; playing stops after MAX_SKIPS so that a broken library is not skipped without end. */
  skips: number;
}

export type PlayerInput =
  | { type: 'load'; trackId: string; duration_s: number | null; position_s: number; play: boolean }
  | { type: 'play' } | { type: 'pause' } | { type: 'unload' }
  // The same track from another source, at the same position.
  | { type: 'reload'; position_s: number }
  | { type: 'seek'; position_s: number }
  // Events of the element.
  | { type: 'playing' } | { type: 'paused' } | { type: 'waiting' } | { type: 'ended' }
  | { type: 'ready'; duration_s: number | null }
  | { type: 'time'; position_s: number }
  | { type: 'refused' }
  | { type: 'error'; reason: FailureReason; codec: string | null };
export type FailureReason = 'network' | 'decode' | 'unsupported' | 'missing';

export type Effect =
  | { type: 'source'; trackId: string; position_s: number }
  | { type: 'play' } | { type: 'pause' } | { type: 'stop' }
  | { type: 'position'; position_s: number }
  | { type: 'advance' }
  | { type: 'skip' };

export const MAX_SKIPS = 5;
export const START: PlayerState = {
  phase: 'empty', trackId: null, wanted: false, position_s: 0, duration_s: null, buffering: false, trouble: null, skips: 0,
};

export function step(state: PlayerState, input: PlayerInput): { state: PlayerState; effects: Effect[] } {
  const to = (change: Partial<PlayerState>, ...effects: Effect[]) => ({ state: { ...state, ...change }, effects });
  const still = { state, effects: [] as Effect[] };
  switch (input.type) {
    case 'load': {
      const source: Effect = { type: 'source', trackId: input.trackId, position_s: input.position_s };
      return to(
        {
          phase: 'loading', trackId: input.trackId, wanted: input.play, position_s: input.position_s,
          duration_s: input.duration_s, buffering: input.play,
        },
        source, ...(input.play ? [{ type: 'play' } as const] : []),
      );
    }
    case 'reload':
      if (state.trackId === null) return still;
      return to(
        { phase: 'loading', position_s: input.position_s, buffering: state.wanted, trouble: null },
        { type: 'source', trackId: state.trackId, position_s: input.position_s }, ...(state.wanted ? [{ type: 'play' } as const] : []),
      );
    case 'unload':
      return { state: { ...START, trouble: state.trouble }, effects: [{ type: 'stop' }] };
    case 'play':
      if (state.trackId === null) return still;
      if (state.phase === 'failed') {
        return to({ phase: 'loading', wanted: true, trouble: null, skips: 0, buffering: true },
          { type: 'source', trackId: state.trackId, position_s: state.position_s }, { type: 'play' });
      }
      if (state.phase === 'ended') return to({ wanted: true, position_s: 0 }, { type: 'position', position_s: 0 }, { type: 'play' });
      return to({ wanted: true }, { type: 'play' });
    case 'pause':
      return state.trackId === null ? still : to({ wanted: false }, { type: 'pause' });
    case 'seek': {
      if (state.trackId === null) return still;
      const end = state.duration_s ?? Infinity;
      const position_s = Math.min(Math.max(0, input.position_s), end);
      const phase = state.phase === 'ended' ? 'paused' : state.phase;
      return to({ position_s, phase }, { type: 'position', position_s });
    }
    case 'playing':
      return to({ phase: 'playing', buffering: false, trouble: null, skips: 0 });
    case 'paused':
      // An element also pauses right before it ends or when its source changes; those have their own inputs.
      return state.phase === 'playing' || state.phase === 'loading' ? to({ phase: 'paused', buffering: false }) : still;
    case 'waiting':
      return state.wanted && state.phase !== 'failed' ? to({ buffering: true }) : still;
    case 'ready':
      return to({
        duration_s: input.duration_s ?? state.duration_s,
        phase: state.phase === 'loading' && !state.wanted ? 'paused' : state.phase,
      });
    case 'time':
      return state.phase === 'failed' || state.phase === 'empty' ? still : to({ position_s: input.position_s });
    case 'ended':
      return to({ phase: 'ended', buffering: false, position_s: state.duration_s ?? state.position_s }, { type: 'advance' });
    case 'refused':
      // The browser requires a click before it plays sound.
      return to({ phase: 'paused', wanted: false, buffering: false });
    case 'error': {
      const trouble = words(input.reason, input.codec);
      const failed = { phase: 'failed', buffering: false, trouble, skips: state.skips + 1 } as const;
      const skip = state.wanted && input.reason !== 'network' && state.skips + 1 < MAX_SKIPS;
      return skip ? to(failed, { type: 'skip' }) : to({ ...failed, wanted: false });
    }
  }
}

function words(reason: FailureReason, codec: string | null): string {
  switch (reason) {
    case 'network':
      return 'The connection was lost. Press play to continue.';
    case 'unsupported':
      return codec === null
        ? 'This browser cannot play this file.'
        : `This browser cannot play ${codec.toUpperCase()}.`;
    case 'decode':
      return 'The file is damaged at this place.';
    case 'missing':
      return 'The file is no longer there.';
  }
}
