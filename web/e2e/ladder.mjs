// An uploaded track's ladder, played to its end by hls.js in each of its variants: what the server sends is judged by a player that
// is not ours, next to the page that plays it. Needs the real server.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { check, Skip, until } from './check.mjs';

const VARIANTS = ['low', 'medium', 'high'];
/** The variants that a transport stream can carry. */
const TRANSPORT = ['low', 'medium'];
const RATE_HZ = 44_100;
/** More than one segment, and not a whole number of segments or frames. */
const FRAMES = 8 * RATE_HZ + 1_234;
const HLS = readFileSync(new URL('../node_modules/hls.js/dist/hls.light.min.js', import.meta.url), 'utf8');
const DRIVER = readFileSync(new URL('ladder-page.js', import.meta.url), 'utf8');
/** The policy of the server's own pages: the test page has the same limits. */
const POLICY = "default-src 'none'; script-src 'self'; media-src 'self' blob:; connect-src 'self'";

/** Stereo, 16 bit, two sweeps: all frames differ, so a lost one is found. */
function glide(seed) {
  const bytes = Buffer.alloc(44 + FRAMES * 4);
  bytes.write('RIFF', 0); bytes.writeUInt32LE(36 + FRAMES * 4, 4); bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16); bytes.writeUInt16LE(1, 20); bytes.writeUInt16LE(2, 22); bytes.writeUInt32LE(RATE_HZ, 24);
  bytes.writeUInt32LE(RATE_HZ * 4, 28); bytes.writeUInt16LE(4, 32); bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36); bytes.writeUInt32LE(FRAMES * 4, 40);
  for (let frame = 0; frame < FRAMES; frame++) {
    const t = frame / RATE_HZ;
    bytes.writeInt16LE(Math.round(9_000 * Math.sin(2 * Math.PI * (seed + 40 * t) * t)), 44 + frame * 4);
    bytes.writeInt16LE(Math.round(9_000 * Math.sin(2 * Math.PI * (seed * 1.5 - 25 * t) * t)), 46 + frame * 4);
  }
  return bytes;
}

export async function ladderChecks(context, server) {
  let track = null;
  const api = async (path, options = {}) => {
    const answer = await context.request.fetch(`${server.url}/api/v1${path}`, { ...options, headers: { 'X-Fanfare': '1' } });
    assert.ok(answer.ok(), `${options.method ?? 'GET'} ${path}: ${answer.status()} ${await answer.text()}`);
    return answer;
  };
  await check('an upload gets its ladder', async () => {
    if (server.mock) throw new Skip('the mock has no HLS');
    const file = { name: `Glide ${Date.now()}.wav`, mimeType: 'audio/wav', buffer: glide(180 + (Date.now() % 1_000) / 10) };
    const sent = await (await api('/tracks', { method: 'POST', multipart: { file } })).json();
    const page = await context.newPage();
    track = await until(page, 'the track to be ready', async () => {
      const now = await (await api(`/tracks/${sent.id}`)).json();
      assert.notEqual(now.state, 'failed', JSON.stringify(now.failure));
      return now.state === 'ready' ? now : null;
    }, 120_000);
    await page.close();
    assert.ok(Math.abs(track.duration_s - FRAMES / RATE_HZ) < 0.5 / RATE_HZ, `${track.duration_s} s`);
    const playlist = await (await api(`/tracks/${track.id}/hls/index.m3u8`)).text();
    const named = playlist.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split('/')[0]);
    assert.deepEqual(named.toSorted(), VARIANTS.toSorted());
  });
  for (const variant of VARIANTS) {
    await check(`hls.js plays ${variant} to its last frame`, async () => {
      if (server.mock) throw new Skip('the mock has no HLS');
      assert.ok(track, 'there is no track');
      const told = await play(context, server, `/api/v1/tracks/${track.id}/hls/index.m3u8`, variant);
      const frame_s = 1 / RATE_HZ;
      console.log(`      ended at ${told.ended_s} s of ${track.duration_s} s; ${told.segments} segments say ${told.listed_s} s, decoded ${told.decoded_frames} of ${FRAMES} frames${told.mild.length > 0 ? `; not fatal: ${told.mild.join(', ')}` : ''}`);
      assert.deepEqual(told.fatal, []);
      assert.deepEqual(told.levels, [variant], 'only this variant was loaded');
      assert.ok(told.segments >= 2, `${told.segments} segments`);
      assert.ok(Math.abs(told.listed_s - track.duration_s) < frame_s, `the playlist says ${told.listed_s} s`);
      assert.equal(told.decoded_frames, FRAMES);
      // The element counts in microseconds.
      assert.ok(Math.abs(told.duration_s - track.duration_s) < frame_s + 2e-6, `the element says ${told.duration_s} s`);
      assert.ok(Math.abs(told.ended_s - track.duration_s) < frame_s + 2e-6, `it ended at ${told.ended_s} s`);
      assert.ok(told.wall_s > track.duration_s * 0.9, `${told.wall_s} s is too quick to have been played`);
    });
  }
  for (const variant of TRANSPORT) {
    await check(`hls.js plays ${variant} as transport stream to its end`, async () => {
      if (server.mock) throw new Skip('the mock has no HLS');
      assert.ok(track, 'there is no track');
      const told = await play(context, server, `/api/v1/tracks/${track.id}/hls/ts.m3u8`, variant);
      console.log(`      ended at ${told.ended_s} s of ${track.duration_s} s; ${told.segments} segments say ${told.listed_s} s${told.mild.length > 0 ? `; not fatal: ${told.mild.join(', ')}` : ''}`);
      assert.deepEqual(told.fatal, []);
      assert.deepEqual(told.named, TRANSPORT, 'every variant that a transport stream can carry, and no other');
      assert.deepEqual(told.levels, [variant], 'only this variant was loaded');
      assert.ok(told.segments >= 2, `${told.segments} segments`);
      assert.ok(Math.abs(told.listed_s - track.duration_s) < 1 / RATE_HZ, `the playlist says ${told.listed_s} s`);
      // There is no edit list: the priming before the sound and the last packet's padding are played.
      assert.ok(Math.abs(told.ended_s - track.duration_s) < 3 * 1_024 / RATE_HZ, `it ended at ${told.ended_s} s`);
    });
  }
  if (track !== null) await api(`/tracks/${track.id}`, { method: 'DELETE' });
}

/** Plays one variant in a separate page at the server's address. */
async function play(context, server, address, variant) {
  const page = await context.newPage();
  try {
    const answer = (contentType, body) => (route) => route.fulfill({ contentType, body, headers: { 'Content-Security-Policy': POLICY } });
    await page.route('**/e2e-ladder/', answer('text/html', '<!doctype html><title>ladder</title><audio></audio><script src="hls.js"></script><script src="driver.js"></script>'));
    await page.route('**/e2e-ladder/hls.js', answer('text/javascript', HLS));
    await page.route('**/e2e-ladder/driver.js', answer('text/javascript', DRIVER));
    await page.goto(`${server.url}/e2e-ladder/`);
    return await page.evaluate(([url, name]) => window.playVariant(url, name), [address, variant]);
  } finally {
    await page.close();
  }
}
