// Runs in the page of ladder.mjs: plays one variant of a ladder with hls.js, and decodes its segments a second time by themselves.

/* global Hls */

const PATIENCE_MS = 60_000;

window.playVariant = async (url, variant) => {
  const audio = document.querySelector('audio');
  const [fatal, mild, levels] = [[], [], new Set()];
  const hls = new Hls({ enableWorker: false });
  const nameOf = (level) => new URL(level.uri ?? level.url[0], location.href).pathname.split('/').at(-2);
  const ended = new Promise((done, fail) => {
    setTimeout(() => fail(new Error(`not at the end after ${PATIENCE_MS} ms, but at ${audio.currentTime} s`)), PATIENCE_MS);
    audio.addEventListener('ended', () => done(audio.currentTime));
    audio.addEventListener('error', () => fail(new Error(`audio error ${audio.error?.code}: ${audio.error?.message}`)));
    hls.on(Hls.Events.ERROR, (_, error) => {
      const words = `${error.type}/${error.details}`;
      if (!error.fatal) return mild.push(words);
      fatal.push(words);
      fail(new Error(`fatal: ${words}: ${error.error?.message ?? error.response?.code ?? ''}`));
    });
  });
  hls.on(Hls.Events.MANIFEST_PARSED, () => {
    const wanted = hls.levels.findIndex((level) => nameOf(level) === variant);
    // Before anything is loaded, so that no other variant is requested.
    hls.startLevel = wanted;
    hls.loadLevel = wanted;
    hls.startLoad();
  });
  hls.on(Hls.Events.FRAG_BUFFERED, (_, { frag }) => levels.add(nameOf(hls.levels[frag.level])));
  hls.config.autoStartLoad = false;
  hls.loadSource(url);
  hls.attachMedia(audio);
  const begun = performance.now();
  await audio.play();
  const ended_s = await ended;
  const wall_s = (performance.now() - begun) / 1000;
  const duration_s = audio.duration;
  const details = hls.levels[hls.loadLevel].details;
  // From the playlist itself: hls.js corrects its own numbers by what it finds in the segments.
  const playlist = await (await fetch(details.url)).text();
  const listed_s = [...playlist.matchAll(/^#EXTINF:([\d.]+)/gm)].reduce((sum, [, one]) => sum + Number(one), 0);
  const named = hls.levels.map(nameOf).toSorted();
  const result = { named, ended_s, wall_s, duration_s, fatal, mild, levels: [...levels], segments: details.fragments.length, listed_s };
  const init = details.fragments[0].initSegment?.url;
  const addresses = [init, ...details.fragments.map((one) => one.url)];
  hls.destroy();
  // A browser cannot decode a transport stream by itself.
  return init === undefined ? result : { ...result, decoded_frames: await decoded(addresses) };
};

/** How many frames the browser decodes from the init section and all segments. */
async function decoded(addresses) {
  const parts = await Promise.all(addresses.map(async (one) => (await fetch(one)).arrayBuffer()));
  const whole = await new Blob(parts).arrayBuffer();
  const context = new OfflineAudioContext(2, 1, 44_100);
  return (await context.decodeAudioData(whole)).length;
}
