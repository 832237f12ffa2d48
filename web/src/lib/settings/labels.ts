// How the settings of the server are grouped and called on the page; what they do is said by the server's own list.

export interface Group { id: string; title: string; lead: string; names: readonly string[] }
export const GROUPS: readonly Group[] = [
  {
    id: 'background', title: 'Background hearing', lead: 'When tracks are heard by themselves, and how gently.',
    names: ['analysis.on_arrival', 'analysis.schedule', 'analysis.quiet_hours', 'analysis.budget_h', 'analysis.concurrency', 'analysis.pacing', 'analysis.cpu_share_percent', 'analysis.yield_while_playing'],
  },
  { id: 'library', title: 'Missing files', lead: 'What becomes of tracks whose files are not where they were.', names: ['library.keep_missing_days'] },
  { id: 'uploads', title: 'Uploads', lead: 'Who may send what.', names: ['upload.listeners', 'upload.max_bytes', 'upload.quota_bytes', 'upload.keep_originals'] },
  { id: 'streaming', title: 'Streaming', lead: 'What HTTP Live Streaming offers to browsers and phones.', names: ['hls.ladder'] },
  {
    id: 'cache', title: 'Small files', lead: 'What is kept of lossless tracks for phones and slow lines.',
    names: ['audio_cache.enabled', 'audio_cache.default_quality', 'audio_cache.codec', 'audio_cache.on_miss', 'audio_cache.cap_bytes', 'audio_cache.max_age_days', 'audio_cache.precache_on_upload', 'audio_cache.precache_qualities', 'audio_cache.max_workers', 'audio_cache.max_encodes', 'audio_cache.max_encodes_per_user'],
  },
  { id: 'storage', title: 'Storage', lead: 'What happens to files in the data folder.', names: ['storage.quarantine_days'] },
  { id: 'tags', title: 'ReplayGain tags', lead: 'The database always has the values; writing them into files is up to you.', names: ['replaygain.write_tags'] },
  { id: 'identify', title: 'AcoustID', lead: 'Looks up what a recording is, by its fingerprint.', names: ['acoustid.key', 'acoustid.endpoint'] },
];

const LABELS: Record<string, string> = {
  'analysis.on_arrival': 'Hear tracks as they arrive', 'analysis.schedule': 'Nightly run at', 'analysis.quiet_hours': 'Only between',
  'library.keep_missing_days': 'Keep missing tracks for days', 'analysis.budget_h': 'Starts new tracks for', 'analysis.concurrency': 'Tracks at a time', 'analysis.pacing': 'Pacing', 'analysis.cpu_share_percent': 'Processor share',
  'analysis.yield_while_playing': 'Stand back while something plays', 'upload.max_bytes': 'Largest file', 'upload.quota_bytes': 'Space for each person',
  'upload.keep_originals': 'Keep uploaded files', 'upload.listeners': 'Listeners may upload', 'hls.ladder': 'Ladder',
  'audio_cache.enabled': 'Make small files', 'audio_cache.default_quality': 'Quality unless chosen', 'audio_cache.codec': 'Format', 'audio_cache.on_miss': 'When one is not there yet',
  'audio_cache.cap_bytes': 'Room', 'audio_cache.max_age_days': 'Let go after days unused', 'audio_cache.precache_on_upload': 'Make them when music arrives', 'audio_cache.precache_qualities': 'In which qualities',
  'audio_cache.max_workers': 'Files at a time', 'audio_cache.max_encodes': 'At once, for all listeners', 'audio_cache.max_encodes_per_user': 'At once, for one listener',
  'storage.quarantine_days': 'Keep files without a track for',
  'replaygain.write_tags': 'Write ReplayGain tags', 'acoustid.endpoint': 'Service', 'acoustid.key': 'Application key',
};
/** Of its field on the page. */
export const settingId = (name: string): string => `setting-${name.replace('.', '-')}`;
const PLACED = new Set(GROUPS.flatMap((group) => group.names));
/** The settings of the page that a sentence names between backticks. */
export const settingsIn = (text: string): string[] => [...new Set([...text.matchAll(/`([a-z._]+)`/g)].map((found) => found[1] ?? '').filter((name) => PLACED.has(name)))];
export const labelOf = (name: string): string => LABELS[name] ?? name;

const CHOICES: Record<string, Record<string, string>> = {
  'audio_cache.codec': { mp3: 'MP3', opus: 'Opus', aac: 'AAC' },
  'audio_cache.default_quality': { original: 'Original', high: 'High', medium: 'Medium', low: 'Low' },
  'audio_cache.on_miss': { encode: 'Make it while it plays', original: 'Send the original' },
};
/** What a word to choose is called on the page; as the server says it where nobody named it yet. */
export const choiceLabel = (name: string, word: string): string => CHOICES[name]?.[word] ?? word;

const SOURCES: Record<string, string> = { file: 'from the settings file', page: 'changed here', environment: 'from the environment', flag: 'from the command line' };
export const sourceWords = (source: string): string => SOURCES[source] ?? '';

/** 2147483648 as "2 GiB": the largest unit that says it exactly, with one decimal at most. */
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

/** What was typed into a field as the value that the server takes; a text it cannot read is sent as it is, and refused with a reason. */
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
