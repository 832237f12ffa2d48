// The groups and labels of the server's settings on the page. The help texts come from the server.

export interface Group { id: string; title: string; lead: string; names: readonly string[] }
export const GROUPS: readonly Group[] = [
  {
    id: 'background', title: 'Background analysis', lead: 'When tracks are analyzed automatically, and how much of the processor that may use.',
    names: ['analysis.on_arrival', 'analysis.schedule', 'analysis.quiet_hours', 'analysis.budget_h', 'analysis.concurrency', 'analysis.pacing', 'analysis.cpu_share_percent', 'analysis.yield_while_playing'],
  },
  { id: 'library', title: 'Missing files', lead: 'What happens to tracks whose files are missing.', names: ['library.keep_missing_days'] },
  { id: 'uploads', title: 'Uploads', lead: 'Who may upload, and how much.', names: ['upload.listeners', 'upload.max_bytes', 'upload.quota_bytes', 'upload.keep_originals'] },
  { id: 'streaming', title: 'Streaming', lead: 'What HTTP Live Streaming offers to browsers and phones.', names: ['hls.ladder'] },
  {
    id: 'cache', title: 'Transcodes', lead: 'Transcodes of lossless tracks, for phones and slow connections.',
    names: ['audio_cache.enabled', 'audio_cache.default_quality', 'audio_cache.codec', 'audio_cache.on_miss', 'audio_cache.cap_bytes', 'audio_cache.max_age_days', 'audio_cache.precache_on_upload', 'audio_cache.precache_qualities', 'audio_cache.max_workers', 'audio_cache.max_encodes', 'audio_cache.max_encodes_per_user'],
  },
  { id: 'storage', title: 'Storage', lead: 'What happens to files in the data folder.', names: ['storage.quarantine_days'] },
  { id: 'tags', title: 'ReplayGain tags', lead: 'The database always has the values. Writing them into your files is optional.', names: ['replaygain.write_tags'] },
  { id: 'identify', title: 'AcoustID', lead: 'Identifies a recording by its fingerprint.', names: ['acoustid.key', 'acoustid.endpoint'] },
];

const LABELS: Record<string, string> = {
  'analysis.on_arrival': 'Analyze tracks when they arrive', 'analysis.schedule': 'Nightly run at', 'analysis.quiet_hours': 'Only between',
  'library.keep_missing_days': 'Keep missing tracks for', 'analysis.budget_h': 'Start new tracks for', 'analysis.concurrency': 'Tracks at a time', 'analysis.pacing': 'Pacing', 'analysis.cpu_share_percent': 'Processor share',
  'analysis.yield_while_playing': 'Pause while music plays', 'upload.max_bytes': 'Largest file', 'upload.quota_bytes': 'Space per user',
  'upload.keep_originals': 'Keep uploaded files', 'upload.listeners': 'Listeners may upload', 'hls.ladder': 'HLS ladder',
  'audio_cache.enabled': 'Transcode', 'audio_cache.default_quality': 'Default quality', 'audio_cache.codec': 'Format', 'audio_cache.on_miss': 'When a transcode does not exist yet',
  'audio_cache.cap_bytes': 'Size limit', 'audio_cache.max_age_days': 'Delete when unused for', 'audio_cache.precache_on_upload': 'Transcode new music ahead', 'audio_cache.precache_qualities': 'Qualities to transcode ahead',
  'audio_cache.max_workers': 'Files at a time, ahead', 'audio_cache.max_encodes': 'At a time, for all listeners', 'audio_cache.max_encodes_per_user': 'At a time, for one listener',
  'storage.quarantine_days': 'Keep files without a track for',
  'replaygain.write_tags': 'Write ReplayGain tags', 'acoustid.endpoint': 'Service', 'acoustid.key': 'Application key',
};
/** Of its field on the page. */
export const settingId = (name: string): string => `setting-${name.replace('.', '-')}`;
const PLACED = new Set(GROUPS.flatMap((group) => group.names));
/** The settings that a sentence names in backticks. */
export const settingsIn = (text: string): string[] => [...new Set([...text.matchAll(/`([a-z._]+)`/g)].map((found) => found[1] ?? '').filter((name) => PLACED.has(name)))];
export const labelOf = (name: string): string => LABELS[name] ?? name;

const CHOICES: Record<string, Record<string, string>> = {
  'audio_cache.codec': { mp3: 'MP3', opus: 'Opus', aac: 'AAC' },
  'audio_cache.default_quality': { original: 'Original', high: 'High', medium: 'Medium', low: 'Low' },
  'audio_cache.on_miss': { encode: 'Transcode while it plays', original: 'Send the original' },
};
/** The label of a choice; the server's own word if it has no label. */
export const choiceLabel = (name: string, word: string): string => CHOICES[name]?.[word] ?? word;

const SOURCES: Record<string, string> = { file: 'from the settings file', page: 'changed here', environment: 'from the environment', flag: 'from the command line' };
export const sourceWords = (source: string): string => SOURCES[source] ?? '';

/** 2147483648 as "2 GiB": the largest exact unit, with at most one decimal. */
export function bytesText(size: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = size;
  let unit = 0;
  while (value >= 1024 && value % 1024 === 0 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value} ${units[unit]}`;
}

/** The typed text as the value for the server; an unreadable text is sent unchanged, and the server refuses it with a reason. */
export function typed(type: string, text: string): string | number {
  const trimmed = text.trim();
  if (type !== 'count' && type !== 'number' && type !== 'bytes') return trimmed;
  return trimmed !== '' && Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed.replace(/\s*bytes?$/i, '');
}

/** A value as a field shows it. */
export function fieldText(type: string, value: unknown): string {
  if (type === 'bytes' && typeof value === 'number') return bytesText(value);
  return Array.isArray(value) ? value.join(', ') : value === null || value === undefined ? '' : String(value);
}
