// The mock: the HTTP API of ../docs/openapi.json over a made-up library, with the pages from ../dist.
// It is for development and the browser test; it stores nothing and protects nothing.

import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { makeCache } from './cache.mjs';
import { makeCatalog, select } from './catalog.mjs';
import { makeMixtapes } from './mixtapes.mjs';
import { makeParked } from './parked.mjs';
import { makeQuarantine } from './quarantine.mjs';
import { coverSvg, waveform, wavBytes, wavSlice } from './sound.mjs';
import { makeSettings } from './settings.mjs';
import { makeTasks } from './tasks.mjs';
import { makeUploads } from './uploads.mjs';

/** @type {{missing: number, missing_since: string | null, removed_from: string | null, away: object[]}} */
const NOTHING_MISSING = { missing: 0, missing_since: null, removed_from: null, away: [] };
const DIST = new URL('../dist', import.meta.url).pathname;
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.png': 'image/png', '.webmanifest': 'application/manifest+json' };
// As strict as the real server's.
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
  + "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** @param {{tracks?: number, empty?: boolean, owner?: boolean, tick_ms?: number, noEncoder?: boolean, cacheOff?: boolean, cacheEmpty?: boolean, cacheFull?: boolean, noTapes?: boolean, missing?: object, storage?: object}} options */
export function makeMock(options = {}) {
  const catalog = makeCatalog(options.tracks ?? 100_000);
  const token = 'mock-setup-token';
  const tasks = makeTasks(options.tick_ms ?? 250);
  const uploads = makeUploads(catalog, tasks, options.tick_ms ?? 250);
  const cache = makeCache(catalog, tasks, options);
  const mixtapes = makeMixtapes(catalog, cache.shown, () => `http://127.0.0.1:${server.address().port}`, options);
  const settings = makeSettings();
  const parked = makeParked(catalog, options);
  const quarantine = makeQuarantine(options);
  const users = options.owner ? [{ id: 'a'.repeat(32), name: 'demo', role: 'owner', password: 'demo demo demo' }] : [];
  const keys = [];
  const folders = options.empty ? [] : [{ id: 'f'.repeat(32), path: '/srv/music', added: new Date().toISOString(), scanned: new Date().toISOString(), ...NOTHING_MISSING, ...options.missing }];
  let serial = 0;

  const beginScan = () => tasks.start('scan', 4_000, 0, () => tasks.start('analysis', 400, 90, () => {
    for (const track of catalog.tracks) {
      if (track.state === 'queued') Object.assign(track, { state: 'ready', tempo_bpm: 120, key: 'A minor', camelot: '8A', integrated_lufs: -11.2, true_peak_dbtp: -0.4, replaygain_track_gain_db: -6.8 });
    }
  }));
  const nightly = { last: null };
  const runNightly = () => {
    const under = [...tasks.tasks.values()].find((task) => task.kind === 'nightly' && task.state === 'running');
    return under ?? (nightly.last = tasks.start('nightly', 120, 50));
  };
  if (!options.empty) beginScan();
  const shown = () => (folders.length > 0 ? catalog : { artists: [], releases: [], tracks: [] });

  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://mock');
    const json = (status, value, headers = {}) => {
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
      response.end(value === undefined ? '' : JSON.stringify(value));
    };
    const problem = (status, kind, title, detail, remedy) => {
      response.writeHead(status, { 'Content-Type': 'application/problem+json' });
      response.end(JSON.stringify({ type: `about:blank#${kind}`, title, status, detail, kind, remedy }));
    };
    const missing = (what) => problem(404, 'not-found', 'not found', `there is no such ${what}`);
    const user = users.find((known) => request.headers.cookie?.includes(`fanfare_session=${known.id}`));
    if (!url.pathname.startsWith('/api/')) return page(url.pathname, response);

    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const sent = Buffer.concat(parts);
      const isText = request.headers['content-type']?.startsWith('application/json') === true;
      const body = isText && sent.length > 0 ? JSON.parse(sent.toString()) : {};
      const path = url.pathname.replace('/api/v1', '');
      const [, head, id, ...rest] = path.split('/');
      const tail = rest.join('/');
      const route = `${request.method === 'HEAD' ? 'GET' : request.method} /${[head, id && ':id', tail].filter(Boolean).join('/')}`;
      const paged = (items) => {
        const offset = Number(url.searchParams.get('offset') ?? 0);
        const limit = Number(url.searchParams.get('limit') ?? 50);
        json(200, { items: items.slice(offset, offset + limit), total: items.length, offset });
      };
      const found = (items, what) => {
        const item = items.find((known) => known.id === id);
        return item ? json(200, item) : missing(what);
      };
      const enter = (status, who) => json(status, self(who), { 'Set-Cookie': `fanfare_session=${who.id}; HttpOnly; SameSite=Strict; Path=/` });
      const search = (url.searchParams.get('search') ?? '').toLowerCase();

      if (route === 'GET /status') return json(200, { version: '0.0.0-mock', ui: 'built', setup_needed: users.length === 0, signed_in: !!user, storage: options.storage ?? null });
      if (route === 'POST /setup') {
        if (users.length > 0) return problem(409, 'conflict', 'an owner exists', 'the first account was already created', 'sign in instead');
        if (body.token !== token) return problem(403, 'denied', 'this link does not work', 'the link was used or is not from this start of the server', 'restart the server to get a new one');
        users.push({ id: 'a'.repeat(32), name: body.name, role: 'owner', password: body.password });
        return enter(201, users[0]);
      }
      if (route === 'POST /login') {
        const known = users.find((one) => one.name === body.name && one.password === body.password);
        return known ? enter(200, known) : problem(401, 'unauthenticated', 'not signed in', 'name or password is wrong');
      }
      const stranger = ['catalog', 'tracks'].includes(head) && request.method === 'GET';
      if (route === 'GET /catalog') {
        const found = catalog.tracks.filter((one) => one.state === 'published' && one.title.toLowerCase().includes(search));
        return paged(found.map((one) => ({ ...one, artist: one.artist.name, release: one.release?.title ?? null })));
      }
      if (head === 'mixtapes' && user || head === 'shared') {
        const fetchable = { warm: (list) => cache.warm(list, {}), refusal: cache.refusal, audio, columns: waveform, cover, verify: (list) => cache.verify(list, {}) };
        return mixtapes.handle({ route, id, tail, user, body, sent, request, json, problem, missing, response, ...fetchable });
      }
      if (!user && !(stranger && catalog.byId.get(id)?.state === 'published')) return problem(401, 'unauthenticated', 'not signed in', 'sign in first');

      if (head === 'jobs') {
        if (user?.role !== 'owner') return problem(403, 'denied', 'Forbidden', 'only owners may do that', 'ask an owner of the server');
        return json(...parked.handle(request.method, path.split('/'), url.searchParams));
      }
      if (head === 'quarantine') return json(...quarantine.handle(route, path.split('/'), catalog.tracks[0]));
      const { artists, releases, tracks } = shown();
      const track = head === 'tracks' && id ? catalog.byId.get(id) : undefined;
      if (head === 'tracks' && id && track?.id !== id) return missing('track');
      const state = (name) => tracks.filter((one) => one.state === name).length;
      switch (route) {
        case 'POST /logout': return json(204, undefined, { 'Set-Cookie': 'fanfare_session=; Path=/; Max-Age=0' });
        case 'GET /me': return json(200, self(user));
        case 'POST /me/:id': return body.current_password === user.password ? json(204) : problem(403, 'denied', 'wrong password', 'the present password is not right');
        case 'GET /library': return json(200, {
          tracks: tracks.length, queued: state('queued'), processing: 0, ready: state('ready'), failed: state('failed'), missing: 0,
          artists: artists.length, releases: releases.length, duration_s: tracks.length * 225, trouble: null,
        });
        case 'GET /tracks': {
          const offset = Number(url.searchParams.get('offset') ?? 0);
          const list = folders.length > 0 ? select(catalog, url.searchParams) : [];
          return json(200, { items: list.slice(offset, offset + Number(url.searchParams.get('limit') ?? 50)).map(cache.shown), total: list.length, offset });
        }
        case 'POST /tracks': {
          const taken = uploads.take(sent, request.headers['content-type']);
          return taken.problem ? problem(taken.status, ...taken.problem) : json(taken.status, taken.track);
        }
        case 'PATCH /tracks/:id':
          if (track.state !== 'ready' && track.state !== 'published') return problem(409, 'conflict', 'Conflict', `the track is ${track.state}, not ready`, 'publish it when it is ready');
          Object.assign(track, { state: body.state, published: body.state === 'published' ? new Date().toISOString() : null });
          return json(200, track);
        case 'DELETE /tracks/:id':
          if (track.home === 'folder') return problem(409, 'conflict', 'Conflict', "the track's file lies in a library folder", 'remove the file from the folder');
          catalog.remove(track);
          return json(204);
        case 'GET /settings': return json(200, { items: settings.rows });
        case 'PATCH /settings': {
          const wrong = settings.change(body.values);
          return wrong ? problem(400, 'invalid', 'Bad Request', wrong) : json(200, { items: settings.rows });
        }
        case 'GET /tracks/:id': return json(200, cache.shown(track));
        case 'GET /tracks/:id/features': return json(200, features(track));
        case 'GET /tracks/:id/waveform/columns': return track.integrated_lufs === null
          ? problem(404, 'not-found', 'not analyzed yet', 'this track was not analyzed yet', 'it appears by itself') : json(200, waveform(track));
        case 'GET /tracks/:id/audio': {
          const sent = cache.serve(track, url.searchParams.get('quality'));
          if (sent === null) {
            response.setHeader('Retry-After', '1');
            return problem(429, 'busy', 'Too Many Requests', 'as many files are being made as the server may make at once', 'wait a moment, or listen to the original');
          }
          return audio(track, request, response, sent);
        }
        case 'GET /cache': return json(200, cache.status(user.role === 'owner'));
        case `GET /cache/:id/${tail}`: {
          const known = catalog.byId.get(tail);
          return known ? json(200, cache.explain(known)) : missing('track');
        }
        case 'POST /cache/:id': {
          if (user.role !== 'owner') return problem(403, 'denied', 'Forbidden', 'only owners may do that', 'ask an owner of the server');
          if (id === 'clear') return json(200, cache.clear(body));
          const refused = cache.refusal(id, body);
          if (refused) return problem(...refused);
          const list = cache.within(body.scope, mixtapes.byScope);
          if (id === 'verify') return json(200, cache.verify(list, body));
          return json(202, cache.warm(list, body));
        }
        case 'GET /tracks/:id/cover': return track.has_cover ? cover(track.release.id, response) : missing('cover');
        case 'POST /tracks/:id/retry':
          if (track.state === 'ready' && track.enrichment === 'failed') {
            Object.assign(track, { enrichment: 'pending', enrichment_error: null });
            tasks.start('upload', 4, 0, () => Object.assign(track, { enrichment: 'completed' }));
          } else Object.assign(track, { state: 'queued', failure: null });
          return json(202, track);
        case 'GET /artists': return paged(artists.filter((one) => one.name.toLowerCase().includes(search)));
        case 'GET /artists/:id': return found(artists, 'artist');
        case 'GET /releases': {
          const artist = url.searchParams.get('artist');
          return paged(releases.filter((one) => (!artist || one.artist_id === artist) && `${one.title} ${one.artist_name}`.toLowerCase().includes(search)));
        }
        case 'GET /releases/:id': return found(releases, 'release');
        case 'GET /releases/:id/gain': return json(200, { gain_db: -7.4, peak: 0.98, reason: null, missing: ['Broken Song: the flac frame at byte 81920 is cut off', 'Lost Song: the file is missing'] });
        case 'GET /releases/:id/cover': return cover(id, response);
        case 'GET /folders': return json(200, { items: folders });
        case 'POST /folders':
          if (!body.path.startsWith('/')) return problem(400, 'invalid', 'not a folder', `${body.path} is not an absolute path`, 'enter the whole path, for example /home/me/Music');
          folders.push({ id: String(++serial).padStart(32, 'f'), path: body.path, added: new Date().toISOString(), scanned: null, ...NOTHING_MISSING });
          beginScan();
          return json(201, folders.at(-1));
        case 'DELETE /folders/:id': folders.splice(folders.findIndex((one) => one.id === id), 1); return json(204);
        case 'DELETE /folders/:id/missing': {
          const folder = folders.find((one) => one.id === id);
          if (!folder) return missing('folder');
          const removed = folder.missing;
          Object.assign(folder, NOTHING_MISSING);
          return json(200, { removed });
        }
        case 'POST /scan': return json(202, beginScan());
        case 'GET /tasks': return json(200, { items: [...tasks.tasks.values()] });
        case 'GET /tasks/:id': if (id === 'schedule') return json(200, { schedule: '00:00', quiet_hours: null, next: new Date(Date.now() + 5 * 3_600_000).toISOString(), last: nightly.last }); return found([...tasks.tasks.values()], 'task');
        case 'POST /tasks/:id/run': return json(202, runNightly());
        case 'POST /tasks/:id/cancel': return json(202, tasks.cancel(id));
        case 'POST /tasks/:id/retry': return json(202, tasks.tasks.get(id)?.kind === 'cache' ? cache.warm(catalog.tracks.slice(0, 200), {}) : beginScan());
        case 'GET /events': return tasks.stream(request, response);
        case 'GET /users': return json(200, { items: users.map(({ password: _, ...one }) => one) });
        case 'POST /users': users.push({ id: String(++serial).padStart(32, 'a'), ...body }); return json(201, { id: users.at(-1).id, name: body.name, role: body.role });
        case 'DELETE /users/:id': users.splice(users.findIndex((one) => one.id === id), 1); return json(204);
        case 'GET /keys': return json(200, { items: keys });
        case 'POST /keys': keys.push({ id: String(++serial).padStart(32, 'b'), name: body.name, created: new Date().toISOString(), last_used: null }); return json(201, { ...keys.at(-1), secret: 'fan_mock_8f2c51d07ab94e6d9c3a' });
        case 'DELETE /keys/:id': keys.splice(keys.findIndex((one) => one.id === id), 1); return json(204);
        default: return missing('page');
      }
    });
  });
  return { server, token };
}

const self = (who) => ({ id: who.id, name: who.name, role: who.role, may_upload: who.role === 'owner', upload_max_bytes: 2 ** 31 });

const NOTHING = {
  loudness: null, rhythm: null, key: null, waveform: null, fingerprint: null, speech_music: null, dynamics: null, timbre: null, embedding: null, enrichment: null, warnings: [], analyzed_at: null, analyzers: [],
};

function features(track) {
  if (track.integrated_lufs === null) return { ...NOTHING };
  const key = track.key && { tonic: track.key.split(' ')[0], mode: track.key.split(' ')[1], confidence: 0.81, camelot: track.camelot };
  const estimate = (value) => ({ value, method: 'from tempo, onsets and level; made up by the mock' });
  return {
    ...NOTHING,
    embedding: { model: 'fanfare-descriptors', version: '1', dimensions: 64 },
    enrichment: { danceability: estimate(0.72), energy: estimate(0.55), valence: estimate(0.38), arousal: estimate(0.6), voice: null, missing: [{ figure: 'voice', reason: 'nothing_to_read_from', message: 'no part of it is sung or spoken' }] },
    loudness: {
      integrated_lufs: track.integrated_lufs, range_lu: 7.4, momentary_max_lufs: track.integrated_lufs + 5, short_term_max_lufs: track.integrated_lufs + 3.2,
      sample_peak_dbfs: track.true_peak_dbtp - 0.4, true_peak_dbtp: track.true_peak_dbtp, replaygain_track_gain_db: track.replaygain_track_gain_db, replaygain_track_peak: 10 ** (track.true_peak_dbtp / 20),
    },
    rhythm: { tempo_bpm: track.tempo_bpm, tempo_confidence: 0.86, beats_s: [], downbeats_s: [], beats_per_bar: 4, onset_rate_hz: 3.1, danceability: 1.2 },
    analyzed_at: '2026-11-21T07:40:00.000Z',
    analyzers: ['dynamics', 'fingerprint', 'key', 'loudness', 'rhythm', 'speech_music', 'timbre', 'waveform'].map((analyzer, index) => ({
      analyzer, version: 1 + (index % 3), outcome: 'ok', analyzed_at: index === 5 ? null : `2026-11-${analyzer === 'key' ? '21T07:40' : '14T18:05'}:00.000Z`,
    })),
    key, dynamics: { complexity_db: 3.1, rms_dbfs: -14, crest_db: 13, clipped_frames: 0, silence_head_s: 0.2, silence_tail_s: 1.4 },
    warnings: key === null ? ['no clear key: the energy is spread over all pitch classes', 'no steady beat found'] : [],
  };
}

function cover(releaseId, response) {
  response.writeHead(200, { 'Content-Type': 'image/svg+xml', 'Cache-Control': 'max-age=31536000, immutable' });
  response.end(coverSvg(parseInt(releaseId.slice(-8), 16)));
}

function audio(track, request, response, fields = {}) {
  if (track.codec === 'ape') {
    response.writeHead(200, { 'Content-Type': 'audio/x-ape', 'Content-Length': 4096 });
    return response.end(Buffer.alloc(4096, 7));
  }
  const size = wavBytes(track);
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const from = range ? Number(range[1]) : 0;
  const to = range?.[2] ? Math.min(size, Number(range[2]) + 1) : size;
  const headers = { 'Content-Type': 'audio/wav', 'Accept-Ranges': 'bytes', 'Content-Length': to - from, ...fields };
  response.writeHead(range ? 206 : 200, range ? { ...headers, 'Content-Range': `bytes ${from}-${to - 1}/${size}` } : headers);
  if (request.method === 'HEAD') return response.end();
  let at = from;
  const more = () => {
    while (at < to && !response.destroyed) {
      const end = Math.min(to, at + 65_536);
      const went = response.write(wavSlice(track, at, end));
      at = end;
      if (!went) return response.once('drain', more);
    }
    response.end();
  };
  more();
}

function page(path, response) {
  const file = join(DIST, normalize(path === '/' || path === '/s/' ? '/index.html' : path));
  if (!file.startsWith(DIST) || !existsSync(file) || !statSync(file).isFile()) {
    response.writeHead(404, { 'Content-Type': 'text/plain' });
    return response.end('not found: run `npm run build` first\n');
  }
  response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': CSP, 'X-Content-Type-Options': 'nosniff' });
  createReadStream(file).pipe(response);
}
