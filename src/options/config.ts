import type { LifeboatError } from '../errors.ts';
import { sharedOptions } from './common.ts';
import { configProblems } from './config-problems.ts';
import { type Config, configSchema, type DatabaseConfig, type Section } from './config-schema.ts';
import { readYaml } from './config-yaml.ts';
import { describeOptions, kebabCase, type OptionDescription } from './describe.ts';
import { suggestion } from './nearest.ts';
import { badOptions, type InVariable, type OptionSources, spellFlag } from './read.ts';
import { linesOf } from './value.ts';
import { sectionNameOf, VERBS, type Verb, type VerbName } from './verbs.ts';

export type { Config, DatabaseConfig, Section } from './config-schema.ts';

/**
 * Reads lifeboat.yml: which databases there are, where their backups live, and what each verb is told about them. Holds no secret.
 * @param path for messages
 * @throws LifeboatError `bad-config` with file, line and column of everything that is wrong
 */
export function loadConfig(path: string, text: string): Config {
  const { value, locate } = readYaml(path, text);
  const parsed = configSchema.safeParse(value ?? {});
  if (!parsed.success) throw configProblems(path, parsed.error.issues, locate);
  return { path, ...parsed.data };
}

/**
 * What the file says about one verb, under the options' own names, for readOptions. With one database in the file, its name may be left out.
 * @param given what was asked for by hand: it decides which database is meant
 * @param words for messages
 * @throws LifeboatError `bad-option` when the file leaves open which database that is
 */
export function configFor(config: Config, verb: VerbName, given: OptionSources['given'], words: Words = {}): Record<string, unknown> {
  const several = takesSeveral(verb) ? chooseSeveral(config, verb, given, words) : null;
  const database = several === null ? chooseDatabase(config, verb, given, words) : several.length === 1 ? (several[0] ?? null) : null;
  const found = database === null ? null : config.databases?.[database];
  const values: Record<string, unknown> = {};
  const take = (from: Section | null | undefined, which: (option: OptionDescription) => boolean) => {
    for (const { name, flag, meta } of describeOptions(VERBS[verb].schema).filter(which)) {
      const said = from?.[meta.sharedKey ?? flag];
      const value = said ?? inVariable(config, from?.[`${flag}-env`]);
      if (value !== undefined && value !== null) values[name] = value;
    }
  };
  // Beside a database's verbs, which may be called as an option is: a drill has its --backup.
  const isShared = ({ name, meta }: OptionDescription) => name in sharedOptions || name === 'databaseUrl' || meta.sharedKey !== undefined;
  take(config, isShared);
  take(found, isShared);
  const { section: shared, borrows = [] }: Verb = VERBS[verb];
  for (const borrowed of borrows)
    for (const from of [config, found]) take(from?.[borrowed] as Section | null | undefined, (option) => !isShared(option));
  const name = sectionNameOf(verb);
  if (shared !== undefined) take(config[name] as Section | null | undefined, (option) => !isShared(option));
  const section = found?.[name as keyof DatabaseConfig] as Section | null | undefined;
  take(section, (option) => !isShared(option));
  if (section?.['assertions']) values['assert'] = Object.entries(section['assertions']).map(([name, sql]) => `${name}: ${sql}`);
  if (several !== null) values['database'] = several;
  else if (database !== null) values['database'] = database;
  return values;
}

function takesSeveral(verb: VerbName): boolean {
  return describeOptions(VERBS[verb].schema).some(({ name, kind }) => name === 'database' && kind === 'list');
}

/** Those that were asked for by hand, else all of the file. More than one at once can only be asked in the same words. */
function chooseSeveral(config: Config, verb: VerbName, given: OptionSources['given'], words: Words): string[] {
  const raw = given['database'];
  const asked = Array.isArray(raw) ? raw.map(String) : linesOf(raw);
  const names = asked.length > 0 ? asked : Object.keys(config.databases ?? {});
  if (names.length === 1) return names;
  const shared = describeOptions(VERBS[verb].schema).flatMap(({ meta }) => meta.sharedKey ?? []);
  const keys = [...Object.keys(sharedOptions).map(kebabCase), ...shared, verb];
  const own = names.filter((name) => keys.some((key) => (config.databases?.[name]?.[key] ?? null) !== null));
  if (own.length === 0) return names;
  throw badDatabase(verb, words, `must name one at a time: ${config.path} has settings of their own for ${own.join(', ')}`);
}

type Words = Pick<OptionSources, 'spell' | 'help'>;

/** `null` when the file has nothing to say about the database that is meant, or when all are. */
function chooseDatabase(config: Config, verb: VerbName, given: OptionSources['given'], words: Words): string | null {
  const names = Object.keys(config.databases ?? {});
  const { shape } = VERBS[verb].schema;
  const byUrl = 'databaseUrl' in shape;
  const asked = given['database'];
  if (typeof asked === 'string' && asked !== '') {
    if (names.includes(asked)) return asked;
    // A name that only the store knows may be asked for; a live database must be known by its URL.
    if (!byUrl || given['databaseUrl'] || names.length === 0) return null;
    throw badDatabase(verb, words, notInFile(config, asked, names));
  }
  // A URL given by hand may be any database's: the file's only one would lend it a wrong name.
  if (names.length === 0 || (byUrl && given['databaseUrl'])) return null;
  if (names.length === 1) return names[0] ?? null;
  if (verb === 'list' || verb === 'matrix' || verb === 'keygen') return null;
  throw badDatabase(verb, words, `is missing: ${config.path} has ${names.join(', ')}`);
}

function notInFile(config: Config, asked: string, names: readonly string[]): string {
  return `${JSON.stringify(asked)} is not in ${config.path}${suggestion(asked, names) || `, which has ${names.join(', ')}`}`;
}

function badDatabase(verb: VerbName, { spell = spellFlag, help }: Words, message: string): LifeboatError {
  return badOptions(verb, [{ option: spell('database'), message }], help);
}

function inVariable(config: Config, variable: unknown): InVariable | undefined {
  return typeof variable === 'string' ? { variable, file: config.path } : undefined;
}
