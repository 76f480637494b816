import { z } from 'zod';
import { FINDING_KINDS } from '../indexes/finding.ts';
import { databaseUrl, sharedOptions } from './common.ts';
import { copyMapping } from './copies.ts';
import { optionMeta } from './define.ts';
import { describeOptions, type OptionDescription } from './describe.ts';
import { isDay } from './indexes.ts';
import { accept } from './value.ts';
import { sectionNameOf, VERB_NAMES, VERBS, type Verb, type VerbName } from './verbs.ts';

/** Keys as the file has them; values as they would be given on the command line. */
export type Section = Readonly<Record<string, unknown>>;

export interface DatabaseConfig extends Section {
  readonly 'database-url-env'?: string | null;
  readonly backup?: Section | null;
  readonly restore?: Section | null;
  readonly drill?: Section | null;
  readonly retention?: Section | null;
  readonly indexes?: Section | null;
}

export interface Config extends Section {
  /** For all databases; what a database says itself goes before it, key by key. */
  readonly retention?: Section | null;
  /** The file it was read from, for messages. */
  readonly path: string;
  readonly databases?: Readonly<Record<string, DatabaseConfig | null>> | null;
}

const scalar = z.union([z.string(), z.number(), z.boolean()], 'is neither text nor a number');
const variableName = z.string('is not text').regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not the name of an environment variable');

const assertions = z
  .record(
    z.string().regex(/^[^:\n]+$/, 'is not a name for an assertion: leave out the colon'),
    z.string('is not a query').min(1, 'is empty'),
    'is not a mapping from names to queries',
  )
  .describe('Queries that must return true in the restored database, each under a name of its own; $1 is the time of the snapshot.');

const ignoreRules = z
  .array(
    z.strictObject(
      {
        index: z
          .string('is not a name')
          .min(1, 'is empty')
          .describe('What the finding is about: an index, a table, a sequence; * and ? stand for others.'),
        kind: z
          .enum(FINDING_KINDS, `is none of ${FINDING_KINDS.join(', ')}`)
          .describe('Only findings of this kind.')
          .nullish(),
        reason: z.string('is not text: a reason is needed').min(1, 'is empty').describe('Why it is to be lived with.'),
        until: z
          .string()
          .regex(/^\d{4}-\d\d-\d\d$/, 'is not a day: write 2027-01-31')
          .refine(isDay, 'is a day that does not exist')
          .describe('The last day that this holds.')
          .nullish(),
      },
      'is not a mapping with index and reason',
    ),
    'is not a list',
  )
  .describe('Findings to live with, each with a reason.');

const sharedShape = {
  ...shapeOf(describeOptions(z.strictObject(sharedOptions))),
  copies: z
    .array(copyMapping, 'is not a list of stores')
    .describe('Further stores for the same backups: every backup is copied to each of them when it is done.')
    .nullish(),
};

const database = z.strictObject(
  {
    'database-url-env': variableName.describe(inVariable(databaseUrl)).nullish(),
    ...sharedShape,
    ...sectionsOf(VERB_NAMES.filter((verb) => VERBS[verb].configurable)),
  },
  'is not a mapping',
);

/** lifeboat.yml. Every option of a configurable verb has its key here, made from the verb's own schema. */
export const configSchema = z.strictObject(
  {
    ...sharedShape,
    ...sectionsOf(VERB_NAMES.filter((verb) => (VERBS[verb] as Verb).section !== undefined)),
    databases: z
      .record(z.string().min(1, 'is empty'), database.nullish(), 'is not a mapping from names to databases')
      .describe('Every database under its name in the store.')
      .nullish(),
  },
  'is not a mapping',
) as unknown as z.ZodType<Omit<Config, 'path'>>;

function sectionsOf(verbs: readonly VerbName[]): Record<string, z.ZodType> {
  return Object.fromEntries(verbs.map((verb) => [sectionNameOf(verb), sectionOf(verb).describe(VERBS[verb].summary).nullish()]));
}

function sectionOf(verb: VerbName): z.ZodObject {
  const elsewhere = ['database', 'databaseUrl', ...Object.keys(sharedOptions)];
  return z.strictObject(
    shapeOf(
      describeOptions(VERBS[verb].schema).filter(({ name, meta }) => !elsewhere.includes(name) && !meta.byHand && meta.sharedKey === undefined),
    ),
    'is not a mapping',
  );
}

function shapeOf(options: readonly OptionDescription[]): Record<string, z.ZodType> {
  return Object.fromEntries(
    options.map((option) => {
      // Queries have names of their own, which a mapping shows best.
      if (option.name === 'assert') return ['assertions', assertions.nullish()];
      if (option.name === 'ignore') return ['ignore', ignoreRules.nullish()];
      return option.meta.secret
        ? [`${option.flag}-env`, variableName.describe(inVariable(option.schema)).nullish()]
        : [option.flag, yamlValue(option).nullish()];
    }),
  );
}

/** What YAML may hold for an option; the option's own schema has the last word. */
function yamlValue(option: OptionDescription): z.ZodType {
  const { kind, meta } = option;
  const raw =
    kind === 'switch' ? z.boolean('is neither true nor false') : kind === 'list' ? z.union([scalar, z.array(scalar)], 'is not a list') : scalar;
  return raw
    .superRefine((value, context) => {
      const accepted = accept(option, value);
      if ('problem' in accepted) context.addIssue({ code: 'custom', message: accepted.problem });
    })
    .meta({ description: meta.description, ...(option.default === undefined ? {} : { default: option.default }) });
}

function inVariable(secret: z.ZodType): string {
  const { description = '' } = optionMeta.get(secret) ?? {};
  return `The environment variable that holds it, never the value itself. ${description}`;
}
