import { expect, test } from 'vitest';
import { awayWords, day } from './missing';

test('every reason why a folder counts as missing has its own message and a remedy', () => {
  const reasons = ['not_there', 'unreadable', 'other_file_system', 'many_gone', 'all_gone'] as const;
  const said = reasons.map((reason) => awayWords({ path: '', since: '', reason, tracks: 1 }));
  expect(new Set(said).size).toBe(reasons.length);
  for (const words of said) expect(words).toContain('scan again');
});

test('a time is said as its day', () => {
  expect(day('2026-03-01T23:59:00Z')).toBe('Mar 1, 2026');
});
