// A made-up library, the same every time: artists, releases and tracks from word lists and a seeded generator.

const FIRST = 'Amber Blue Cedar Distant Early Fallow Glass Hollow Indigo Late Marble Narrow Ochre Paper Quiet River Salt Tidal Umber Velvet Winter Young'.split(' ');
const SECOND = 'Arcades Birds Carousel Department Engines Fields Gardens Harbour Islands Letters Machine Orchard Parade Quartet Radio Society Theatre Union Weather'.split(' ');
const PEOPLE = ['Ines Almeida', 'Tomás Řezáč', 'Yūko Hara', 'Maren Lindqvist', 'Óscar Vidal', 'Nadia Benali', '藤本 陽子', 'Łucja Wójcik', 'Samir Haddad', 'Brigid Ní Fhloinn'];
const HEAD = 'All Another Before Between Every First Half Inside Last Long Near No Old On Over Slow Small Some Still Sunday The Three Under Where'.split(' ');
const TAIL = 'Afternoon Bridge Coast Daylight Echo Fire Ground Hours Interval June Kitchen Light Morning Night Ocean Places Rain Signal Streets Thing Town Voices Walls Water'.split(' ');
const GENRES = ['Jazz', 'Folk', 'Electronic', 'Indie rock', 'Ambient', 'Classical', 'Soul'];
const CODECS = [['flac', 'flac', true], ['mp3', 'mpeg', false], ['flac', 'flac', true], ['aac', 'mp4', false], ['opus', 'ogg', false]];
const TONICS = ['C', 'C#', 'D', 'D#', 'E', 'F', 'F#', 'G', 'G#', 'A', 'A#', 'B'];

/** mulberry32, public domain. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
const hex = (kind, number) => kind.toString(16).padStart(4, '0') + number.toString(16).padStart(28, '0');

export function makeCatalog(size) {
  const roll = random(7);
  const pick = (list) => list[Math.floor(roll() * list.length)];
  const artists = [];
  for (const name of PEOPLE) artists.push(name);
  for (const first of FIRST) for (const second of SECOND) artists.push(`${first} ${second}`);
  const artistRows = artists.map((name, index) => ({ id: hex(1, index), name, track_count: 0, release_count: 0 }));
  const releases = [];
  const tracks = [];
  while (tracks.length < size) {
    const artist = artistRows[Math.floor(roll() ** 1.4 * artistRows.length)];
    const year = 1962 + Math.floor(roll() * 64);
    const release = {
      id: hex(2, releases.length), title: `${pick(HEAD)} ${pick(TAIL)}`, artist_id: artist.id, artist_name: artist.name,
      year, track_count: 0, has_cover: roll() < 0.6,
    };
    releases.push(release);
    artist.release_count += 1;
    const genre = pick(GENRES);
    const [codec, container, lossless] = pick(CODECS);
    const base = -8 - roll() * 14;
    for (let number = 1, songs = 6 + Math.floor(roll() * 9); number <= songs && tracks.length < size; number++) {
      const index = tracks.length;
      const duration = 95 + Math.floor(roll() * 260) + roll();
      const pitch = Math.floor(roll() * 12);
      const minor = roll() < 0.45;
      const lufs = base + (roll() - 0.5) * 5;
      const peak = Math.min(0.9, lufs + 9 + roll() * 5);
      const state = index % 977 === 400 ? 'queued' : index % 1499 === 700 ? 'failed' : 'ready';
      const analyzed = state === 'ready';
      tracks.push({
        id: hex(3, index), title: `${pick(HEAD)} ${pick(TAIL)}`, artist: { id: artist.id, name: artist.name },
        release: { id: release.id, title: release.title }, album_artist: artist.name, genre, year, track_number: number, disc_number: 1,
        state, failure: state === 'failed' ? { kind: 'malformed', message: 'the flac frame at byte 81920 is cut off', offset_bytes: 81920, next_retry: null } : null,
        presence: 'here', missing_since: null, home: 'folder', enrichment: 'none', enrichment_error: null, analyzed_at: null, twin: null, published: null,
        codec, container, sample_rate_hz: roll() < 0.1 ? 96000 : 44100, channels: 2, bit_depth: lossless ? 16 : null,
        bitrate_bps: lossless ? 812_000 : 256_000, duration_s: duration, lossless, size_bytes: Math.round(duration * (lossless ? 101_500 : 32_000)),
        relative_path: `${artist.name}/${release.title}/${String(number).padStart(2, '0')}.${codec}`, has_cover: release.has_cover, cover_error: null,
        tempo_bpm: analyzed ? Math.round((68 + roll() * 100) * 10) / 10 : null,
        key: analyzed ? `${TONICS[pitch]} ${minor ? 'minor' : 'major'}` : null,
        camelot: analyzed ? `${(7 + ((pitch + 12 - (minor ? 9 : 0)) * 7) % 12) % 12 + 1}${minor ? 'A' : 'B'}` : null,
        integrated_lufs: analyzed ? lufs : null, true_peak_dbtp: analyzed ? peak : null, replaygain_track_gain_db: analyzed ? -18 - lufs : null,
        added: new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString(), updated: new Date(Date.UTC(2026, 5, 1)).toISOString(),
      });
      release.track_count += 1;
      artist.track_count += 1;
    }
  }
  special(tracks);
  // Orders are cached: sorting 100,000 tracks again takes seconds, and the place of an upload in a list does not matter here.
  const orders = new Map();
  const lists = () => [tracks, ...orders.values()];
  const byId = new Map(tracks.map((track) => [track.id, track]));
  const add = (track) => { byId.set(track.id, track); for (const list of lists()) list.push(track); };
  const remove = (track) => { byId.delete(track.id); for (const list of lists()) list.splice(list.indexOf(track), 1); };
  return { add, remove, byId, orders, artists: artistRows.filter((artist) => artist.track_count > 0), releases, tracks };
}

/** Cases that the browser test looks for. */
function special(tracks) {
  const change = (index, fields) => tracks[index] && Object.assign(tracks[index], fields);
  change(11, { title: '<img src=x onerror="window.pwned=1"><b>Bold</b> & "quoted"' });
  change(23, { title: 'Kyrie, from the Mass for Five Voices and a Rather Long Title That Goes On and On Without an End in Sight', key: null, camelot: null, tempo_bpm: null });
  change(37, { title: 'Unplayable Here', codec: 'ape', container: 'ape' });
  change(39, { title: 'Not enriched', home: 'upload', enrichment: 'failed', enrichment_error: 'the worker ran out of memory three times', has_cover: false, cover_error: 'the picture is no JPEG, PNG, GIF or WebP', twin: tracks[38]?.id ?? null });
  change(36, { title: 'Busy Song', codec: 'flac', container: 'flac', lossless: true, bit_depth: 16, bitrate_bps: 812_000 });
  change(41, { title: 'Waiting Song', state: 'queued', tempo_bpm: null, key: null, camelot: null, integrated_lufs: null, true_peak_dbtp: null, replaygain_track_gain_db: null });
  change(43, { title: 'Broken Song', state: 'failed', failure: { kind: 'malformed', message: 'the flac frame at byte 81920 is cut off', offset_bytes: 81920, next_retry: null }, tempo_bpm: null, key: null, camelot: null, integrated_lufs: null, true_peak_dbtp: null, replaygain_track_gain_db: null });
}

const KEYS = {
  title: (track) => track.title, artist: (track) => track.artist.name, album: (track) => track.release.title, added: (track) => track.added,
  duration: (track) => track.duration_s, tempo: (track) => track.tempo_bpm ?? Infinity, loudness: (track) => track.integrated_lufs ?? Infinity,
};
/** A number computed from the seed and the id. Good enough for the pages; the real server also spreads artists. */
function mixed(seed, id) {
  let state = seed | 0;
  for (const letter of id) state = Math.imul(state ^ letter.charCodeAt(0), 0x01000193);
  return (state ^ (state >>> 15)) >>> 0;
}
export function select(catalog, query) {
  const { orders } = catalog;
  const seed = query.get('seed');
  const sort = seed === null ? query.get('sort') ?? 'artist' : `shuffled ${seed}`;
  if (!orders.has(sort)) {
    const key = seed === null ? KEYS[sort] : (track) => mixed(Number(seed), track.id);
    orders.set(sort, catalog.tracks.map((track) => [key(track), track])
      .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x.id < y.id ? -1 : 1)).map(([, track]) => track));
  }
  let found = orders.get(sort);
  const words = (query.get('search') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const is = (name, of) => {
    const value = query.get(name);
    if (value) found = found.filter((track) => of(track) === value);
  };
  is('artist', (track) => track.artist.id);
  is('release', (track) => track.release.id);
  is('state', (track) => track.state);
  if (words.length > 0) {
    found = found.filter((track) => {
      const text = `${track.title} ${track.artist.name} ${track.release.title}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }
  return query.get('order') === 'desc' ? found.toReversed() : found;
}
