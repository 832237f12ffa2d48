// A problem, as the server reports it (RFC 9457) or as the browser found it.

import type { ProblemDocument } from './types';

export class Problem extends Error {
  override name = 'Problem';
  constructor(
    readonly title: string,
    /** HTTP status; 0 when the server did not answer. */
    readonly status: number,
    readonly detail: string,
    readonly kind: string,
    readonly remedy: string | null = null,
    /** From Retry-After, when the server asked to wait. */
    readonly retryAfter_s: number | null = null,
  ) {
    super(detail || title);
  }

  /** The server could not be reached at all. */
  get unreachable(): boolean {
    return this.status === 0;
  }
}

export const UNREACHABLE = new Problem(
  'The server does not answer', 0, 'Fanfare could not be reached',
  'unreachable', 'check that it is running; this page continues automatically when the server is back',
);

/** With an upper-case first letter: error texts start in lower case. */
export function sentence(text: string): string {
  return text === '' ? '' : text.charAt(0).toUpperCase() + text.slice(1);
}

const REASONS = new Set([
  'bad request', 'unauthorized', 'forbidden', 'not found', 'method not allowed', 'request timeout', 'conflict', 'gone', 'length required', 'precondition failed', 'payload too large',
  'unsupported media type', 'range not satisfiable', 'unprocessable entity', 'too many requests', 'internal server error', 'not implemented', 'service unavailable', 'insufficient storage',
]);
/** How a problem is shown: the name of an HTTP status explains nothing to a user, so the detail becomes the heading. */
export function headed(problem: Pick<Problem, 'title' | 'detail'>): { head: string; more: string } {
  const { title, detail } = problem;
  return detail !== '' && REASONS.has(title.toLowerCase()) ? { head: sentence(detail), more: '' } : { head: title, more: sentence(detail) };
}

export function problemFrom(status: number, body: unknown, retryAfter: string | null = null): Problem {
  const document = (typeof body === 'object' && body !== null ? body : {}) as ProblemDocument;
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const wait = retryAfter === null ? NaN : Number(retryAfter);
  return new Problem(
    sentence(text(document.title) || `The server answered ${status}`),
    status,
    text(document.detail),
    text(document.kind) || 'unknown',
    text(document.remedy) || null,
    Number.isFinite(wait) ? wait : null,
  );
}

/** Any thrown value as a problem, so that a page has one thing to show. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem('Something went wrong in this page', -1, String(error), 'page', 'reload the page');
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}
