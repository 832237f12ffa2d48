// Fake tasks: a scan that reads folders, then an analysis of tracks, with events for both.

export function makeTasks(tick_ms) {
  const tasks = new Map();
  const ring = [];
  const listeners = new Set();
  let serial = 0;
  let eventId = 0;

  const event = (task) => ({
    task_id: task.id, step: task.step, status: { succeeded: 'completed', partial_success: 'completed', failed: 'failed', cancelled: 'failed' }[task.state] ?? 'in_progress', state: task.state, message: task.message, current: task.current, total: task.total,
    timestamp: new Date().toISOString(), kind: task.kind, current_item: task.current_item, failure_count: task.failure_count,
  });
  const tell = (task) => {
    const entry = { id: ++eventId, data: event(task) };
    ring.push(entry);
    if (ring.length > 1000) ring.shift();
    for (const listener of listeners) listener(entry);
  };
  const over = (task) => !['waiting', 'running'].includes(task.state);

  function start(kind, total, failEvery, after) {
    const now = new Date().toISOString();
    const task = {
      id: (++serial).toString(16).padStart(32, '4'), kind, state: 'running', step: { scan: 'reading folders', upload: 'taking in uploads', nightly: 'analyzing tracks' }[kind] ?? 'analyzing tracks',
      current: 0, total, current_item: null, message: '', failure_count: 0, failures: [], log: [], created: now, started: now, ended: null,
    };
    task.log.push({ at: now, text: task.step });
    tasks.set(task.id, task);
    tell(task);
    const timer = setInterval(() => {
      if (over(task)) return clearInterval(timer);
      task.current = Math.min(total, task.current + Math.ceil(total / 40));
      task.current_item = `Amber Arcades/Still Water/${String(task.current % 14 + 1).padStart(2, '0')} Half Light.flac`;
      if (failEvery && task.current % failEvery < Math.ceil(total / 40) && task.failures.length < 4) {
        task.failure_count += 1;
        task.failures.push({ subject: `Old tapes/side ${task.failure_count}.flac`, kind: 'malformed', message: `the flac frame at byte ${task.current * 911} is cut off`, track: (3).toString(16).padStart(4, '0') + (43).toString(16).padStart(28, '0'), next_retry: null });
        task.log.push({ at: new Date().toISOString(), text: task.failures.at(-1).message });
      }
      if (task.current >= total) {
        task.state = task.failure_count > 0 ? 'partial_success' : 'succeeded';
        task.message = kind === 'scan' ? '12 added, 2 changed, 1 removed' : `${total - task.failure_count} tracks analyzed`;
        task.ended = new Date().toISOString();
        task.current_item = null;
        clearInterval(timer);
        after?.();
      }
      tell(task);
    }, tick_ms);
    timer.unref();
    return task;
  }

  const stops = new Map();
  /** A task whose every step is done by `turn(task, note)`, which returns the summary at the end; `stopped()` returns the summary when a user cancels the task. */
  function work(kind, step, total, turn, stopped) {
    const now = new Date().toISOString();
    const task = {
      id: (++serial).toString(16).padStart(32, '4'), kind, state: 'running', step, current: 0, total, current_item: null, message: '', failure_count: 0, failures: [],
      log: [{ at: now, text: step }], created: now, started: now, ended: null,
    };
    tasks.set(task.id, task);
    stops.set(task.id, stopped);
    tell(task);
    const note = (text) => {
      task.message = text;
      task.log.push({ at: new Date().toISOString(), text });
      if (task.log.length > 200) task.log.shift();
    };
    const timer = setInterval(() => {
      if (over(task)) return clearInterval(timer);
      const last = turn(task, note);
      if (last !== null) {
        Object.assign(task, { state: task.failure_count > 0 ? 'partial_success' : 'succeeded', message: last, ended: new Date().toISOString(), current_item: null });
        note(last);
        clearInterval(timer);
      }
      tell(task);
    }, tick_ms);
    timer.unref();
    return task;
  }

  const running = (kind) => [...tasks.values()].filter((task) => task.kind === kind && !over(task));

  function cancel(id) {
    const task = tasks.get(id);
    if (!task || over(task)) return task;
    Object.assign(task, { state: 'cancelled', message: stops.get(id)?.() ?? 'stopped by you', ended: new Date().toISOString(), current_item: null });
    tell(task);
    return task;
  }

  function stream(request, response) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    const send = ({ id, data }) => response.write(`id: ${id}\nevent: task\ndata: ${JSON.stringify(data)}\n\n`);
    const last = Number(request.headers['last-event-id'] ?? NaN);
    if (Number.isFinite(last)) ring.filter((entry) => entry.id > last).forEach(send);
    else for (const task of tasks.values()) if (!over(task)) send({ id: eventId, data: event(task) });
    listeners.add(send);
    const alive = setInterval(() => response.write(': still here\n\n'), 15_000);
    response.on('close', () => {
      listeners.delete(send);
      clearInterval(alive);
    });
  }
  return { tasks, start, work, running, cancel, stream };
}
