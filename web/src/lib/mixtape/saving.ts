// Saves a draft of a mixtape that another user may have changed since the draft was started. Pure.
// The API has no conditional change, so the mixtape is read right before the change is sent.

import type { MixtapeChange, MixtapeWithTracks } from '../api/types';
import { changes, type Draft, draftOf } from './tape';

export type Part = 'title' | 'notes' | 'tracks';
const PARTS: readonly Part[] = ['title', 'notes', 'tracks'];
const partsOf = (change: MixtapeChange | null): Part[] => PARTS.filter((part) => change?.[part] !== undefined);

/** The parts of a draft that differ from its start. */
export const mine = (base: MixtapeWithTracks, draft: Draft): Part[] => partsOf(changes(base, draft));
/** The parts that another user changed between two reads of a mixtape. The cover is not a part: it is saved separately, and nothing here overwrites it. */
export const theirs = (seen: MixtapeWithTracks, now: MixtapeWithTracks): Part[] => partsOf(changes(seen, draftOf(now)));

export interface Saving {
  /** The start of the draft: only differences from it are sent. */
  base: MixtapeWithTracks;
  /** The version that the user saw last and decided to overwrite. */
  seen: MixtapeWithTracks;
  draft: Draft;
  look: () => Promise<MixtapeWithTracks>;
  send: (change: MixtapeChange) => Promise<MixtapeWithTracks>;
}
export type Outcome = { saved: true; tape: MixtapeWithTracks } | { saved: false; now: MixtapeWithTracks };

export async function save({ base, seen, draft, look, send }: Saving): Promise<Outcome> {
  const now = await look();
  const change = changes(base, draft);
  // The server already has all of it: it was sent before, and only the answer was lost.
  if (change === null || changes(now, draft) === null) return { saved: true, tape: now };
  if (theirs(seen, now).length > 0) return { saved: false, now };
  return { saved: true, tape: await send(change) };
}

/** "your title, your notes and your tracks" */
function listed(parts: readonly Part[], word: (part: Part) => string): string {
  const words = parts.map((part) => `${word(part)} ${part}`);
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** What "Save over it" would do, and what "Load theirs" would do. */
export function conflictWords(their: readonly Part[], my: readonly Part[]): string {
  const both = my.filter((part) => their.includes(part));
  const kept = their.filter((part) => !my.includes(part));
  const over = both.length === 0
    ? `sends only ${listed(my, () => 'your')}, and keeps that`
    : `puts ${listed(both, () => 'your')} in place of theirs${kept.length > 0 ? `, and keeps ${listed(kept, () => 'their')}` : ''}`;
  return `It has ${listed(their, (part) => (part === 'title' ? 'another' : 'other'))} now. Saving over it ${over}. Loading theirs discards your changes.`;
}
