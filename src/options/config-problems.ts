import type { z } from 'zod';
import type { LifeboatError } from '../errors.ts';
import { configSchema } from './config-schema.ts';
import { badConfig, type ConfigProblem, type YamlFile } from './config-yaml.ts';
import { describeOptions } from './describe.ts';
import { suggestion } from './nearest.ts';
import { VERB_NAMES, VERBS } from './verbs.ts';

/** What the schema has against the file, in the words of somebody who writes it. Values are repeated only where the option is no secret. */
export function configProblems(path: string, issues: readonly z.core.$ZodIssue[], locate: YamlFile['locate']): LifeboatError {
  const problems = issues.flatMap((issue): ConfigProblem[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ ...locate([...issue.path, key]), message: unknownKey(key, issue.path) }));
    }
    const nested = issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined;
    return [{ ...locate(issue.path), message: `${nameOf(issue.path)} ${nested ?? issue.message}` }];
  });
  return badConfig(path, problems);
}

function unknownKey(key: string, path: readonly PropertyKey[]): string {
  const known = keysAt(configSchema, path);
  const option = VERB_NAMES.flatMap((verb) => describeOptions(VERBS[verb].schema)).find(({ flag }) => flag === key);
  if (option?.meta.secret) return `${key} is a secret and has no place here: name the environment variable that holds it, ${key}-env`;
  if (option?.meta.byHand) return `${key} is for a person to say, on every run: --${key}`;
  const where = path.length === 0 ? 'at the top' : `in ${nameOf(path)}`;
  return `${JSON.stringify(key)} is not a key ${where}${suggestion(key, known) || `: there are ${known.join(', ')}`}`;
}

/** The keys that the schema knows at a path. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const def = schema.def as unknown as { innerType?: z.ZodType; valueType?: z.ZodType; element?: z.ZodType; shape?: Record<string, z.ZodType> };
  if (def.innerType !== undefined) return keysAt(def.innerType, path);
  const [first, ...rest] = path;
  if (first === undefined) return Object.keys(def.shape ?? {});
  const next = def.shape?.[String(first)] ?? def.valueType ?? def.element;
  return next === undefined ? [] : keysAt(next, rest);
}

function nameOf(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'the file' : path.map(String).join('.');
}
