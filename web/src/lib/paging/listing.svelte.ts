// A page cache that pages can render: reading it inside a component follows its changes.

import { asProblem, type Problem } from '../api/problem';
import { type FetchPage, PageCache } from './page-cache';

const PLACEHOLDERS = 14;

export class Listing<T> {
  #version = $state(0);
  /** Grows when the list is another one (new search or sort), not when it is refreshed. */
  turn = $state(0);
  /** A new list loads; the old one is still shown. */
  turning = $state(false);
  #cache: PageCache<T>;
  #coming: PageCache<T> | null = null;

  constructor(fetchPage: FetchPage<T>) {
    this.#cache = new PageCache(fetchPage, () => (this.#version += 1));
    this.#cache.want(0, 1);
  }

  get total(): number | null {
    void this.#version;
    return this.#cache.total;
  }

  get trouble(): Problem | null {
    void this.#version;
    return this.#cache.trouble === null ? null : asProblem(this.#cache.trouble);
  }

  /** Rows to draw as placeholders while the first page loads or the server does not answer. */
  get placeholders(): number {
    return this.trouble === null || this.trouble.unreachable ? PLACEHOLDERS : 0;
  }

  get(index: number): T | undefined {
    void this.#version;
    return this.#cache.get(index);
  }

  want(first: number, end: number): void {
    this.#cache.want(first, end);
  }

  refresh(): void {
    this.#cache.refresh();
  }

  retry(): void {
    this.#cache.retry();
    this.#version += 1;
  }

  /** Shows another list; the current one stays until the first page of the other is loaded. */
  show(fetchPage: FetchPage<T>): void {
    this.#coming?.close();
    this.turning = true;
    const coming = new PageCache<T>(fetchPage, () => {
      if (this.#coming === coming) {
        this.#cache.close();
        this.#cache = coming;
        this.#coming = null;
        this.turning = false;
        this.turn += 1;
      }
      this.#version += 1;
    });
    this.#coming = coming;
    coming.want(0, 1);
  }

  close(): void {
    this.#cache.close();
    this.#coming?.close();
  }
}
