import { evaluate, type Scope, type Status, text, textMap } from './evaluate.ts';
import { readInputs, readSecrets } from './inputs.ts';
import { expandMatrix, type JobFields, type JobPlan, jobFields, jobRuns, runJob, type Triggered } from './job.ts';
import { isMapping, isSequence, isString, type MappingToken, parseWorkflow, type TemplateToken } from './parser.ts';
import { fields, UnknownFeature } from './unknown.ts';
import type { Inputs, JobRun, WorkflowRun, World } from './world.ts';

/**
 * Executes a workflow on this machine, as far as it uses what this runner knows.
 * @param path its path in the repository, `.github/workflows/backup.yml`
 * @throws UnknownFeature for what this runner does not know; Error for a workflow that GitHub would not start
 */
export async function runWorkflow(path: string, content: string, world: World): Promise<WorkflowRun> {
  return run(path, content, world, { event: world.event, inputs: world.inputs, secrets: world.secrets, workflowOf: world.caller });
}

interface Call {
  /** Which part of `on:` describes the inputs. */
  readonly event: string;
  readonly inputs: Inputs;
  readonly secrets: Readonly<Record<string, string>>;
  /** The repository that the workflow's file is in. */
  readonly workflowOf: string;
  /** The workflow that was triggered, which the context `github` of called ones is about too; absent when it is this one. */
  readonly triggered?: Triggered;
}

async function run(path: string, content: string, world: World, call: Call): Promise<WorkflowRun> {
  const { root, errors } = await parseWorkflow(path, content);
  if (root === null || errors.length > 0) throw new Error(`${path} is no workflow: ${errors.join('; ')}`);
  const workflow = fields(root, path, ['name', 'on', 'env', 'defaults', 'jobs'], ['run-name', 'permissions', 'concurrency']);
  const nothing: Scope = { contexts: {}, status: 'success' };
  const triggered = call.triggered ?? { name: text(workflow.name, nothing) || path, path };
  const event = eventOf(workflow.on, call.event, path);
  const inputs = readInputs(event, call.inputs, path);
  const secrets = call.event === 'workflow_call' ? readSecrets(event, call.secrets, path) : call.secrets;
  const contexts = {
    github: githubContext(triggered, world, inputs),
    inputs,
    vars: world.variables,
    secrets: { ...secrets, GITHUB_TOKEN: world.token },
    job: { workflow_repository: call.workflowOf, workflow_sha: SHA },
  };
  const environment = textMap(workflow.env, { contexts, status: 'success' });
  const done = new Map<string, JobRun[]>();
  for (const { id, job } of inOrder(workflow.jobs as MappingToken)) {
    const scope: Scope = {
      contexts: { ...contexts, needs: needsContext(job, done) },
      status: statusOf(needed(id, workflow.jobs as MappingToken), done),
    };
    const plan: JobPlan = {
      id,
      job,
      world,
      triggered,
      contexts: scope.contexts,
      workflowEnvironment: environment,
      workflowDefaults: workflow.defaults,
    };
    done.set(id, jobRuns(plan, scope) ? await runEntries(plan) : [skipped(id)]);
  }
  const jobs = [...done.values()].flat();
  return { result: resultOf(jobs), jobs };
}

/** Entries of a matrix run side by side where none could stop the others. */
async function runEntries(plan: JobPlan): Promise<JobRun[]> {
  const { entries, failFast } = expandMatrix(plan);
  const start = (entry: Record<string, unknown> | null, index: number) =>
    plan.job.uses === undefined
      ? runJob(plan, entry, { 'job-index': index, 'job-total': entries.length }).then((job) => [job])
      : callWorkflow(plan, entry);
  if (!failFast) return (await Promise.all(entries.map(start))).flat();
  const runs: JobRun[] = [];
  for (const [index, entry] of entries.entries()) {
    if (runs.some(({ result }) => result === 'failure')) runs.push({ ...skipped(plan.id), matrix: entry, result: 'cancelled' });
    else runs.push(...(await start(entry, index)));
  }
  return runs;
}

/** A reusable workflow of the project, called by owner/name/path@ref or ./path. */
async function callWorkflow({ id, job, world, triggered, contexts }: JobPlan, matrix: Record<string, unknown> | null): Promise<JobRun[]> {
  const scope: Scope = { contexts: { ...contexts, matrix, strategy: {} }, status: 'success' };
  const [uses = ''] = text(job.uses, scope).split('@');
  const path = uses.startsWith('./') ? uses.slice(2) : uses.startsWith(`${world.home}/`) ? uses.slice(world.home.length + 1) : null;
  if (path === null) throw new UnknownFeature(`job ${id} calls ${uses}, which is not a workflow of ${world.home}`);
  const inherited = job.secrets !== undefined && isString(job.secrets) && job.secrets.value === 'inherit';
  const given = job.with === undefined ? {} : (evaluate(job.with, scope) as Inputs);
  const secrets = inherited ? (contexts['secrets'] as Record<string, string>) : textMap(job.secrets, scope);
  const call = { event: 'workflow_call', inputs: given, secrets, workflowOf: world.home, triggered };
  const { jobs } = await run(path, await world.readWorkflow(path), world, call);
  return jobs.map((inner) => ({ ...inner, id: `${id} / ${inner.id}` }));
}

const SHA = '0123456789abcdef0123456789abcdef01234567';

function githubContext({ name, path }: Triggered, world: World, inputs: Inputs): Record<string, unknown> {
  return {
    actor: 'somebody',
    api_url: world.apiUrl,
    event: { ...world.payload, inputs, ...(world.schedule === null ? {} : { schedule: world.schedule }) },
    event_name: world.event,
    ref: 'refs/heads/main',
    ref_name: 'main',
    repository: world.caller,
    repository_owner: world.caller.split('/')[0],
    run_attempt: '1',
    run_id: '4711',
    run_number: '7',
    server_url: 'https://github.com',
    sha: SHA,
    token: world.token,
    workflow: name,
    workflow_ref: `${world.caller}/${path}@refs/heads/main`,
  };
}

/** What `on:` says of the event that started the workflow. */
function eventOf(on: TemplateToken | undefined, event: string, path: string): TemplateToken | undefined {
  if (on !== undefined && isString(on) && on.value === event) return undefined;
  if (on !== undefined && isSequence(on) && [...on].some((item) => isString(item) && item.value === event)) return undefined;
  const found = on !== undefined && isMapping(on) ? on.find(event) : undefined;
  if (found === undefined) throw new Error(`${path} is not triggered by ${event}`);
  return found;
}

function inOrder(jobs: MappingToken): { readonly id: string; readonly job: JobFields }[] {
  const waiting = new Map([...jobs].map(({ key, value }) => [String(key), jobFields(String(key), value)]));
  const order: { id: string; job: JobFields }[] = [];
  while (waiting.size > 0) {
    const next = [...waiting].find(([, job]) => needsOf(job).every((id) => !waiting.has(id)));
    if (next === undefined) throw new Error('jobs need each other in a circle');
    waiting.delete(next[0]);
    order.push({ id: next[0], job: next[1] });
  }
  return order;
}

function needsOf({ needs }: JobFields): string[] {
  if (needs === undefined) return [];
  return isSequence(needs) ? [...needs].map(String) : [String(needs)];
}

/** Everything that a job waits for, directly or not. */
function needed(id: string, jobs: MappingToken): string[] {
  const token = jobs.find(id);
  const direct = token === undefined ? [] : needsOf(jobFields(id, token));
  return [...new Set(direct.flatMap((one) => [one, ...needed(one, jobs)]))];
}

function statusOf(ids: readonly string[], done: ReadonlyMap<string, JobRun[]>): Status {
  const results = ids.flatMap((id) => (done.get(id) ?? []).map(({ result }) => result));
  return (['failure', 'cancelled', 'skipped'] as const).find((status) => results.includes(status)) ?? 'success';
}

function needsContext(job: JobFields, done: ReadonlyMap<string, JobRun[]>): Record<string, unknown> {
  return Object.fromEntries(
    needsOf(job).map((id) => {
      const runs = done.get(id) ?? [];
      return [id, { result: resultOf(runs), outputs: Object.assign({}, ...runs.map(({ outputs }) => outputs)) }];
    }),
  );
}

function resultOf(runs: readonly JobRun[]): JobRun['result'] {
  const results = runs.map(({ result }) => result);
  if (results.every((result) => result === 'skipped')) return 'skipped';
  return (['failure', 'cancelled'] as const).find((result) => results.includes(result)) ?? 'success';
}

function skipped(id: string): JobRun {
  const nothing = {
    outputs: {},
    steps: [],
    environment: null,
    concurrency: null,
    summary: '',
    annotations: [],
    log: '',
    unmasked: '',
    workspace: '',
  };
  return { id, matrix: null, result: 'skipped', ...nothing };
}
