// Files without a track, in words.

import type { Quarantine } from '../api/types';

/** The day of a time, as in "Dec 29, 2026". */
export function dayOf(when: string): string {
  const at = Date.parse(when);
  return Number.isNaN(at) ? '' : new Date(at).toLocaleDateString(undefined, { year: 'numeric', month: 'short', day: 'numeric' });
}

/** How many of them are not uploads. */
export const otherFiles = (quarantine: Pick<Quarantine, 'total' | 'uploads'>): number => Math.max(0, quarantine.total - quarantine.uploads);
