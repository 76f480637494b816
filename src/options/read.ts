import type { z } from 'zod';
import { LifeboatError } from '../errors.ts';
import { describeOptions, kebabCase, type OptionDescription } from './describe.ts';
import { suggestion } from './nearest.ts';
import { accept } from './value.ts';
import { type OptionsOf, VERBS, type VerbName } from './verbs.ts';

/** What lifeboat.yml says of a secret: the environment variable that holds it. */
export interface InVariable {
  readonly variable: string;
  /** The file that says so. */
  readonly file: string;
}

export interface OptionSources {
  /** What was asked for by hand, by the options' camelCase names: text, lists of text, or booleans. Empty text is not given. */
  readonly given: Readonly<Record<string, unknown>>;
  /** From lifeboat.yml, for this verb and database (src/options/config.ts). */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How the user writes an option: `--lock-timeout` unless told otherwise. */
  readonly spell?: Spell;
  /** What stands after the name of an option that is required and was not given, when lifeboat.yml names no variable for it. */
  readonly missing?: (option: OptionDescription) => string;
  /** Where to get a variable that lifeboat.yml names and that is not set. */
  readonly unset?: (variable: string) => string;
  /** Where to read what there is. */
  readonly help?: string;
}

export type Spell = (flag: string) => string;

export interface OptionProblem {
  readonly option: string;
  readonly message: string;
}

/**
 * A verb's options, validated and frozen. What is given by hand goes before lifeboat.yml, that before the environment, that before defaults.
 * @throws LifeboatError `bad-option` that names every problem at once
 */
export function readOptions<V extends VerbName>(verb: V, sources: OptionSources): OptionsOf<V> {
  return readSchema(VERBS[verb].schema, { help: helpOf(verb), ...sources }) as OptionsOf<V>;
}

/** The same, for what is asked of something that is no verb. */
export function readSchema<S extends z.ZodObject>(schema: S, sources: OptionSources): Readonly<z.output<S>> {
  const { spell = spellFlag } = sources;
  const descriptions = describeOptions(schema);
  const problems: OptionProblem[] = unknownNames(sources.given, descriptions, spell);
  const options: Record<string, unknown> = {};
  for (const description of descriptions) {
    const found = find(description, sources);
    const accepted = 'absent' in found ? { problem: found.absent } : accept(description, found.value);
    if ('problem' in accepted) problems.push({ option: spell(description.flag), message: origin(found) + accepted.problem });
    else if (accepted.value !== undefined) options[description.name] = freeze(accepted.value);
  }
  if (problems.length > 0) throw badOptions(null, problems, sources.help);
  return Object.freeze(options) as Readonly<z.output<S>>;
}

/** On the command line. */
export const spellFlag: Spell = (flag) => `--${flag}`;

/** One error for everything that is wrong with what was asked for. */
export function badOptions(verb: VerbName | null, problems: readonly OptionProblem[], help = helpOf(verb)): LifeboatError {
  const sentences = problems.map(({ option, message }) => `${option} ${message}`.trim());
  const intro = sentences.length === 1 ? '' : `${sentences.length} things are wrong: `;
  return new LifeboatError('bad-option', asSentence(`${intro}${sentences.join('; ')}`), help, { details: { problems } });
}

function helpOf(verb: VerbName | null): string {
  return verb === null ? 'lifeboat --help shows every verb.' : `lifeboat ${verb} --help shows what each option takes.`;
}

type Found = { readonly value: unknown; readonly from?: string } | { readonly absent: string };

function find(option: OptionDescription, { given, config, environment, missing = missingOption, unset = () => '' }: OptionSources): Found {
  const { name, meta, required } = option;
  if (isGiven(given[name])) return { value: given[name] };
  const configured = config?.[name];
  if (isInVariable(configured)) {
    // A variable that lifeboat.yml names is never replaced by another: that could be another database.
    if (!isGiven(environment[configured.variable]))
      return { absent: `is missing: ${configured.file} says it is in ${configured.variable}, which is not set${unset(configured.variable)}` };
    return { value: environment[configured.variable], from: configured.variable };
  }
  if (isGiven(configured)) return { value: configured, from: 'the configuration file' };
  if (meta.environment !== undefined && isGiven(environment[meta.environment]))
    return { value: environment[meta.environment], from: meta.environment };
  if (!required) return { value: undefined };
  return { absent: missing(option) };
}

function missingOption({ meta }: OptionDescription): string {
  return meta.environment === undefined ? 'is missing' : `is missing: give it, or set ${meta.environment}`;
}

function origin(found: Found): string {
  return 'from' in found && found.from !== undefined ? `(from ${found.from}) ` : '';
}

function unknownNames(given: OptionSources['given'], known: readonly OptionDescription[], spell: (flag: string) => string): OptionProblem[] {
  const flags = known.map(({ flag }) => spell(flag));
  return Object.keys(given)
    .filter((name) => !known.some((option) => option.name === name))
    .map((name) => ({
      option: spell(kebabCase(name)),
      message: `is not an option${suggestion(spell(kebabCase(name)), flags)}`,
    }));
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);
}

function isInVariable(value: unknown): value is InVariable {
  return typeof value === 'object' && value !== null && 'variable' in value;
}

function freeze(value: unknown): unknown {
  return Array.isArray(value) ? Object.freeze([...value]) : value;
}

function asSentence(text: string): string {
  return text.endsWith('?') ? text : `${text}.`;
}
