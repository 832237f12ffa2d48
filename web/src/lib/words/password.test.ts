import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isTooShort, MIN_PASSWORD_CHARS } from './password';

// Issue 12: one rule for the server, the command line and the pages.
test('the minimum length of a password is that of the API document, everywhere in it', () => {
  const document = JSON.parse(readFileSync(new URL('../../../../docs/openapi.json', import.meta.url), 'utf8'));
  const said: number[] = [];
  for (const [name, schema] of Object.entries<{ properties?: Record<string, { minLength?: number }> }>(document.components.schemas)) {
    for (const [property, { minLength }] of Object.entries(schema.properties ?? {})) {
      const isNew = /password/.test(property) && !/^(Login|OpenShare)Request$/.test(name) && property !== 'current_password';
      if (isNew && minLength !== undefined) said.push(minLength);
    }
  }
  expect(said.length).toBeGreaterThanOrEqual(4);
  expect(new Set(said)).toEqual(new Set([MIN_PASSWORD_CHARS]));
});

test('characters count, not the code units of a string', () => {
  for (const [password, short] of [['', true], ['1234567', true], ['12345678', false], ['🎺🎺🎺🎺', true], ['🎺'.repeat(8), false]] as const) expect(isTooShort(password)).toBe(short);
});
