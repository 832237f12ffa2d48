// Saving a draft over a mixtape that somebody else may have changed since the draft was begun. Pure.
// The API takes no condition along with a change, so the mixtape is looked at right before it is sent.

import type { MixtapeChange, MixtapeWithTracks } from '../api/types';
import { changes, type Draft, draftOf } from './tape';

export type Part = 'title' | 'notes' | 'tracks';
const PARTS: readonly Part[] = ['title', 'notes', 'tracks'];
const partsOf = (change: MixtapeChange | null): Part[] => PARTS.filter((part) => change?.[part] !== undefined);

/** Which parts of a draft are other ones than it began with. */
export const mine = (base: MixtapeWithTracks, draft: Draft): Part[] => partsOf(changes(base, draft));
/** Which parts somebody changed between two looks at a mixtape. A cover is none: it is sent by itself, and nothing here goes over it. */
export const theirs = (seen: MixtapeWithTracks, now: MixtapeWithTracks): Part[] => partsOf(changes(seen, draftOf(now)));

export interface Saving {
  /** What the draft began with: only what is different from it is sent. */
  base: MixtapeWithTracks;
  /** What the person saw of it last: they decided to save over that. */
  seen: MixtapeWithTracks;
  draft: Draft;
  look: () => Promise<MixtapeWithTracks>;
  send: (change: MixtapeChange) => Promise<MixtapeWithTracks>;
}
export type Outcome = { saved: true; tape: MixtapeWithTracks } | { saved: false; now: MixtapeWithTracks };

export async function save({ base, seen, draft, look, send }: Saving): Promise<Outcome> {
  const now = await look();
  const change = changes(base, draft);
  // All of it is there already: it was sent before, and only the answer was lost.
  if (change === null || changes(now, draft) === null) return { saved: true, tape: now };
  if (theirs(seen, now).length > 0) return { saved: false, now };
  return { saved: true, tape: await send(change) };
}

/** "your title, your notes and your tracks" */
function listed(parts: readonly Part[], word: (part: Part) => string): string {
  const words = parts.map((part) => `${word(part)} ${part}`);
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** What saving over it would do, and what loading it anew would. */
export function conflictWords(their: readonly Part[], my: readonly Part[]): string {
  const both = my.filter((part) => their.includes(part));
  const kept = their.filter((part) => !my.includes(part));
  const over = both.length === 0
    ? `sends only ${listed(my, () => 'your')}, and keeps that`
    : `puts ${listed(both, () => 'your')} in the place of theirs${kept.length > 0 ? `, and keeps ${listed(kept, () => 'their')}` : ''}`;
  return `It has ${listed(their, (part) => (part === 'title' ? 'another' : 'other'))} now. Saving over it ${over}. Loading it anew drops what you changed.`;
}
