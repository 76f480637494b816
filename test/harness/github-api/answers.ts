import type { GitHubState } from './state.ts';

export interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body: unknown;
}

export class Refusal extends Error {
  readonly answer: Answer;
  constructor(answer: Answer) {
    super(`answered with ${answer.status}`);
    this.answer = answer;
  }
}

export interface Call {
  readonly state: GitHubState;
  readonly args: readonly (string | undefined)[];
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly url: URL;
}

/** Which permission of the token it takes. */
export type Permission = readonly [keyof GitHubState['permissions'], 'read' | 'write'];

/** What answers to a method and a path behind `/repos/owner/name`. */
export type Route = readonly [RegExp, Permission, (call: Call) => Answer];

export function paged(all: readonly unknown[], { query, url }: Call): Answer {
  const size = Math.min(100, Number(query.get('per_page') ?? 30));
  const page = Number(query.get('page') ?? 1);
  const next = new URL(url);
  next.searchParams.set('page', String(page + 1));
  return {
    status: 200,
    headers: page * size < all.length ? { link: `<${next.href}>; rel="next"` } : {},
    body: all.slice((page - 1) * size, page * size),
  };
}

export function wrapped(answer: Answer, name: string, total: number): Answer {
  return { ...answer, body: { total_count: total, [name]: answer.body } };
}

export function ok(body: unknown): Answer {
  return { status: 200, body };
}

export function found<T>(value: T | undefined): T {
  if (value === undefined) throw refusal(404, 'Not Found');
  return value;
}

export function refusal(status: number, message: string): Refusal {
  return new Refusal({ status, body: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) } });
}

export function invalid(resource: string, code: string): Refusal {
  return new Refusal({ status: 422, body: { message: 'Validation Failed', errors: [{ resource, code }] } });
}
