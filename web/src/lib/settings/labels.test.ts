import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bytesText, choiceLabel, fieldText, GROUPS, labelOf, settingsIn, sourceWords, typed } from './labels';

test.each([[2 ** 31, '2 GiB'], [500 * 2 ** 20, '500 MiB'], [0, '0 bytes'], [1500, '1500 bytes'], [2 ** 50, '1 PiB']])('%s bytes', (size, text) => expect(bytesText(size)).toBe(text));
test.each([
  ['count', ' 3 ', 3], ['number', '0.25', 0.25], ['number', 'fast', 'fast'], ['count', '', ''], ['bytes', '2 GiB', '2 GiB'], ['bytes', '1500 bytes', '1500'], ['bytes', '7', 7],
  ['schedule', '03:30', '03:30'], ['ladder', ' low=aac:96 ', 'low=aac:96'],
])('%s %j is sent as %j', (type, text, value) => expect(typed(type, text)).toBe(value));
test.each([['bytes', 2 ** 30, '1 GiB'], ['paths', ['/a', '/b'], '/a, /b'], ['url', null, ''], ['number', 0.25, '0.25']])('%s %j', (type, value, text) => expect(fieldText(type, value)).toBe(text));
const table = readFileSync(new URL('../../../../docs/settings.md', import.meta.url), 'utf8');
const rows = [...table.matchAll(/^\| `([a-z._]+)` \|(?:[^|]*\|){4} ([a-z-]+) \|/gm)].map((row) => ({ name: row[1] ?? '', changeable: row[2] === 'yes' }));
const choices = [...table.matchAll(/^\| `([a-z._]+)` \| `[A-Z_]+` \| ([a-z0-9]+(?: or [a-z0-9]+)+) \|(?:[^|]*\|){2} yes \|/gm)].map((row) => ({ name: row[1] ?? '', words: (row[2] ?? '').split(' or ') })).filter(({ words }) => !words.includes('true'));
const changeable = rows.filter((row) => row.changeable).map((row) => row.name);
const placed = GROUPS.flatMap((group) => group.names);
test('the whole list of settings is read', () => {
  expect(rows).toHaveLength([...table.matchAll(/^\| `[a-z]+[a-z._]*` \| `FANFARE_/gm)].length);
  expect(rows.length).toBeGreaterThan(30);
  expect(changeable.length).toBeGreaterThan(20);
});
test('every setting that can be changed is on the page exactly once, and no other is', () => expect(placed.toSorted()).toEqual(changeable.toSorted()));
test('every setting has its own label, which is not its name', () => {
  const faulty = placed.filter((name) => labelOf(name).trim() === '' || labelOf(name) === name || /[._]/.test(labelOf(name)));
  expect(faulty).toEqual([]);
  for (const group of GROUPS) {
    const labels = group.names.map(labelOf);
    expect(labels, group.title).toEqual([...new Set(labels)]);
    expect([group.title, group.lead].filter((text) => text.trim() === '')).toEqual([]);
  }
});
test('every choice has a label', () => {
  expect(choices.map(({ name }) => name)).toContain('audio_cache.codec');
  for (const { name, words } of choices) {
    expect(words.filter((word) => choiceLabel(name, word) === word || choiceLabel(name, word).trim() === ''), name).toEqual([]);
    expect(new Set(words.map((word) => choiceLabel(name, word))).size, name).toBe(words.length);
  }
});
test('a name without a label is shown unchanged', () => expect(labelOf('no.such_setting')).toBe('no.such_setting'));
test.each([['use a build with the feature `mp3-lame`, or set `audio_cache.codec` to opus', ['audio_cache.codec']], ['set `audio_cache.dir`', []], ['set audio_cache.codec', []], ['', []]])('%s names %j', (text, names) => expect(settingsIn(text)).toEqual(names));
test('sources have labels, defaults need none', () => expect([sourceWords('file'), sourceWords('default')]).toEqual(['from the settings file', '']));
