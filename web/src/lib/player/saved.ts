// The queue, the position and the level, between visits.

import { isNumber, isObject, recall, remember } from '../stores/remembered';
import { type Continuation, isContinuation } from './continuation';
import { type LevelChoice, PREAMP_RANGE_DB } from './gain';
import { EMPTY, type Queue, type QueueEntry } from './queue';

export interface SavedOutput { volume: number; muted: boolean; level: LevelChoice }
export const OUTPUT: SavedOutput = { volume: 0.9, muted: false, level: { mode: 'track', preamp_db: 0 } };

/** Entries kept around the current one. */
const KEEP_BEFORE = 20;
const KEEP_AFTER = 180;

export function isOutput(value: unknown): value is SavedOutput {
  if (!isObject(value) || !isObject(value.level)) return false;
  const { mode, preamp_db } = value.level;
  return isNumber(value.volume) && value.volume >= 0 && value.volume <= 1 && typeof value.muted === 'boolean'
    && (mode === 'off' || mode === 'track' || mode === 'album')
    && isNumber(preamp_db) && preamp_db >= PREAMP_RANGE_DB.min && preamp_db <= PREAMP_RANGE_DB.max;
}

export function isQueue(value: unknown): value is Queue {
  return isObject(value) && Array.isArray(value.entries) && value.entries.every(isEntry) && isNumber(value.current)
    && value.current >= -1 && value.current < value.entries.length && typeof value.shuffle === 'boolean'
    && (value.repeat === 'off' || value.repeat === 'all' || value.repeat === 'one') && isNumber(value.nextUid);
}

function isEntry(value: unknown): value is QueueEntry {
  if (!isObject(value) || !isNumber(value.uid) || !isObject(value.track)) return false;
  return typeof value.track.id === 'string' && typeof value.track.title === 'string';
}

/** The part of the queue that is saved. */
export function worthKeeping(queue: Queue): Queue {
  const from = Math.max(0, queue.current - KEEP_BEFORE);
  return { ...queue, entries: queue.entries.slice(from, Math.max(0, queue.current) + KEEP_AFTER), current: queue.current - from };
}

export const loadQueue = (): Queue => recall('queue', isQueue, EMPTY);
export const saveQueue = (queue: Queue): void => remember('queue', worthKeeping(queue));
export const loadContinuation = (): Continuation | null => recall('continuation', isContinuation, null);
export const saveContinuation = (continuation: Continuation | null): void => remember('continuation', continuation);
export const loadOutput = (): SavedOutput => recall('output', isOutput, OUTPUT);
export const saveOutput = (output: SavedOutput): void => remember('output', output);
export const loadPosition = (): number => recall('position', isNumber, 0);
export const savePosition = (position_s: number): void => remember('position', Math.round(position_s * 10) / 10);
