import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bytesText, fieldText, GROUPS, labelOf, sourceWords, typed } from './labels';

test.each([[2 ** 31, '2 GiB'], [500 * 2 ** 20, '500 MiB'], [0, '0 bytes'], [1500, '1500 bytes'], [2 ** 50, '1 PiB']])('%s bytes', (size, text) => expect(bytesText(size)).toBe(text));
test.each([
  ['count', ' 3 ', 3], ['number', '0.25', 0.25], ['number', 'fast', 'fast'], ['count', '', ''], ['bytes', '2 GiB', '2 GiB'], ['bytes', '1500 bytes', '1500'], ['bytes', '7', 7],
  ['schedule', '03:30', '03:30'], ['ladder', ' low=aac:96 ', 'low=aac:96'],
])('%s %j is sent as %j', (type, text, value) => expect(typed(type, text)).toBe(value));
test.each([['bytes', 2 ** 30, '1 GiB'], ['paths', ['/a', '/b'], '/a, /b'], ['url', null, ''], ['number', 0.25, '0.25']])('%s %j', (type, value, text) => expect(fieldText(type, value)).toBe(text));
test('every setting of the page that the server can change has a place and a label', () => {
  const table = readFileSync(new URL('../../../../docs/settings.md', import.meta.url), 'utf8');
  const names = [...table.matchAll(/^\| `([a-z._]+)` \|(?:[^|]*\|){4} yes \|/gm)].map((row) => row[1] ?? '').sort();
  expect(names.length).toBeGreaterThan(15);
  const all = [...table.matchAll(/^\| `([a-z._]+)` \|/gm)].map((row) => row[1] ?? '');
  // What a server does not know yet has a place already; what it knows is exactly what can be changed.
  expect(GROUPS.flatMap((group) => group.names).filter((name) => all.includes(name)).sort()).toEqual(names);
  expect(names.filter((name) => labelOf(name) === name)).toEqual([]);
});
test('sources have words, defaults need none', () => expect([sourceWords('file'), sourceWords('default')]).toEqual(['from the settings file', '']));
