import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Mapping, WorkflowFile } from './files.ts';
import { isOwn } from './rules.ts';
import { entries, jobsOf, type Rule, stepsOf } from './walk.ts';
import { ROOT } from './world.ts';

interface Definition {
  readonly required?: boolean;
  readonly default?: unknown;
}

/** What is used of this project is there, and gets what it takes. */
export const callsFit: Rule = (file) =>
  jobsOf(file).flatMap(({ id, job }) => [
    ...callFits(file, id, job),
    ...stepsOf(job).flatMap((step) => {
      const folder = ownPath(step['uses']);
      if (folder === null) return [];
      if (!existsSync(join(ROOT, folder, 'action.yml'))) return [`job ${id} uses ${folder}, which is not there`];
      const { inputs } = parse(readFileSync(join(ROOT, folder, 'action.yml'), 'utf8')) as Mapping;
      return compare(`${folder} in job ${id}`, 'input', entries(step['with']), entries(inputs) as [string, Definition][]);
    }),
  ]);

function callFits(file: WorkflowFile, id: string, job: Mapping): readonly string[] {
  const path = ownPath(job['uses']);
  if (path === null) return [];
  if (!existsSync(join(ROOT, path))) return [`job ${id} calls ${path}, which is not there`];
  const called = parse(readFileSync(join(ROOT, path), 'utf8')) as Mapping;
  const call = (called['on'] as Mapping)['workflow_call'] as Mapping | undefined;
  if (call === undefined) return [`job ${id} calls ${path}, which is not to be called`];
  return [
    ...compare(`${path} in job ${id}`, 'input', entries(job['with']), entries(call['inputs']) as [string, Definition][]),
    ...compare(`${path} in job ${id}`, 'secret', entries(job['secrets']), entries(call['secrets']) as [string, Definition][]),
    ...permissionsFit(file, id, job, called),
  ];
}

/** GitHub does not start a call that is granted less than a job in it names, even if that job would be skipped. */
function permissionsFit(file: WorkflowFile, id: string, job: Mapping, called: Mapping): readonly string[] {
  const granted = new Map(entries(job['permissions']));
  const wanted = new Map(jobsOf({ ...file, content: called }).flatMap((inner) => entries(inner.job['permissions'])));
  return [...wanted].filter(([name, level]) => granted.get(name) !== level).map(([name, level]) => `job ${id} must grant ${name}: ${level}`);
}

function compare(
  what: string,
  kind: string,
  given: readonly (readonly [string, unknown])[],
  known: readonly (readonly [string, Definition | null])[],
): readonly string[] {
  const unknown = given.filter(([name]) => !known.some(([one]) => one === name)).map(([name]) => `${what} has no ${kind} ${name}`);
  const missing = known
    .filter(([name, definition]) => definition?.required === true && definition.default === undefined && !given.some(([one]) => one === name))
    .map(([name]) => `${what} needs the ${kind} ${name}`);
  return [...unknown, ...missing];
}

/** Where in this repository a `uses:` leads; `null` for elsewhere. */
function ownPath(uses: unknown): string | null {
  if (typeof uses !== 'string') return null;
  const [name = ''] = uses.split('@');
  // where the ready-made workflows put this repository in the workspace of whoever calls them
  if (name.startsWith('./.pg-lifeboat/')) return name.slice('./.pg-lifeboat/'.length);
  if (name.startsWith('./')) return name.slice(2);
  return isOwn(name) ? name.split('/').slice(2).join('/') : null;
}
