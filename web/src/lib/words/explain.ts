// What the measured numbers mean, in plain words. Thresholds cite their source.

import type { Artist, Role, Track, TrackState } from '../api/types';
import { decimal, kilohertz, plural, signed } from './format';

/** Against -18 LUFS, the reference of ReplayGain 2.0, and about -14 LUFS, where streaming services play. */
export function loudnessWords(integrated_lufs: number): string {
  if (integrated_lufs > -9) return 'Very loud: mastered for maximum loudness.';
  if (integrated_lufs > -13) return 'Loud, like most modern pop and rock.';
  if (integrated_lufs > -16) return 'Moderate, about where streaming services play everything.';
  if (integrated_lufs > -23) return 'Restrained, with headroom above the music.';
  return 'Quiet, like many classical and field recordings.';
}

/** EBU Tech 3342 defines the measure; the words are ours. */
export function rangeWords(range_lu: number): string {
  if (range_lu < 4) return 'Even: the level hardly changes.';
  if (range_lu < 8) return 'Small difference between quiet and loud parts.';
  if (range_lu < 14) return 'Clear difference between quiet and loud parts.';
  return 'Very quiet and very loud parts: best in a quiet room.';
}

/** EBU R 128 asks for at most -1 dBTP. */
export function truePeakWords(true_peak_dbtp: number): string {
  if (true_peak_dbtp > 0) return 'Above full scale between samples: some players clip here. Fanfare lowers the level.';
  if (true_peak_dbtp > -1) return 'Close to full scale: no headroom.';
  return 'Below full scale, with headroom.';
}

export function gainWords(gain_db: number, limited: boolean): string {
  if (Math.abs(gain_db) < 0.5) return 'Already at the level where everything plays equally loud.';
  return gain_db < 0
    ? `Turned down ${decimal(-gain_db)} dB, to play as loud as the rest of the library.`
    : `Turned up ${decimal(gain_db)} dB, ${limited ? 'as far as its peaks allow' : 'to play as loud as the rest of the library'}.`;
}

export function tempoWords(bpm: number): string {
  if (bpm < 66) return 'slow';
  if (bpm < 90) return 'walking';
  if (bpm < 115) return 'moderate';
  if (bpm < 140) return 'lively';
  return bpm < 168 ? 'fast' : 'very fast';
}

export function confidenceWords(confidence: number): string {
  if (confidence >= 0.8) return 'sure';
  if (confidence >= 0.5) return 'fairly sure';
  return confidence >= 0.25 ? 'a guess' : 'a wild guess';
}

export const meterWords = (beatsPerBar: number): string => `${beatsPerBar} beats to the bar`;

/** "F# minor" with a real sharp sign. */
export const keyName = (key: string): string => key.replace('#', '♯').replace(/([A-G])b/, '$1♭');

const ANALYZERS: Record<string, string> = {
  loudness: 'Loudness', rhythm: 'Tempo and beats', key: 'Key', waveform: 'Waveform', fingerprint: 'Fingerprint', speech_music: 'Speech or music',
  dynamics: 'Dynamics', timbre: 'Timbre', acoustid: 'AcoustID',
};
/** A newer server may have other analyzers: they are shown by their id. */
export const analyzerName = (id: string): string => ANALYZERS[id] ?? id.replaceAll(/[-_]/g, ' ');

export const STATE_WORDS: Record<TrackState, string> = {
  queued: 'Waiting for analysis', processing: 'Being analyzed', enriching: 'Being enriched', ready: 'Analyzed',
  published: 'Public', failed: 'Cannot be read',
};
export const ROLE_WORDS: Record<Role, string> = { owner: 'Owner', listener: 'Listener' };

/** Whether the state will change by itself. */
export const isMoving = (state: TrackState): boolean => isPending(state) || state === 'enriching';
export const isPending = (state: TrackState): boolean => state === 'queued' || state === 'processing';

/** The size of the heading (app.css) for a title, so that a long one does not fill the page. */
export function titleSize(title: string): 'grand' | 'long' | 'longest' {
  return title.length > 80 ? 'longest' : title.length > 34 ? 'long' : 'grand';
}

/** The counts of an artist; an artist may have a release without a track of their own. */
export function artistCounts(artist: Artist): string[] {
  const found: string[] = [];
  if (artist.release_count > 0) found.push(plural(artist.release_count, 'release'));
  if (artist.track_count > 0) found.push(plural(artist.track_count, 'track'));
  return found;
}

const CODEC_NAMES: Record<string, string> = {
  flac: 'FLAC', alac: 'Apple Lossless', mp3: 'MP3', mp2: 'MP2', aac: 'AAC', vorbis: 'Ogg Vorbis', opus: 'Opus', ape: "Monkey's Audio",
  wavpack: 'WavPack', wma: 'WMA', tta: 'TrueAudio',
};
export const codecName = (codec: string): string =>
  CODEC_NAMES[codec] ?? (codec.startsWith('pcm') ? 'PCM' : codec.startsWith('dsd') ? 'DSD' : codec);

export function channelWords(channels: number): string {
  return ['silent', 'mono', 'stereo', '2.1', 'quadraphonic', '5.0', '5.1', '6.1', '7.1'][channels] ?? `${channels} channels`;
}

/** The format of the file in one line: "FLAC · 44.1 kHz · 16 bit · stereo". */
export function formatLine(track: Track): string {
  const parts: string[] = [];
  if (track.codec !== null) parts.push(codecName(track.codec));
  if (track.sample_rate_hz !== null) parts.push(kilohertz(track.sample_rate_hz));
  if (track.bit_depth !== null && track.lossless) parts.push(`${track.bit_depth} bit`);
  if (!track.lossless && track.bitrate_bps !== null) parts.push(`${Math.round(track.bitrate_bps / 1000)} kbit/s`);
  if (track.channels !== null) parts.push(channelWords(track.channels));
  return parts.join(' · ');
}


export const gainLabel = (gain_db: number): string => `${signed(gain_db)} dB`;
