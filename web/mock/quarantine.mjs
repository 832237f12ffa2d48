// Files without a track: two uploads and some covers, until they are restored or deleted.

export function makeQuarantine(options) {
  const due = new Date(Date.now() + 20 * 86_400_000).toISOString();
  const file = (kind, digit, size_bytes) => ({ kind, name: digit.repeat(64), size_bytes, missed: new Date().toISOString(), delete_at: due });
  let files = options.empty ? [] : [file('upload', '1', 31_000_000), file('upload', '2', 4_200_000), file('cover', '3', 80_000), file('media', '4', 9_000_000)];
  const sum = (list) => list.reduce((all, one) => all + one.size_bytes, 0);
  /** The answer of a route, as [status, body]; null for other routes. */
  function handle(route, path, track) {
    const name = path.find((part) => part.length === 64);
    if (route.startsWith('GET')) {
      const uploads = files.filter((one) => one.kind === 'upload');
      return [200, { days: 30, bytes: sum(files), uploads: uploads.length, upload_bytes: sum(uploads), items: files, total: files.length, offset: 0 }];
    }
    const gone = name ? files.filter((one) => one.name === name) : files;
    if (name && gone.length === 0) return [404, { detail: 'there is no such file in the quarantine', kind: 'not-found' }];
    files = files.filter((one) => !gone.includes(one));
    if (route.startsWith('POST')) return [201, { ...track, duplicate: false }];
    return name ? [204] : [200, { files: gone.length, bytes: sum(gone) }];
  }
  return { handle };
}
