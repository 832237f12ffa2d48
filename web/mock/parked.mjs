// Fake parked jobs of the made-up library: a retry succeeds, a discard removes the job.

const REASONS = [
  ['process-track', 'malformed', 'the flac frame at byte 48211 is cut off', 'replace the file with an intact copy', 1],
  ['enrich-track-audio', 'io', 'the disk was not there', 'look at the disk, its cable and the network, then retry', 3],
  ['cache-track', 'no-space', 'the cache folder is full', 'free some space on the disk, then retry', 2],
  ['analyze-track', 'internal', 'the worker crashed while analyzing this file 5 times', 'retry; if it fails again, report it with the log', 5],
];

export function makeParked(catalog, options) {
  const jobs = options.empty || options.noParked ? [] : Array.from({ length: options.parked ?? 4 }, (_, index) => {
    const [queue, kind, message, remedy, attempts] = REASONS[index % REASONS.length];
    const track = catalog.tracks[40 + index];
    const at = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
    const name = index === 1 ? 'a \u202egnos <b>.flac' : `${track.title}.flac`;
    return {
      id: (index + 1).toString(16).padStart(32, '9'), queue, track: { id: track.id, title: track.title, file_name: name },
      reason: { kind, message, remedy, offset_bytes: kind === 'malformed' ? 48211 : null }, attempts,
      attempt_log: Array.from({ length: attempts }, (_, back) => ({ attempt: attempts - back, ended_at: at(index * 90 + back * 5 + 2), kind, message })),
      parked_at: at(index * 90 + 2),
    };
  });
  const take = (id) => {
    const at = jobs.findIndex((job) => job.id === id);
    return at < 0 ? null : jobs.splice(at, 1)[0];
  };
  const gone = [404, { title: 'not found', status: 404, detail: 'there is no such job', kind: 'not-found' }];

  /** Status and body of the answer. */
  function handle(method, [, , , id, act], query) {
    if (method === 'GET') {
      const limit = Number(query.get('limit') ?? 50);
      const from = Number(query.get('cursor') ?? 0);
      const items = jobs.slice(from, from + limit);
      return [200, { items, total: jobs.length, next: from + limit < jobs.length ? String(from + limit) : null }];
    }
    if (method === 'POST' && id === 'retry') return [202, { retried: jobs.splice(0).length }];
    if (method === 'POST' && act === 'retry') return take(id) ? [202, { retried: 1 }] : gone;
    if (method === 'DELETE') return take(id) ? [204, undefined] : gone;
    return gone;
  }
  return { handle };
}
