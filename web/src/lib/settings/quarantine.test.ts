import { expect, test } from 'vitest';
import { dayOf, otherFiles } from './quarantine';

test('a day is said with its year, and no time is no day', () => {
  expect(dayOf('2026-12-29T12:00:00.000Z')).toContain('2026');
  expect(dayOf('soon')).toBe('');
});
test.each([[3, 1, 2], [0, 0, 0], [1, 2, 0]])('of %d files with %d uploads %d are others', (total, uploads, others) => {
  expect(otherFiles({ total, uploads })).toBe(others);
});
