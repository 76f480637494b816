import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { condition, evaluate, type Scope, text, textMap } from './evaluate.ts';
import { isMapping, isSequence, type TemplateToken } from './parser.ts';
import { addMask, type JobState, runSteps, scopeOf } from './steps.ts';
import { fields, UnknownFeature } from './unknown.ts';
import type { JobRun, World } from './world.ts';

const KEYS = ['needs', 'if', 'environment', 'concurrency', 'env', 'defaults', 'strategy', 'outputs', 'steps', 'uses', 'with', 'secrets'] as const;
export type JobFields = { readonly [key in (typeof KEYS)[number]]?: TemplateToken };

export function jobFields(id: string, token: TemplateToken): JobFields {
  if (!isMapping(token)) throw new UnknownFeature(`job ${id} is no mapping`);
  return fields(token, `job ${id}`, KEYS, ['name', 'runs-on', 'permissions', 'timeout-minutes']);
}

export interface Triggered {
  readonly name: string;
  readonly path: string;
}

export interface JobPlan {
  readonly id: string;
  readonly job: JobFields;
  readonly world: World;
  /** The workflow that was started by an event, of which this job may be in a called one. */
  readonly triggered: Triggered;
  /** Of the job itself: github, inputs, vars, needs, secrets. */
  readonly contexts: Readonly<Record<string, unknown>>;
  readonly workflowEnvironment: Readonly<Record<string, string>>;
  readonly workflowDefaults: TemplateToken | undefined;
}

/** What `strategy.matrix` makes of a job: one entry without any. */
export function expandMatrix({ id, job, contexts }: JobPlan): {
  readonly entries: readonly (Record<string, unknown> | null)[];
  readonly failFast: boolean;
} {
  if (job.strategy === undefined) return { entries: [null], failFast: true };
  if (!isMapping(job.strategy)) throw new UnknownFeature(`the strategy of job ${id} is an expression`);
  const strategy = fields(job.strategy, `strategy of job ${id}`, ['matrix', 'fail-fast'], ['max-parallel']);
  const scope: Scope = { contexts, status: 'success' };
  const matrix = strategy.matrix === undefined ? {} : (evaluate(strategy.matrix, scope) as Record<string, unknown>);
  const { include = [], exclude, ...vectors } = matrix;
  if (exclude !== undefined) throw new UnknownFeature('exclude in a matrix is not known to this runner');
  let entries: Record<string, unknown>[] = Object.keys(vectors).length === 0 ? [] : [{}];
  for (const [name, values] of Object.entries(vectors)) {
    entries = entries.flatMap((entry) => (values as unknown[]).map((value) => ({ ...entry, [name]: value })));
  }
  if (entries.length > 0 && (include as unknown[]).length > 0)
    throw new UnknownFeature('include beside vectors of a matrix is not known to this runner');
  entries.push(...(include as Record<string, unknown>[]));
  if (entries.length === 0) throw new Error(`Error when evaluating 'strategy' for job '${id}'. Matrix must define at least one vector`);
  if (entries.length > 256) throw new Error(`the matrix of job ${id} has more than 256 entries`);
  return { entries, failFast: strategy['fail-fast'] === undefined || evaluate(strategy['fail-fast'], scope) === true };
}

/** The `strategy` context, as far as workflows ask for it. */
export interface Strategy {
  readonly 'job-index': number;
  readonly 'job-total': number;
}

/** Runs one job, for one entry of its matrix, in a workspace of its own. */
export async function runJob(plan: JobPlan, matrix: Record<string, unknown> | null, strategy: Strategy): Promise<JobRun> {
  const { id, job, world } = plan;
  const before: Scope = { contexts: { ...plan.contexts, matrix, strategy }, status: 'success' };
  const environment = environmentOf(job.environment, before);
  const gate = environment === null ? undefined : world.environments[environment];
  const concurrency = concurrencyOf(job.concurrency, before, id);
  const ended = { id, matrix, environment, concurrency, outputs: {}, steps: [], summary: '', annotations: [], workspace: '' };
  if (gate?.approved === false) return { ...ended, result: 'failure', log: 'The deployment was rejected.', unmasked: '' };

  const secrets = { ...(plan.contexts['secrets'] as Record<string, string>), ...gate?.secrets };
  const state = await openJob(plan, { ...before.contexts, secrets });
  for (const value of Object.values(secrets)) addMask(state, value);
  const scope: Scope = { contexts: state.contexts, status: 'success' };
  state.environment = { ...plan.workflowEnvironment, ...textMap(job.env, scope) };
  if (job.steps === undefined || !isSequence(job.steps)) throw new UnknownFeature(`job ${id} has no list of steps`);

  const frame = { job: state, contexts: {}, environment: {}, inComposite: false };
  const steps = await runSteps(job.steps, frame);
  for (const post of state.posts.reverse()) await post();
  const unmasked = state.lines.join('\n');
  const log = state.lines.map((line) => masked(line, state.masks)).join('\n');
  const outputs = jobOutputs(job.outputs, scopeOf(frame, steps, state.environment), state);
  const { annotations, summary, workspace } = state;
  return { ...ended, result: state.status, outputs, steps, summary, annotations, log, unmasked, workspace };
}

async function openJob({ id, world, job, workflowDefaults }: JobPlan, contexts: Record<string, unknown>): Promise<JobState> {
  const folder = await mkdtemp(join(world.folder, `${id}-`));
  const [name = ''] = world.caller.split('/').slice(1);
  const places = { workspace: join(folder, name, name), temporary: join(folder, '_temp'), tools: join(folder, '_tools') };
  for (const place of Object.values(places)) await mkdir(place, { recursive: true });
  const event = join(places.temporary, 'event.json');
  await writeFile(event, JSON.stringify((contexts['github'] as Record<string, unknown>)['event'] ?? {}));
  const github = { ...(contexts['github'] as Record<string, string>), job: id, workspace: places.workspace, event_path: event };
  const runner = { os: 'Linux', arch: 'X64', temp: places.temporary, tool_cache: places.tools, name: 'here' };
  return {
    world,
    workspace: places.workspace,
    temporary: places.temporary,
    runner: {
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      ...Object.fromEntries(
        Object.entries(github).flatMap(([key, value]) =>
          key === 'token' || typeof value !== 'string' ? [] : [[`GITHUB_${key.toUpperCase()}`, value]],
        ),
      ),
      RUNNER_OS: runner.os,
      RUNNER_ARCH: runner.arch,
      RUNNER_TEMP: runner.temp,
      RUNNER_TOOL_CACHE: runner.tool_cache,
    },
    environment: {},
    path: [],
    status: 'success',
    contexts: { ...contexts, github, runner, job: { ...(contexts['job'] as object) } },
    defaults: defaultsOf([workflowDefaults, job.defaults]),
    masks: new Set(),
    lines: [],
    annotations: [],
    summary: '',
    posts: [],
  };
}

/** GitHub drops an output that holds something masked, and goes on without it. */
function jobOutputs(token: TemplateToken | undefined, scope: Scope, state: JobState): Record<string, string> {
  const outputs = Object.entries(textMap(token, scope));
  return Object.fromEntries(
    outputs.filter(([name, value]) => {
      const secret = [...state.masks].some((mask) => value.includes(mask));
      if (secret) state.annotations.push({ kind: 'warning', title: '', message: `Skip output '${name}' since it may contain secret.` });
      return !secret;
    }),
  );
}

function masked(text: string, masks: ReadonlySet<string>): string {
  return [...masks].toSorted((a, b) => b.length - a.length).reduce((shown, mask) => shown.replaceAll(mask, '***'), text);
}

function environmentOf(token: TemplateToken | undefined, scope: Scope): string | null {
  if (token === undefined) return null;
  const name = isMapping(token) ? text(fields(token, 'environment', ['name'], ['url']).name, scope) : text(token, scope);
  // GitHub takes an empty name for none
  return name === '' ? null : name;
}

function concurrencyOf(token: TemplateToken | undefined, scope: Scope, id: string): JobRun['concurrency'] {
  if (token === undefined) return null;
  if (!isMapping(token)) return { group: text(token, scope), cancelInProgress: false };
  const known = fields(token, `concurrency of job ${id}`, ['group', 'cancel-in-progress']);
  const cancel = known['cancel-in-progress'];
  return { group: text(known.group, scope), cancelInProgress: cancel !== undefined && evaluate(cancel, scope) === true };
}

function defaultsOf(levels: readonly (TemplateToken | undefined)[]): JobState['defaults'] {
  let defaults: JobState['defaults'] = { shell: null, folder: null };
  for (const level of levels) {
    if (level === undefined) continue;
    if (!isMapping(level)) throw new UnknownFeature('defaults is no mapping');
    const { run } = fields(level, 'defaults', ['run']);
    if (run === undefined || !isMapping(run)) continue;
    const known = fields(run, 'defaults.run', ['shell', 'working-directory']);
    const nothing: Scope = { contexts: {}, status: 'success' };
    defaults = { shell: text(known.shell, nothing) || defaults.shell, folder: text(known['working-directory'], nothing) || defaults.folder };
  }
  return defaults;
}

/** Whether the `if:` of a job holds, given how those ended that it needs. */
export function jobRuns({ job }: JobPlan, scope: Scope): boolean {
  return condition(job.if, scope);
}
