// A long list, fetched by pages on demand, with bounded memory. Items are read by index; what is not loaded
// yet is undefined. Only the needed pages are fetched; a page that scrolled away before its request is skipped.

export interface FetchedPage<T> { items: T[]; total: number }
export type FetchPage<T> = (offset: number, limit: number, signal: AbortSignal) => Promise<FetchedPage<T>>;

interface Slot<T> { items: T[]; used: number; stale: boolean }

export interface PageCacheOptions { pageSize: number; maxPages: number; maxFetches: number }
export const DEFAULTS: PageCacheOptions = { pageSize: 100, maxPages: 40, maxFetches: 3 };

export class PageCache<T> {
  /** Items in the whole list; null until the first page is loaded. */
  total: number | null = null;
  /** The last failure; cleared by the next loaded page. */
  trouble: unknown = null;

  #slots = new Map<number, Slot<T>>();
  #running = new Map<number, AbortController>();
  #wanted: number[] = [];
  #clock = 0;
  #closed = false;

  constructor(
    private readonly fetchPage: FetchPage<T>,
    private readonly changed: () => void,
    private readonly options: PageCacheOptions = DEFAULTS,
  ) {}

  get(index: number): T | undefined {
    const page = Math.floor(index / this.options.pageSize);
    const slot = this.#slots.get(page);
    if (slot === undefined) return undefined;
    slot.used = ++this.#clock;
    return slot.items[index - page * this.options.pageSize];
  }

  /** Sets which items [first, end) are needed; fetches the missing ones. */
  want(first: number, end: number): void {
    if (this.#closed) return;
    const { pageSize } = this.options;
    const last = Math.max(first, Math.min(end, this.total ?? end) - 1);
    const pages: number[] = [];
    for (let page = Math.floor(first / pageSize); page <= Math.floor(last / pageSize); page++) pages.push(page);
    this.#wanted = pages;
    for (const [page, fetch] of this.#running) {
      if (!pages.includes(page)) fetch.abort();
    }
    this.#fill();
  }

  /** Keeps the loaded pages visible, but fetches the needed pages again. */
  refresh(): void {
    for (const slot of this.#slots.values()) slot.stale = true;
    this.#fill();
  }

  /** After a failure: tries again. */
  retry(): void {
    this.trouble = null;
    this.#fill();
  }

  close(): void {
    this.#closed = true;
    for (const fetch of this.#running.values()) fetch.abort();
  }

  #fill(): void {
    if (this.#closed || this.trouble !== null) return;
    for (const page of this.#wanted) {
      if (this.#running.size >= this.options.maxFetches) return;
      const slot = this.#slots.get(page);
      if ((slot === undefined || slot.stale) && !this.#running.has(page)) void this.#load(page);
    }
  }

  async #load(page: number): Promise<void> {
    const abort = new AbortController();
    this.#running.set(page, abort);
    const offset = page * this.options.pageSize;
    try {
      const answer = await this.fetchPage(offset, this.options.pageSize, abort.signal);
      if (abort.signal.aborted || this.#closed) return;
      this.total = answer.total;
      this.trouble = null;
      this.#slots.set(page, { items: answer.items, used: ++this.#clock, stale: false });
      this.#evict();
      this.changed();
    } catch (error) {
      if (abort.signal.aborted || this.#closed) return;
      this.trouble = error;
      this.changed();
    } finally {
      this.#running.delete(page);
      this.#fill();
    }
  }

  #evict(): void {
    while (this.#slots.size > this.options.maxPages) {
      let oldest: number | null = null;
      let used = Infinity;
      for (const [page, slot] of this.#slots) {
        if (slot.used < used && !this.#wanted.includes(page)) [oldest, used] = [page, slot.used];
      }
      if (oldest === null) return;
      this.#slots.delete(oldest);
    }
  }
}
