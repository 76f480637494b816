import type { RestoredFunction } from '../../postgres/preflight/objects.ts';
import { counted } from '../../report/format.ts';
import { type Judgement, only, pass, warn } from '../judgement.ts';

/**
 * Whether what runs during a restore names anything without its schema. A restore runs with an empty search_path, so such a function fails:
 * in an index, a generated column, a check, a materialized view or an event trigger. Only what these call themselves is looked at.
 */
export function judgeSearchPath(functions: readonly RestoredFunction[], userNames: ReadonlySet<string>): Judgement {
  const looked = `${counted(functions.length, 'function')} without a search_path of ${functions.length === 1 ? 'its' : 'their'} own ${functions.length === 1 ? 'runs' : 'run'} or may run during a restore`;
  const found = functions.flatMap((fn) => {
    const names = unqualifiedNames(fn.body, userNames);
    return names.length === 0 ? [] : [{ ...fn, names }];
  });
  if (found.length === 0)
    return pass(
      functions.length === 0
        ? 'No function without a search_path of its own runs during a restore.'
        : `${looked}, and none of them names anything without its schema.`,
    );
  return only(
    warn(
      `${counted(found.length, 'function')} ${found.length === 1 ? 'names' : 'name'} something without its schema, and a restore has an empty search_path: what ${found.length === 1 ? 'it is' : 'they are'} used by may not come back.`,
      `${found
        .map(({ name }) => `ALTER FUNCTION ${name} SET search_path = public, pg_temp;`)
        .slice(0, 5)
        .join(' ')} Name the schemas that it needs.`,
      found.map(({ name, names, usedBy }) => `${name} (names ${names.join(', ')}; used by ${usedBy.slice(0, 3).join(', ')})`),
    ),
  );
}

/** Relations after FROM and the like, functions before a parenthesis, types after ::, where no schema stands before them. */
export function unqualifiedNames(body: string, known: ReadonlySet<string>): string[] {
  const code = body.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ').replaceAll(/'(?:[^']|'')*'/g, "''");
  const name = '(?:"((?:[^"]|"")+)"|([A-Za-z_\\u0080-\\uffff][\\w$\\u0080-\\uffff]*))';
  const patterns = [
    new RegExp(`\\b(?:from|join|into|update|only|table|using)\\s+${name}(?![\\w$]|\\s*\\.)`, 'gi'),
    new RegExp(`(?<![\\w$".]\\s*\\.\\s*|[\\w$"])${name}(?=\\s*\\()`, 'gi'),
    new RegExp(`::\\s*${name}(?![\\w$]|\\s*\\.)`, 'gi'),
  ];
  const found = new Set<string>();
  for (const pattern of patterns) {
    for (const [, quoted, plain] of code.matchAll(pattern)) {
      const written = quoted === undefined ? (plain ?? '').toLowerCase() : quoted.replaceAll('""', '"');
      if (known.has(written)) found.add(written);
    }
  }
  return [...found].sort();
}
