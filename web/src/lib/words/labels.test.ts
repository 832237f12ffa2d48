// Every enumerated value of the API has its own label on the pages. The values are read from the
// server's own document, so a new kind or state fails here until it has a label.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { stateWords } from '../cache/figures';
import { qualityName } from '../quality/quality';
import { sourceWords } from '../settings/labels';
import { STATE_TITLES, title } from '../tasks/progress';
import { type Entry, fresh, fromTrack, words as uploadWords } from '../uploads/entries';
import type { TaskKind, TaskState, Track, TrackState } from '../api/types';
import { ROLE_WORDS, STATE_WORDS } from './explain';

interface Schema { enum?: string[]; oneOf?: Schema[]; properties?: Record<string, { description?: string }> }
const { schemas } = (JSON.parse(readFileSync(new URL('../../../../docs/openapi.json', import.meta.url), 'utf8')) as { components: { schemas: Record<string, Schema> } }).components;

/** The values of an enumeration, in either of its two forms. */
function wordsOf(name: string): string[] {
  const schema = schemas[name];
  return schema?.enum ?? (schema?.oneOf ?? []).flatMap((one) => one.enum ?? []);
}
/** The values that the description of a text field lists. */
const saidOf = (name: string, field: string): string[] =>
  [...(schemas[name]?.properties?.[field]?.description ?? '').matchAll(/`([a-z_]+)`/g)].map((found) => found[1] ?? '');

/** The faults in the labels of these values; empty if there are none. */
function faults(words: readonly string[], label: (word: string) => string | undefined): string[] {
  const found: string[] = [];
  const taken = new Map<string, string>();
  for (const word of words) {
    const text = label(word)?.trim() ?? '';
    if (text === '') found.push(`${word} has no label`);
    else if (text === word || text.includes('_')) found.push(`${word} is shown as it is`);
    else if (taken.has(text)) found.push(`${word} is called ${text}, as is ${taken.get(text)}`);
    taken.set(text, word);
  }
  return found;
}

describe('the check itself', () => {
  test('finds missing, empty, raw and repeated labels', () => {
    const labels: Record<string, string> = { b: ' ', c: 'c', d: 'Dee', e: 'Dee', f: 'in_words' };
    expect(faults(['a', 'b', 'c', 'd', 'e', 'f'], (word) => labels[word])).toEqual(['a has no label', 'b has no label', 'c is shown as it is', 'e is called Dee, as is d', 'f is shown as it is']);
  });
  test('knows when there is nothing to check', () => expect([wordsOf('NoSuchThing'), saidOf('Track', 'nothing')]).toEqual([[], []]));
});

const running = (kind: string): string => title({ kind: kind as TaskKind, state: 'running' });
const over = (kind: string): string => title({ kind: kind as TaskKind, state: 'succeeded' });
const unknown = [running('from a newer server'), over('from a newer server')];
test.each([
  ['kinds of tasks, running', wordsOf('TaskKind'), running, 'scan'],
  ['kinds of tasks, over', wordsOf('TaskKind'), over, 'cache'],
  ['states of tasks', wordsOf('TaskState'), (word: string) => STATE_TITLES[word as TaskState], 'partial_success'],
  ['states of tracks', wordsOf('TrackState'), (word: string) => STATE_WORDS[word as TrackState], 'enriching'],
  ['qualities', wordsOf('Quality'), qualityName, 'medium'],
  ['roles', wordsOf('Role'), (word: string) => ROLE_WORDS[word as keyof typeof ROLE_WORDS], 'owner'],
  // A value that is not set needs no label: it is the default.
  ['sources of settings', wordsOf('SettingSource').filter((word) => word !== 'default'), sourceWords, 'environment'],
  ['states of transcodes', saidOf('CacheExplained', 'state'), stateWords, 'not_needed'],
] as const)('%s', (_, words, label, one) => {
  expect(words).toContain(one);
  expect(words.length).toBeGreaterThan(1);
  expect(faults(words, label)).toEqual([]);
});
test('no known kind of task has the label of an unknown one', () => {
  expect(wordsOf('TaskKind').filter((kind) => unknown.includes(running(kind)) || unknown.includes(over(kind)))).toEqual([]);
});
test('a check reports only states that a single file can have', () => {
  const listed = (schemas.CacheVerifiedTrack?.properties?.qualities?.description ?? '').matchAll(/`([a-z_]+)`/g);
  expect([...listed].map((found) => found[1]).filter((word) => !saidOf('CacheExplained', 'state').includes(word ?? ''))).toEqual([]);
});
test('the steps of an upload: those of this page, and one for each state of its track', () => {
  const entry = fresh(1, 'a.flac', 10, 100);
  const led = wordsOf('TrackState').map((state) => fromTrack(entry, { id: 't', title: 'a', state, failure: null } as unknown as Track).step);
  expect(led).toEqual(['queued', 'processing', 'enriching', 'ready', 'ready', 'failed']);
  const steps: Entry['step'][] = ['waiting', 'sending', 'known', 'refused', 'cancelled', ...led];
  expect(faults([...new Set(steps)], (step) => uploadWords({ ...entry, step: step as Entry['step'] }))).toEqual([]);
});
