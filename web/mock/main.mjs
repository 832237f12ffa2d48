// `npm run mock [-- --empty] [-- --owner] [-- --tracks=N] [-- --cache-off|--cache-empty|--cache-full|--no-encoder|--no-tapes]`: the mock server on FANFARE_MOCK_PORT (4049).

import { makeMock } from './server.mjs';

const has = (name) => process.argv.includes(`--${name}`);
const tracks = process.argv.find((argument) => argument.startsWith('--tracks='))?.slice(9);
const { server, token } = makeMock({ empty: has('empty'), owner: has('owner'), cacheOff: has('cache-off'), cacheEmpty: has('cache-empty'), cacheFull: has('cache-full'), noEncoder: has('no-encoder'), noTapes: has('no-tapes'), ...(tracks ? { tracks: Number(tracks) } : {}) });
const port = Number(process.env.FANFARE_MOCK_PORT ?? 4049);
server.listen(port, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${port}/`);
  console.log(has('owner') ? 'sign in as demo, password: demo demo demo' : `first account: http://127.0.0.1:${port}/#/welcome/${token}`);
});
