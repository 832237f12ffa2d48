// The shapes of the HTTP API (`/api/v1`), snake_case as sent. Units are in the names.

export type Role = 'owner' | 'listener';
export interface Me { id: string; name: string; role: Role }
export interface Status { version: string; ui: 'built' | 'placeholder'; setup_needed: boolean; signed_in: boolean }
export interface LibraryCounts {
  tracks: number; queued: number; processing: number; ready: number; failed: number;
  artists: number; releases: number; duration_s: number;
}

export type TrackState = 'queued' | 'processing' | 'enriching' | 'ready' | 'published' | 'failed';
export interface TrackFailure { kind: string; message: string; next_retry: string | null }
export interface Track {
  id: string;
  title: string;
  artist: { id: string; name: string } | null;
  release: { id: string; title: string } | null;
  album_artist: string | null;
  genre: string | null;
  year: number | null;
  track_number: number | null;
  disc_number: number | null;
  state: TrackState;
  failure: TrackFailure | null;
  codec: string | null;
  container: string | null;
  sample_rate_hz: number | null;
  channels: number | null;
  bit_depth: number | null;
  bitrate_bps: number | null;
  duration_s: number | null;
  lossless: boolean;
  size_bytes: number;
  relative_path: string;
  has_cover: boolean;
  tempo_bpm: number | null;
  key: string | null;
  camelot: string | null;
  integrated_lufs: number | null;
  true_peak_dbtp: number | null;
  replaygain_track_gain_db: number | null;
  added: string;
  updated: string;
}

export interface Page<T> { items: T[]; total: number; offset: number }
export interface Artist { id: string; name: string; track_count: number; release_count: number }
export interface Release {
  id: string; title: string; artist_id: string | null; artist_name: string | null;
  year: number | null; track_count: number; has_cover: boolean;
}

export interface Loudness {
  integrated_lufs: number | null; range_lu: number | null;
  momentary_max_lufs: number | null; short_term_max_lufs: number | null;
  sample_peak_dbfs: number | null; true_peak_dbtp: number | null;
  replaygain_track_gain_db: number | null; replaygain_track_peak: number | null;
}
export interface Rhythm {
  tempo_bpm: number | null; tempo_confidence: number | null; beats_s: number[]; downbeats_s: number[];
  beats_per_bar: number | null; onset_rate_hz: number | null; danceability: number | null;
}
export interface Key { tonic: string; mode: 'major' | 'minor'; confidence: number; camelot: string }
export interface Dynamics {
  complexity_db: number | null; rms_dbfs: number | null; crest_db: number | null;
  clipped_frames: number; silence_head_s: number; silence_tail_s: number;
}
/** The parts of the features that the pages show; the answer holds more. */
export interface Features {
  loudness?: Loudness | null; rhythm?: Rhythm | null; key?: Key | null; dynamics?: Dynamics | null; warnings: string[];
}
export interface Waveform { columns: number; peaks: number[]; rms: number[]; duration_s: number | null }

export interface Folder { id: string; path: string; added: string; scanned: string | null }
export type TaskKind = 'scan' | 'analysis';
export type TaskState = 'waiting' | 'running' | 'succeeded' | 'partial_success' | 'failed' | 'cancelled';
export interface TaskFailure { subject: string; kind: string; message: string }
export interface Task {
  id: string; kind: TaskKind; state: TaskState; step: string; current: number; total: number;
  current_item: string | null; message: string; failure_count: number; failures: TaskFailure[];
  created: string; started: string | null; ended: string | null;
}
/** What `GET /events` sends as `event: task`. */
export interface TaskEvent {
  task_id: string; kind: TaskKind; step: string; status: string; message: string;
  current: number; total: number; current_item: string | null; failure_count: number; timestamp: string;
}
export interface User { id: string; name: string; role: Role; created?: string }
export interface ApiKey { id: string; name: string; created?: string; last_used?: string | null }
export interface NewApiKey { id: string; name: string; secret: string }

export type TrackSort = 'title' | 'artist' | 'album' | 'added' | 'duration' | 'tempo' | 'loudness';
export type Order = 'asc' | 'desc';
export interface TrackQuery {
  search?: string; sort?: TrackSort; order?: Order; artist?: string; release?: string; state?: TrackState;
}
