// Fake mixtapes: in memory, shared by tokens that every user of the mock may open.

import { coverSvg } from './sound.mjs';

const NOTES = 'For the night train to Lisbon. Starts awake, ends with the lights off; nothing above a murmur after Santarém.';
/** Looks like a QR code, but cannot be read: the mock needs no encoder. */
const QR = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 29 29" shape-rendering="crispEdges"><rect width="29" height="29" fill="#fff"/><path fill="#000" d="${Array.from({ length: 21 * 21 }, (_, at) => {
  const [x, y] = [at % 21, Math.floor(at / 21)];
  const corner = [[0, 0], [14, 0], [0, 14]].find(([cx, cy]) => x >= cx && x < cx + 7 && y >= cy && y < cy + 7);
  const on = corner ? [0, 6].includes(x - corner[0]) || [0, 6].includes(y - corner[1]) || (Math.abs(x - corner[0] - 3) < 2 && Math.abs(y - corner[1] - 3) < 2) : (x * 7 + y * 13 + x * y) % 3 === 0;
  return on ? `M${x + 4} ${y + 4}h1v1h-1z` : '';
}).join('')}"/></svg>`;

export function makeMixtapes(catalog, shown, address, options = {}) {
  const tapes = new Map();
  const guests = new Map();
  let serial = 0;
  const hasEnded = (share) => share.expires !== null && Date.parse(share.expires) < Date.now();
  const slugOf = (title) => {
    const base = title.toLowerCase().normalize('NFKD').replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '') || 'mixtape';
    let slug = base;
    for (let number = 2; tapes.has(slug); number++) slug = `${base}-${number}`;
    return slug;
  };
  const answer = (tape, user, whole) => {
    const entries = tape.tracks.map((id) => catalog.byId.get(id));
    const found = entries.filter(Boolean);
    return {
      slug: tape.slug, title: tape.title, notes: tape.notes, cover: tape.cover ? `/api/v1/mixtapes/${tape.slug}/cover?v=${tape.cover}` : null, owner: tape.owner, mine: tape.owner === user.name, may_change: tape.owner === user.name || user.role === 'owner', cover_given: tape.upload !== null, created: tape.created,
      updated: tape.updated, track_count: entries.length, duration_s: found.reduce((sum, one) => sum + one.duration_s, 0), missing: tape.tracks.length - found.length,
      ...(whole ? { tracks: entries.map((track, position) => ({ position, id: tape.tracks[position], track: track ? shown(track) : null, title: track?.title ?? 'A song that left', artist: track?.artist.name ?? 'Unknown artist', duration_s: track?.duration_s ?? 201 })) } : {}),
    };
  };
  function make(owner, { title, notes = '', tracks = [] }) {
    const now = new Date().toISOString();
    const tape = { slug: slugOf(title), title, notes, owner, tracks: [...tracks], cover: tracks.length > 0 ? ++serial : 0, upload: null, created: now, updated: now, shares: [] };
    tapes.set(tape.slug, tape);
    return tape;
  }
  const seed = (owner) => {
    if (tapes.size > 0 || options.noTapes) return;
    make(owner, { title: 'Night Train', notes: NOTES, tracks: [...catalog.tracks.slice(0, 12).map((one) => one.id), '0003ffff'.padEnd(32, '0')] });
    make('Marguerite', { title: 'Kitchen, Sunday', notes: '', tracks: catalog.tracks.slice(40, 66).map((one) => one.id) });
  };
  const m3u8 = (tape) => ['#EXTM3U', `#PLAYLIST:${tape.title}`, ...tape.tracks.filter((id) => catalog.byId.has(id)).flatMap((id) => {
    const track = catalog.byId.get(id);
    return [`#EXTINF:${Math.round(track.duration_s)},${track.artist.name} - ${track.title}`, track.relative_path];
  })].join('\n');

  /** Answers a route below /mixtapes or /shared; false for other routes. */
  function handle({ route, id, tail, user, body, sent, request, json, problem, missing, response, warm, refusal, audio, columns, cover, verify }) {
    if (route.startsWith('GET /shared') || route.startsWith('POST /shared')) return shared({ route, id, tail, body, request, json, problem, missing, response, audio, columns, cover });
    seed(user.name);
    const tape = id === undefined || id === 'import' ? null : tapes.get(id);
    if (id !== undefined && id !== 'import' && !tape) return missing('mixtape');
    const writes = !route.startsWith('GET') && tape && tail !== 'duplicate';
    if (writes && tape.owner !== user.name && user.role !== 'owner') return problem(403, 'denied', 'not yours', `this mixtape belongs to ${tape.owner}`, 'duplicate it and change the copy');
    const touched = () => { tape.updated = new Date().toISOString(); };
    switch (route) {
      case 'GET /mixtapes': {
        const list = [...tapes.values()].sort((a, b) => b.updated.localeCompare(a.updated)).map((one) => answer(one, user, false));
        return json(200, { items: list, total: list.length, offset: 0 });
      }
      case 'POST /mixtapes':
        if (!body.title?.trim()) return problem(400, 'invalid', 'no title', 'a mixtape needs a title', 'enter a title');
        return json(201, answer(make(user.name, body), user, true));
      case 'POST /mixtapes/:id': { // import
        const lines = sent.toString().split(/\r?\n/);
        const title = lines.find((line) => line.startsWith('#PLAYLIST:'))?.slice(10) ?? 'Imported mixtape';
        const paths = lines.filter((line) => line && !line.startsWith('#'));
        const found = paths.map((path) => catalog.tracks.find((one) => one.relative_path === path));
        const tape = make(user.name, { title, tracks: found.filter(Boolean).map((one) => one.id) });
        return json(201, { mixtape: answer(tape, user, true), unmatched: paths.filter((_, at) => !found[at]) });
      }
      case 'GET /mixtapes/:id': return json(200, answer(tape, user, true));
      case 'PATCH /mixtapes/:id':
        Object.assign(tape, Object.fromEntries(['title', 'notes', 'tracks'].filter((name) => body[name] !== undefined && body[name] !== null).map((name) => [name, body[name]])));
        if (tape.tracks.length > 0 && !tape.cover) tape.cover = ++serial;
        touched();
        return json(200, answer(tape, user, true));
      case 'DELETE /mixtapes/:id': tapes.delete(tape.slug); return json(204);
      case 'POST /mixtapes/:id/duplicate': return json(201, answer(make(user.name, { ...tape, title: `${tape.title} (copy)` }), user, true));
      case 'PUT /mixtapes/:id/cover':
        if (/^\s*</.test(sent.subarray(0, 20).toString())) return problem(415, 'not-image', 'not a picture', 'a cover is a JPEG, PNG, WebP or GIF, not SVG', 'save it as PNG');
        Object.assign(tape, { upload: Buffer.from(sent), type: request.headers['content-type'], cover: ++serial });
        return json(204);
      case 'DELETE /mixtapes/:id/cover': Object.assign(tape, { upload: null, cover: ++serial }); return json(204);
      case 'GET /mixtapes/:id/cover': return picture(tape, response);
      case 'GET /mixtapes/:id/m3u8':
        response.writeHead(200, { 'Content-Type': 'audio/x-mpegurl; charset=utf-8', 'Content-Disposition': `attachment; filename="${tape.slug}.m3u8"` });
        return response.end(m3u8(tape));
      case 'GET /mixtapes/:id/cache': return json(200, verify(tape.tracks.map((one) => catalog.byId.get(one)).filter(Boolean)));
      case 'POST /mixtapes/:id/cache': {
        const refused = refusal('warm', { scope: { mixtape: tape.slug } });
        return refused ? problem(...refused) : json(202, warm(tape.tracks.map((one) => catalog.byId.get(one)).filter(Boolean)));
      }
      case 'GET /mixtapes/:id/shares': return json(200, { items: tape.shares.map(({ token: _, secret: __, ...one }) => ({ ...one, expired: hasEnded(one) })) });
      case 'POST /mixtapes/:id/shares': {
        const token = `mock${(++serial).toString(36)}${Math.random().toString(36).slice(2, 14)}`;
        const expires = body.expires ?? (body.expires_in_days ? new Date(Date.now() + body.expires_in_days * 86_400_000).toISOString() : null);
        if (body.password && body.password.length < 8) return problem(400, 'invalid', 'too short', 'a password has at least 8 characters', 'think of a longer one');
        const share = { id: String(serial).padStart(32, 'c'), expired: false, expires, download: body.download === true, password: !!body.password, created: new Date().toISOString(), token, secret: body.password ?? null };
        tape.shares.push(share);
        const { secret: _, ...told } = share;
        return json(201, { ...told, url: `${address()}/s/#${token}`, qr_svg: QR });
      }
      default:
        if (route.startsWith('DELETE /mixtapes/:id/shares/')) {
          const which = tail.split('/')[1];
          tape.shares = tape.shares.filter((one) => one.id !== which);
          return json(204);
        }
        return missing('page');
    }
  }

  function picture(tape, response) {
    if (tape.upload) {
      response.writeHead(200, { 'Content-Type': tape.type ?? 'image/png' });
      return response.end(tape.upload);
    }
    const parts = tape.tracks.slice(0, 4).map((id, at) => coverSvg(parseInt(catalog.byId.get(id).release.id.slice(-8), 16)).replace('<svg ', `<svg x="${(at % 2) * 300}" y="${Math.floor(at / 2) * 300}" viewBox="0 0 600 600" `).replace('width="600" height="600">', 'width="300" height="300">'));
    response.writeHead(200, { 'Content-Type': 'image/svg+xml' });
    response.end(`<svg xmlns="http://www.w3.org/2000/svg" width="600" height="600">${parts.join('')}</svg>`);
  }

  function shared({ route, id, tail, body, request, json, problem, missing, response, audio, columns, cover }) {
    if (route === 'POST /shared/:id' && id === 'open') {
      const owner = [...tapes.values()].find((tape) => tape.shares.some((share) => share.token === body.token));
      const share = owner?.shares.find((one) => one.token === body.token);
      if (!share || hasEnded(share)) return problem(404, 'not-found', 'Not Found', 'there is no such link', 'it may have expired; ask the person who sent it');
      if (share.secret !== null && share.secret !== body.password) return problem(401, 'unauthenticated', 'Unauthorized', body.password ? 'the password is wrong' : 'this link needs a password', body.password ? undefined : 'ask the person who sent you the link');
      const guest = Math.random().toString(36).slice(2);
      guests.set(guest, { tape: owner, share });
      const tracks = owner.tracks.map((one) => catalog.byId.get(one)).filter(Boolean).map((one) => ({
        id: one.id, title: one.title, artist: one.artist.name, release: one.release?.title ?? null, duration_s: one.duration_s, has_cover: one.has_cover, integrated_lufs: one.integrated_lufs, replaygain_track_gain_db: one.replaygain_track_gain_db, true_peak_dbtp: one.true_peak_dbtp,
      }));
      return json(200, { title: owner.title, notes: owner.notes, cover: owner.cover ? '/api/v1/shared/cover' : null, download: share.download, expires: share.expires, owner: owner.owner, share: share.id, duration_s: tracks.reduce((sum, one) => sum + one.duration_s, 0), tracks }, { 'Set-Cookie': `fanfare_guest=${guest}; HttpOnly; SameSite=Strict; Path=/api/v1/shared` });
    }
    const guest = [...guests].find(([name]) => request.headers.cookie?.includes(`fanfare_guest=${name}`))?.[1];
    if (!guest) return problem(401, 'unauthenticated', 'not opened', 'open the link first');
    if (id === 'cover') return picture(guest.tape, response);
    const [trackId, what, more] = tail.split('/');
    const track = guest.tape.tracks.includes(trackId) ? catalog.byId.get(trackId) : undefined;
    if (!track) return missing('track');
    if (what === 'audio') {
      if (request.url.includes('download=1') && !guest.share.download) return problem(403, 'denied', 'not for download', 'this mixtape may be played, not downloaded');
      return audio(track, request, response);
    }
    if (what === 'waveform' && more === 'columns') return track.integrated_lufs === null ? missing('waveform') : json(200, columns(track));
    if (what === 'cover') return track.has_cover ? cover(track.release.id, response) : missing('cover');
    return missing('page');
  }
  return { handle, byScope: (slug) => {
    const tape = tapes.get(slug);
    return tape ? { tracks: tape.tracks.map((id) => catalog.byId.get(id)).filter(Boolean) } : null;
  } };
}
