import { redact } from '../postgres/secrets.ts';
import { ask, type HttpAnswer, type HttpRequest, isRateLimit, Unreachable } from './http.ts';

/** GitHub's REST API, as far as one repository is concerned. Paths start behind `/repos/owner/name`. */
export interface GitHubApi {
  get<T>(path: string): Promise<T>;
  /** Every page of a list, at most 10 of 100; `pick` takes the list out of an answer that wraps it. */
  list<T>(path: string, pick?: (page: unknown) => readonly T[]): Promise<T[]>;
  /** `repeatable`: sending it twice does no harm. */
  post<T>(path: string, body: object, options?: { readonly repeatable?: boolean }): Promise<T>;
  patch<T>(path: string, body: object): Promise<T>;
  put<T>(path: string, body: object): Promise<T>;
}

export interface ApiSettings {
  readonly token: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** What GitHub refused, or why it could not be asked. Holds no secret. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** `null` when there was no answer at all. */
  readonly status: number | null;
  /** `permission`: the token may not, or may not even know that it is there: GitHub answers both with 403 and 404. */
  readonly kind: 'unreachable' | 'permission' | 'rate-limit' | 'other';

  constructor(kind: ApiError['kind'], status: number | null, message: string) {
    super(message);
    this.kind = kind;
    this.status = status;
  }
}

const API_VERSION = '2022-11-28';
const PER_PAGE = 100;
const MOST_PAGES = 10;

/**
 * The API of the repository that the environment names (GITHUB_API_URL, GITHUB_REPOSITORY); nothing is asked yet.
 * Every method throws ApiError, or the signal's reason.
 * @returns `null` when the environment names no repository
 */
export function openApi({ token, environment, signal }: ApiSettings): GitHubApi | null {
  const repository = environment['GITHUB_REPOSITORY'] ?? '';
  if (!/^[^/\s]+\/[^/\s]+$/.test(repository)) return null;
  const base = (environment['GITHUB_API_URL'] || 'https://api.github.com').replace(/\/+$/, '');
  if (!URL.canParse(base)) return null;
  const headers = { authorization: `Bearer ${token}`, accept: 'application/vnd.github+json', 'x-github-api-version': API_VERSION };

  async function call(method: HttpRequest['method'], path: string, body: object | undefined, repeatable: boolean): Promise<HttpAnswer> {
    const url = new URL(`${base}/repos/${repository}${path}`);
    const what = `${method} ${url.pathname}`;
    const answer = await ask(url, { method, headers, repeatable, ...(body === undefined ? {} : { body }) }, signal).catch((error: unknown) => {
      if (!(error instanceof Unreachable)) throw error;
      throw new ApiError('unreachable', null, `GitHub's API could not be reached (${url.host}: ${error.message}).`);
    });
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw new ApiError(kindOf(answer), answer.status, redact(`GitHub answered ${what} with ${answer.status}${saying(answer.text)}.`, [token]));
  }

  return {
    get: async (path) => json(await call('GET', path, undefined, true)),
    async list<T>(path: string, pick = (page: unknown) => page as readonly T[]) {
      const all: T[] = [];
      for (let page = 1; page <= MOST_PAGES; page += 1) {
        const answer = await call('GET', `${path}${path.includes('?') ? '&' : '?'}per_page=${PER_PAGE}&page=${page}`, undefined, true);
        all.push(...pick(json(answer)));
        if (!/\brel="next"/.test(answer.headers.get('link') ?? '')) break;
      }
      return all;
    },
    post: async (path, body, { repeatable = false } = {}) => json(await call('POST', path, body, repeatable)),
    patch: async (path, body) => json(await call('PATCH', path, body, true)),
    put: async (path, body) => json(await call('PUT', path, body, true)),
  };
}

function json<T>({ text, status }: HttpAnswer): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ApiError('other', status, 'GitHub answered with something that is not JSON; a proxy may be in between.');
  }
}

function kindOf(answer: HttpAnswer): ApiError['kind'] {
  if (isRateLimit(answer)) return 'rate-limit';
  return answer.status === 401 || answer.status === 403 || answer.status === 404 ? 'permission' : 'other';
}

/** GitHub's own sentence, when there is one. */
function saying(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === 'string' ? `: ${message.slice(0, 200).replace(/\.$/, '')}` : '';
  } catch {
    return '';
  }
}
