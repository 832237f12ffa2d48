import { describe, expect, it } from 'vitest';
import { joinTabs } from './tabs';

/** Channels of one name: each message reaches the others. */
function channels(): () => BroadcastChannel {
  const all: { onmessage: (() => void) | null }[] = [];
  return () => {
    const own = { onmessage: null as (() => void) | null, postMessage: () => all.filter((other) => other !== own).forEach((other) => other.onmessage?.()) };
    all.push(own);
    return own as unknown as BroadcastChannel;
  };
}

describe('tabs that play', () => {
  it('tells the other tabs, and not its own', () => {
    const open = channels();
    const paused: string[] = [];
    const first = joinTabs(() => paused.push('first'), open);
    const second = joinTabs(() => paused.push('second'), open);
    joinTabs(() => paused.push('third'), open);
    first.begin();
    expect(paused).toEqual(['second', 'third']);
    second.begin();
    expect(paused.slice(2)).toEqual(['first', 'third']);
  });
  it('continues to play in a browser without broadcast channels', () => {
    const tabs = joinTabs(() => {}, () => { throw new Error('none'); });
    expect(() => tabs.begin()).not.toThrow();
  });
});
