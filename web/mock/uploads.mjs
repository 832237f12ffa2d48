// Fake uploads: a file becomes a track, which is analyzed and enriched a moment later.

import { createHash } from 'node:crypto';

const STATES = ['processing', 'enriching', 'ready'];

export function makeUploads(catalog, tasks, tick_ms) {
  const known = new Map();

  /** The file of a multipart body: enough for what a browser sends. */
  function fileOf(body, type) {
    const boundary = /boundary=(.+)$/.exec(type ?? '')?.[1];
    const end = body.indexOf('\r\n\r\n');
    if (!boundary || end < 0) return null;
    const name = /filename="([^"]*)"/.exec(body.subarray(0, end).toString())?.[1] ?? 'file';
    return { name, bytes: body.subarray(end + 4, body.lastIndexOf(`\r\n--${boundary}`)) };
  }

  function take(body, type) {
    const file = fileOf(body, type);
    if (file === null) return { status: 400, problem: ['invalid', 'no file', 'the body holds no file', 'send it as multipart/form-data in the field `file`'] };
    if (!/^(fLaC|RIFF|ID3|OggS)/.test(file.bytes.subarray(0, 4).toString('latin1'))) {
      return { status: 415, problem: ['not-audio', 'Unsupported Media Type', `${file.name} is text, not audio`, 'send a file of music, whatever its name'] };
    }
    const hash = createHash('sha256').update(file.bytes).digest('hex');
    if (known.has(hash)) return { status: 200, track: { ...known.get(hash), duplicate: true } };
    const index = catalog.tracks.length;
    const title = file.name.replace(/\.[^.]+$/, '');
    const track = {
      ...catalog.tracks[2], id: '0003' + index.toString(16).padStart(28, '0'), title, relative_path: file.name, size_bytes: file.bytes.length, state: 'queued', failure: null,
      home: 'upload', enrichment: 'pending', has_cover: false, added: new Date().toISOString(), tempo_bpm: null, key: null, camelot: null, integrated_lufs: null, true_peak_dbtp: null, replaygain_track_gain_db: null,
    };
    catalog.add(track);
    known.set(hash, track);
    tasks.start('upload', 4, 0);
    const steps = [...STATES];
    const timer = setInterval(() => {
      if (file.bytes.includes('broken')) {
        Object.assign(track, { state: 'failed', failure: { kind: 'malformed', message: 'the file ends in the middle of a frame', offset_bytes: 4096, next_retry: null } });
        return clearInterval(timer);
      }
      track.state = steps.shift() ?? track.state;
      if (track.state === 'ready') {
        Object.assign(track, { enrichment: 'completed', tempo_bpm: 96, key: 'C major', camelot: '8B', integrated_lufs: -14.1, true_peak_dbtp: -1.2, replaygain_track_gain_db: -3.9 });
        clearInterval(timer);
      }
    }, tick_ms * 2);
    timer.unref();
    return { status: 201, track: { ...track, duplicate: false } };
  }
  return { take };
}
