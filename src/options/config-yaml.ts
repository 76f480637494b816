import { isMap, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { LifeboatError } from '../errors.ts';
import { secretsOfUrl } from '../postgres/secrets.ts';

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface YamlFile {
  readonly value: unknown;
  /** Where a key stands; for a key that stands nowhere itself (it came by `<<`), the nearest mapping around it. */
  readonly locate: (path: readonly PropertyKey[]) => Place;
}

/**
 * Reads YAML, and refuses it when a password stands in it.
 * @throws LifeboatError `bad-config`, which never repeats what stands in the file
 */
export function readYaml(path: string, text: string): YamlFile {
  const lines = new LineCounter();
  // Pretty errors would show the line, with whatever secret is in it.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, strict: true });
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const [error] = [...document.errors, ...document.warnings];
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && holdsPassword(node.value)) throw password(path, place(node.range?.[0] ?? 0));
    },
  });
  // What follows a colon in these messages is a piece of the file.
  if (error !== undefined) throw badConfig(path, [{ ...place(error.pos[0]), message: `is not YAML: ${error.message.split(': ')[0]}` }]);
  try {
    return { value: document.toJS(), locate: (keys) => place(offsetOf(document.contents, keys)) };
  } catch {
    throw badConfig(path, [{ line: 1, column: 1, message: 'is not YAML that can be read: its aliases refer to each other too often' }]);
  }
}

export interface ConfigProblem extends Place {
  readonly message: string;
}

/** One error for everything that is wrong with the file. */
export function badConfig(path: string, problems: readonly ConfigProblem[], remedy = `Correct ${path}.`): LifeboatError {
  const sentences = problems.map(({ line, column, message }) => `${path}:${line}:${column}: ${message}`);
  return new LifeboatError('bad-config', `${sentences.join('; ').replace(/(?<!\?)$/, '.')}`, remedy, { details: { file: path, problems } });
}

function holdsPassword(text: string): boolean {
  const isUrl = /^\s*[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const isKeywords = /\b(?:host|hostaddr|dbname)\s*=/.test(text) && /\bpassword\s*=/.test(text);
  return isKeywords || (isUrl && secretsOfUrl(text).length > 0);
}

function password(path: string, { line, column }: Place): LifeboatError {
  return badConfig(
    path,
    [{ line, column, message: 'a URL with a password stands here' }],
    'Put the URL into an environment variable and name the variable: database-url-env: SHOP_DATABASE_URL. If the file was ever pushed, change the password.',
  );
}

function offsetOf(node: Node | null, keys: readonly PropertyKey[]): number {
  let at = node;
  let offset = node?.range?.[0] ?? 0;
  for (const key of keys) {
    if (isMap(at)) {
      const pair = at.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (pair === undefined) return offset;
      offset = (pair.key as Node).range?.[0] ?? offset;
      at = pair.value as Node | null;
    } else {
      const item = (at as { items?: Node[] } | null)?.items?.[Number(key)];
      if (item === undefined) return offset;
      offset = item.range?.[0] ?? offset;
      at = item;
    }
  }
  return offset;
}
