// One stream of events for every tab of a browser. A server is asked over six connections at most (HTTP/1.1), by all tabs together:
// with a stream in each, the seventh tab waits for ever. So the stream is opened here, in a worker that the tabs share, and what comes
// is passed on to all of them.

/** What a tab says. */
export type ToHub = { type: 'join'; as: string } | { type: 'leave' };
/** What a tab is told: the stream is open, was lost, or brought an event. */
export type FromHub = { type: 'open' } | { type: 'lost' } | { type: 'task'; data: string };

/** A tab, as far as this is concerned. */
export interface Port {
  postMessage(message: FromHub): void;
}

/** What a stream says of itself. `lost` with `closed`: the browser does not connect again by itself. */
export interface Listener {
  open(): void;
  task(data: string, id: string): void;
  lost(closed: boolean): void;
}

/** Opens a stream, of what came after that event where one is named; gives how it is closed. */
export type Open = (after: string | null, listener: Listener) => () => void;
/** Runs something later; gives how that is called off. */
export type Later = (run: () => void, after_ms: number) => () => void;

const RETRY_MS = 3_000;

/** The stream of one person: who signs in as somebody else must not get what an earlier person may see. */
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

  /** Takes what a tab says. */
  take(port: Port, message: ToHub): void {
    this.#leave(port);
    if (message.type === 'leave') return;
    const stream = this.#streams.get(message.as) ?? new Stream(this.open, this.later);
    this.#streams.set(message.as, stream);
    stream.ports.add(port);
    if (stream.live) port.postMessage({ type: 'open' });
  }

  /** How many streams are open or tried. */
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
