// Messages about library folders with missing tracks.
import type { AwayFolder } from '../api/types';

const REASONS: Record<AwayFolder['reason'], string> = {
  not_there: 'the folder is not there',
  unreadable: 'it cannot be read; its tracks stay as they are',
  other_file_system: 'another file system is there than at the last scan',
  many_gone: 'at least half of the tracks are gone at once',
  all_gone: 'the folder is there, but none of its tracks is',
};

/** Why a folder counts as missing, as the end of a sentence. */
export const awayWords = (away: AwayFolder): string => `${REASONS[away.reason]}. Connect the storage and scan again.`;

const days = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeZone: 'UTC' });

/** The day of a time. */
export const day = (time: string): string => days.format(new Date(time));
