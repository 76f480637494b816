import { z } from 'zod';

import { badConfig, readYaml } from '../options/config-yaml.ts';
import { durationSeconds } from '../options/define.ts';

/** One line: it becomes a cell of a table. A folded block of YAML ends with a line break, which is taken off. */
const text = z
  .string('is not text')
  .trim()
  .min(1, 'is empty')
  .max(500, 'is longer than 500 characters')
  .regex(/^[^\r\n]*$/, 'has more than one line');

const step = z.strictObject({
  title: text,
  /** What to do, in one or two sentences; the commands are in the runbook. */
  do: text,
  /** What to note as evidence that it was done. */
  evidence: text,
  /** With the end of this step the service is back: the recovery time counts up to here. */
  recovered: z.boolean().default(false),
});

const scenario = z.strictObject({
  title: text,
  /** What has happened, as it is told to the people who play. */
  story: text,
  /** The page to work with, relative to runbooks/. */
  runbook: text.regex(/^[a-z0-9-]+\.md$/, 'is not the name of a page, like database-lost.md'),
  targets: z.strictObject({ rto: durationSeconds().optional(), rpo: durationSeconds().optional() }).default({}),
  roles: z.array(z.strictObject({ role: text, does: text })).min(1, 'names no role'),
  'day-before': z.array(text).min(1, 'has no check for the day before'),
  steps: z
    .array(step)
    .min(1, 'has no step')
    .max(50, 'has more than 50 steps')
    .refine((steps) => steps.filter(({ recovered }) => recovered).length === 1, 'must say recovered: true of exactly one step'),
});

export type Scenario = z.output<typeof scenario> & { readonly name: string };

/**
 * Reads a scenario from the text of `runbooks/drills/NAME.yml`.
 * @throws LifeboatError `bad-config` with file, line and column of everything that is wrong
 */
export function parseScenario(name: string, path: string, yaml: string): Scenario {
  const { value, locate } = readYaml(path, yaml);
  const parsed = scenario.safeParse(value);
  if (parsed.success) return { name, ...parsed.data };
  throw badConfig(
    path,
    parsed.error.issues.map((issue) => ({ ...locate(issue.path), message: `${issue.path.join('.') || 'the file'} ${issue.message}` })),
  );
}
