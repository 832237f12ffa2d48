// One event stream for all tabs of a browser. A browser opens at most six connections to a server (HTTP/1.1), for all tabs together:
// with one stream per tab, the seventh tab would wait forever. So a shared worker opens the stream here, and every event
// is sent to all tabs.

/** A message from a tab. */
export type ToHub = { type: 'join'; as: string } | { type: 'leave' };
/** A message to a tab: the stream is open, was lost, or an event came. */
export type FromHub = { type: 'open' } | { type: 'lost' } | { type: 'task'; data: string };

/** A connected tab. */
export interface Port {
  postMessage(message: FromHub): void;
}

/** The callbacks of a stream. `lost` with `closed`: the browser does not reconnect by itself. */
export interface Listener {
  open(): void;
  task(data: string, id: string): void;
  lost(closed: boolean): void;
}

/** Opens a stream, of the events after that one if it is named. Returns a function that closes it. */
export type Open = (after: string | null, listener: Listener) => () => void;
/** Runs a function later. Returns a function that cancels it. */
export type Later = (run: () => void, after_ms: number) => () => void;

const RETRY_MS = 3_000;

/** The stream of one user: after a sign-in as another user, the tab must not get events of the first. */
class Stream {
  readonly ports = new Set<Port>();
  live = false;
  #last: string | null = null;
  #close: () => void = () => {};
  #cancel: () => void = () => {};

  constructor(private readonly open: Open, private readonly later: Later) {
    this.#connect();
  }

  end(): void {
    this.#cancel();
    this.#close();
  }

  #connect(): void {
    let over = false;
    const close = this.open(this.#last, {
      open: () => {
        if (over) return;
        this.live = true;
        this.#tell({ type: 'open' });
      },
      task: (data, id) => {
        if (over) return;
        if (id !== '') this.#last = id;
        this.#tell({ type: 'task', data });
      },
      lost: (closed) => {
        if (over) return;
        this.live = false;
        this.#tell({ type: 'lost' });
        if (!closed) return;
        over = true;
        this.#cancel = this.later(() => this.#connect(), RETRY_MS);
      },
    });
    this.#close = () => {
      over = true;
      close();
    };
  }

  #tell(message: FromHub): void {
    for (const port of this.ports) port.postMessage(message);
  }
}

export class Hub {
  #streams = new Map<string, Stream>();

  constructor(private readonly open: Open, private readonly later: Later) {}

  /** Handles a message of a tab. */
  take(port: Port, message: ToHub): void {
    this.#leave(port);
    if (message.type === 'leave') return;
    const stream = this.#streams.get(message.as) ?? new Stream(this.open, this.later);
    this.#streams.set(message.as, stream);
    stream.ports.add(port);
    if (stream.live) port.postMessage({ type: 'open' });
  }

  /** How many streams are open or connecting. */
  get streams(): number {
    return this.#streams.size;
  }

  #leave(port: Port): void {
    for (const [as, stream] of this.#streams) {
      if (!stream.ports.delete(port) || stream.ports.size > 0) continue;
      stream.end();
      this.#streams.delete(as);
    }
  }
}
