import { describe, expect, test } from 'vitest';
import { type Effect, MAX_SKIPS, type PlayerInput, type PlayerState, START, step } from './machine';

const load: PlayerInput = { type: 'load', trackId: 't', duration_s: 100, position_s: 0, play: true };
function run(inputs: PlayerInput[], state: PlayerState = START): { state: PlayerState; effects: Effect['type'][] } {
  const effects: Effect['type'][] = [];
  for (const input of inputs) {
    const result = step(state, input);
    state = result.state;
    effects.push(...result.effects.map((effect) => effect.type));
  }
  return { state, effects };
}

describe('what the element reports decides', () => {
  test.each<[string, PlayerInput[], Partial<PlayerState>, Effect['type'][]]>([
    ['loading to play', [load], { phase: 'loading', wanted: true, buffering: true }, ['source', 'play']],
    ['the state is playing only after the event of the element', [load, { type: 'play' }], { phase: 'loading' }, ['source', 'play', 'play']],
    ['playing', [load, { type: 'playing' }], { phase: 'playing', buffering: false }, ['source', 'play']],
    ['pausing waits for the element', [load, { type: 'playing' }, { type: 'pause' }], { phase: 'playing', wanted: false }, ['source', 'play', 'pause']],
    ['paused', [load, { type: 'playing' }, { type: 'pause' }, { type: 'paused' }], { phase: 'paused' }, ['source', 'play', 'pause']],
    ['restored, not playing', [{ ...load, play: false, position_s: 40 }, { type: 'ready', duration_s: 99 }], { phase: 'paused', duration_s: 99, position_s: 40 }, ['source']],
    ['waiting for bytes', [load, { type: 'playing' }, { type: 'waiting' }], { phase: 'playing', buffering: true }, ['source', 'play']],
    ['the end asks for the next', [load, { type: 'playing' }, { type: 'paused' }, { type: 'ended' }], { phase: 'ended', position_s: 100 }, ['source', 'play', 'advance']],
    ['playing after the end starts over', [load, { type: 'playing' }, { type: 'ended' }, { type: 'play' }], { position_s: 0, wanted: true }, ['source', 'play', 'advance', 'position', 'play']],
    ['the browser requires a click first', [load, { type: 'refused' }], { phase: 'paused', wanted: false }, ['source', 'play']],
    ['nothing to play', [{ type: 'play' }, { type: 'pause' }, { type: 'seek', position_s: 3 }, { type: 'time', position_s: 3 }], { phase: 'empty', position_s: 0 }, []],
    ['another quality while playing continues at the position', [load, { type: 'playing' }, { type: 'reload', position_s: 41 }], { phase: 'loading', position_s: 41, wanted: true }, ['source', 'play', 'source', 'play']],
    ['another quality while paused stays paused', [load, { type: 'playing' }, { type: 'pause' }, { type: 'paused' }, { type: 'reload', position_s: 41 }], { phase: 'loading', position_s: 41, wanted: false }, ['source', 'play', 'pause', 'source']],
    ['another quality without a track', [{ type: 'reload', position_s: 3 }], { phase: 'empty' }, []],
    ['unloading', [load, { type: 'playing' }, { type: 'unload' }], { phase: 'empty', trackId: null }, ['source', 'play', 'stop']],
  ])('%s', (_, inputs, expected, effects) => {
    const result = run(inputs);
    expect(result.state).toMatchObject(expected);
    expect(result.effects).toEqual(effects);
  });
});

describe('seeking', () => {
  test.each([[30, 30], [-5, 0], [1000, 100]])('to %d s lands on %d s', (to, at) => {
    const { state, effects } = run([load, { type: 'playing' }, { type: 'seek', position_s: to }]);
    expect(state.position_s).toBe(at);
    expect(effects.at(-1)).toBe('position');
  });
});

describe('trouble', () => {
  const error = (reason: 'network' | 'decode' | 'unsupported' | 'missing'): PlayerInput => ({ type: 'error', reason, codec: 'ape' });
  test('an unplayable codec is named and skipped', () => {
    const { state, effects } = run([load, error('unsupported')]);
    expect(state).toMatchObject({ phase: 'failed', trouble: 'This browser cannot play APE.' });
    expect(effects.at(-1)).toBe('skip');
  });
  test('a lost connection does not skip the track, and play tries again', () => {
    const { state, effects } = run([load, { type: 'playing' }, { type: 'time', position_s: 42 }, error('network'), { type: 'play' }]);
    expect(effects.slice(2)).toEqual(['source', 'play']);
    expect(state).toMatchObject({ phase: 'loading', position_s: 42, wanted: true });
  });
  test('a restored track that fails is not skipped by itself', () => {
    expect(run([{ ...load, play: false }, error('missing')]).effects).toEqual(['source']);
  });
  test('a library of broken files is not skipped without end', () => {
    let state = START;
    let skipped = 0;
    for (let file = 0; file < 50 && (file === 0 || skipped === file); file++) {
      const result = run([load, error('decode')], state);
      state = result.state;
      if (result.effects.includes('skip')) skipped += 1;
    }
    expect(skipped).toBe(MAX_SKIPS - 1);
    expect(state.wanted).toBe(false);
  });
  test('a track that plays ends the count', () => {
    expect(run([load, error('decode'), load, { type: 'playing' }]).state).toMatchObject({ skips: 0, trouble: null });
  });
});
