// The shapes of the HTTP API, by the names that the pages use. They come from schema.gen.ts, which is generated from the
// server's own document: a field that the server drops or renames fails `npm run check`.

import type { components, operations } from './schema.gen';

type Schemas = components['schemas'];

export type Role = Schemas['Role'];
export type Me = Schemas['Me'];
export type Status = Schemas['Status'];
export type LibraryCounts = Schemas['Library'];

export type TrackState = Schemas['TrackState'];
/** Whether qualities mean something for it, and which of them are ready. */
export interface Cachable { transcodable?: boolean; cached?: string[] }
export type Track = Schemas['Track'] & Cachable;
/** What `POST /tracks` answers: the track, and whether its bytes were here already. */
export type UploadedTrack = Track & { duplicate: boolean };
export type CatalogTrack = Schemas['CatalogTrack'];
export type Artist = Schemas['Artist'];
export type Release = Schemas['Release'];
export interface Page<T> { items: T[]; total: number; offset: number }

export type Loudness = Schemas['Loudness'];
export type Rhythm = Schemas['Rhythm'];
export type Key = Schemas['Key'];
export type Dynamics = Schemas['Dynamics'];
export type Features = Schemas['Features'];
export type Enrichment = Schemas['Enrichment'];
export type Waveform = Schemas['TrackWaveform'];

export type Folder = Schemas['Folder'];
export type Task = Schemas['Task'];
export type TaskFailure = Schemas['TaskFailure'];
export type TaskKind = Schemas['TaskKind'];
export type Schedule = Schemas['Schedule'];
export type Setting = Schemas['Setting'];
export type SettingValue = string | number | boolean | string[] | null;
export type TaskState = Schemas['TaskState'];
/** What `GET /events` sends as `event: task`. */
export type TaskEvent = Schemas['TaskEvent'];
export type User = Schemas['User'];
export type ApiKey = Schemas['ApiKey'];
export type NewApiKey = Schemas['NewApiKey'];
export type ProblemDocument = Partial<Schemas['Problem']>;

export type Quality = 'original' | 'high' | 'medium' | 'low';
export interface CacheStatus {
  enabled: boolean;
  /** For owners. */
  folder: string | null;
  codec: string;
  default_quality: string;
  on_miss: string;
  precache_on_upload: boolean;
  cap_bytes: number;
  size_bytes: number;
  hls_bytes: number;
  files: number;
  hits: number;
  misses: number;
  encoding: number;
  oldest_used: string | null;
  qualities: { quality: string; bitrate_bps: number; files: number; bytes: number }[];
  max_workers: number;
  encoder: { name: string; available: boolean; problem: string | null; remedy: string | null };
}
/** Which tracks a run of the cache is about. */
export type CacheScope = { tracks: string[] } | { release: string } | { artist: string } | { mixtape: string } | { search: string } | { all: true };
export interface CacheRun { scope: CacheScope; qualities?: string[]; workers?: number }
export interface CacheCheck {
  checked: number; ready: number; missing: number; stale: number; damaged: number;
  tracks: { track: string; title: string; qualities: Record<string, string> }[];
}
export interface CacheExplained {
  track: string;
  title: string;
  source: { codec: string | null; lossless: boolean; hash: string | null; size_bytes: number };
  qualities: { quality: string; expected_file: string | null; found: boolean; state: string; size_bytes: number | null; reason: string | null; remedy: string | null }[];
}

export interface Mixtape {
  slug: string;
  title: string;
  notes: string;
  cover: string | null;
  cover_given: boolean;
  owner: string | null;
  mine: boolean;
  /** Its maker may, and owners of the server. */
  may_change: boolean;
  created: string;
  updated: string;
  track_count: number;
  duration_s: number;
  missing: number;
  /** In the single answer. */
  tracks?: MixtapeEntry[];
}
/** What stays of a track that is gone keeps its place. */
export interface MixtapeEntry { position: number; id: string; track: Track | null; title: string; artist: string | null; duration_s: number | null }
export interface MixtapeChange { title?: string; notes?: string; tracks?: string[] }
export interface Share { id: string; created: string; expires: string | null; expired: boolean; download: boolean; password: boolean }
/** Only the answer to its making has the token and the code. */
export interface NewShare extends Share { token: string; url: string; qr_svg: string }
export interface SharedTrack {
  id: string; title: string; artist: string | null; duration_s: number | null; has_cover?: boolean; replaygain_track_gain_db?: number | null; true_peak_dbtp?: number | null;
}
export interface Shared { title: string; notes: string | null; cover: string | null; download: boolean; expires: string | null; owner: string | null; tracks: SharedTrack[] }

/** The questions that the list of tracks answers, without the page asked for. */
export type TrackQuery = Omit<NonNullable<operations['tracks']['parameters']['query']>, 'offset' | 'limit'>;
export type CatalogQuery = Omit<NonNullable<operations['catalog']['parameters']['query']>, 'offset' | 'limit'>;
export type TrackSort = NonNullable<TrackQuery['sort']>;
export type Order = NonNullable<TrackQuery['order']>;
