import type { Context } from '../context.ts';
import type { Config, DatabaseConfig, Section } from '../options/config.ts';
import { loadConfigFile } from '../options/config-file.ts';
import { describeOptions } from '../options/describe.ts';
import type { MatrixOptions } from '../options/matrix.ts';
import { suggestion } from '../options/nearest.ts';
import { RETENTION_KEYS } from '../options/prune.ts';
import { badOptions } from '../options/read.ts';
import { VERBS } from '../options/verbs.ts';

/** One job of a workflow: a database, and the names of the environment variables that hold its secrets (`database-url-env`). */
export interface MatrixEntry {
  readonly database: string;
  readonly [variable: `${string}-env`]: string;
  /** For a backup: lifeboat.yml has a retention for it. */
  readonly retention?: true;
}

export interface MatrixResult {
  /** As GitHub's `strategy.matrix` takes it. Never holds a secret. */
  readonly matrix: { readonly include: readonly MatrixEntry[] };
  /** How many entries: a workflow cannot run a matrix of none. */
  readonly databases: number;
}

/** What GitHub allows of one matrix. */
const MOST = 256;

/**
 * The databases of lifeboat.yml as a matrix for a workflow. Without any, the one that was asked for by name, or none.
 * @throws LifeboatError `bad-config`, or `bad-option` for a database that the file does not have
 */
export async function matrix(options: MatrixOptions, { log }: Context): Promise<MatrixResult> {
  const config = await loadConfigFile(options.config);
  const all = entries(config, options);
  const include = all.slice(0, MOST);
  if (all.length > MOST) {
    const left = all.slice(MOST).map(({ database }) => database);
    log.warn(`A matrix holds at most ${MOST} databases; ${left.length} are left out, the first of them ${left[0]}: give their names one by one.`);
  }
  return { matrix: { include }, databases: include.length };
}

function entries(config: Config | null, { for: verb, database }: MatrixOptions): MatrixEntry[] {
  const known = Object.entries(config?.databases ?? {});
  if (config === null || known.length === 0) return database === undefined ? [] : [{ database }];
  const chosen = known.filter(([name]) => database === undefined || name === database);
  if (chosen.length === 0 && database !== undefined) {
    const names = known.map(([name]) => name);
    const message = `${JSON.stringify(database)} is not in ${config.path}${suggestion(database, names) || `, which has ${names.join(', ')}`}`;
    // the command line and the action spell options differently
    throw badOptions('matrix', [{ option: 'Database', message }], 'Name a database of that file, or none to take them all.');
  }
  return chosen.map(([name, found]) => ({
    database: name,
    ...variables(found, verb),
    ...copyVariables(config, found, verb),
    ...(verb === 'backup' && hasRetention(config, found) ? { retention: true as const } : {}),
  }));
}

function hasRetention(config: Config, found: DatabaseConfig | null): boolean {
  return RETENTION_KEYS.some((key) => Number(found?.retention?.[key] ?? config.retention?.[key] ?? 0) !== 0);
}

function variables(found: DatabaseConfig | null, verb: MatrixOptions['for']): Record<`${string}-env`, string> {
  const keys = describeOptions(VERBS[verb].schema)
    .filter(({ meta }) => meta.secret)
    .map(({ flag }) => `${flag}-env` as const);
  const section = (found as Record<string, Section | null | undefined> | null)?.[verb];
  return Object.fromEntries(
    keys.flatMap((key) => {
      const variable = found?.[key] ?? section?.[key];
      return typeof variable === 'string' ? [[key, variable]] : [];
    }),
  );
}

/** The variables that hold keys of copies, with spaces between them, where the verb has to do with copies. */
function copyVariables(config: Config, found: DatabaseConfig | null, verb: MatrixOptions['for']): { readonly 'copies-env'?: string } {
  if (!describeOptions(VERBS[verb].schema).some(({ meta }) => meta.sharedKey === 'copies')) return {};
  const copies = (found?.['copies'] ?? config['copies'] ?? []) as readonly Section[];
  const names = copies.flatMap((copy) => [copy['access-key-id-env'], copy['secret-access-key-env']]).filter((name) => typeof name === 'string');
  return names.length === 0 ? {} : { 'copies-env': [...new Set(names)].join(' ') };
}
