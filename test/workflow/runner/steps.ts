import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Annotation, createCommandReader, readPairs } from './commands.ts';
import { condition, evaluate, type Scope, type Status, text, textMap } from './evaluate.ts';
import { isMapping, type MappingToken, type SequenceToken, type TemplateToken } from './parser.ts';
import { runChild } from './process.ts';
import { fields, UnknownFeature } from './unknown.ts';
import { runUses } from './uses.ts';
import type { StepRun, World } from './world.ts';

/** A job while it runs: what its steps change for each other. */
export interface JobState {
  readonly world: World;
  readonly workspace: string;
  readonly temporary: string;
  /** GITHUB_* and RUNNER_*, which no step may change. */
  readonly runner: Readonly<Record<string, string>>;
  /** From the workflow and the job, then from GITHUB_ENV. */
  environment: Record<string, string>;
  path: string[];
  status: Status;
  readonly contexts: Record<string, unknown>;
  readonly defaults: { readonly shell: string | null; readonly folder: string | null };
  readonly masks: Set<string>;
  readonly lines: string[];
  readonly annotations: Annotation[];
  summary: string;
  /** Clean-up of actions, run last to first when the steps are through. */
  readonly posts: (() => Promise<void>)[];
}

/** Where a list of steps stands: a job's own, or a composite action's. */
export interface Frame {
  readonly job: JobState;
  /** Beside or instead of the job's: a composite action's inputs, its action_path. */
  readonly contexts: Readonly<Record<string, unknown>>;
  /** What a composite action's step inherits from the step that uses it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly inComposite: boolean;
}

/** Runs steps in order; a failure makes the later ones ask their `if:`. Answers with what each step left. */
export async function runSteps(list: SequenceToken, frame: Frame): Promise<StepRun[]> {
  const done: StepRun[] = [];
  for (const [index, token] of [...list].entries()) {
    if (!isMapping(token)) throw new UnknownFeature('a step is no mapping');
    if (frame.job.world.signal.aborted) frame.job.status = 'cancelled';
    const step = await runStep(token, index, frame, done);
    done.push(step);
    if (step.conclusion === 'failure' && frame.job.status === 'success') frame.job.status = 'failure';
    if (step.conclusion === 'cancelled') frame.job.status = 'cancelled';
  }
  return done;
}

const KEYS = ['id', 'name', 'if', 'uses', 'with', 'run', 'env', 'shell', 'working-directory', 'continue-on-error', 'timeout-minutes'] as const;
export type StepFields = { readonly [key in (typeof KEYS)[number]]?: TemplateToken };

async function runStep(token: MappingToken, index: number, frame: Frame, before: readonly StepRun[]): Promise<StepRun> {
  const { job } = frame;
  const step = fields(token, `step ${index + 1}`, KEYS);
  const scope = scopeOf(frame, before, { ...job.environment, ...frame.environment });
  const id = text(step.id, scope) || `__${index + 1}`;
  const ended = { id, name: '', outputs: {} };
  if (!condition(step.if, scope)) return { ...ended, name: text(step.uses, scope) || id, outcome: 'skipped', conclusion: 'skipped' };

  const own = { ...frame.environment, ...textMap(step.env, scope) };
  const environment = { ...job.environment, ...own };
  const inner = scopeOf(frame, before, environment);
  const name = text(step.name, inner) || text(step.uses, inner) || id;
  job.lines.push(`##[group]${name}`);
  const outcome = await runOne(step, { frame, scope: inner, environment, own, id });
  const tolerated = step['continue-on-error'] !== undefined && evaluate(step['continue-on-error'], inner) === true;
  const conclusion = outcome.status === 'failure' && tolerated ? 'success' : outcome.status;
  return { ...ended, name, outputs: outcome.outputs, outcome: outcome.status, conclusion };
}

export interface StepCall {
  readonly frame: Frame;
  readonly scope: Scope;
  readonly environment: Readonly<Record<string, string>>;
  /** Of that, what `env:` of the step and of those around it says: it outlives GITHUB_ENV. */
  readonly own: Readonly<Record<string, string>>;
  readonly id: string;
}

export interface Outcome {
  readonly status: 'success' | 'failure' | 'cancelled';
  readonly outputs: Readonly<Record<string, string>>;
}

async function runOne(step: StepFields, call: StepCall): Promise<Outcome> {
  try {
    if (step.run !== undefined) return await runScript(step, call);
    if (step.uses !== undefined) return await runUses(step, call);
  } catch (error) {
    if (error instanceof UnknownFeature) throw error;
    call.frame.job.lines.push(`Error: ${error instanceof Error ? error.message : String(error)}`);
    return { status: 'failure', outputs: {} };
  }
  throw new UnknownFeature('a step has neither run nor uses');
}

async function runScript(step: StepFields, call: StepCall): Promise<Outcome> {
  const { job, inComposite } = call.frame;
  const shell = text(step.shell, call.scope) || (inComposite ? '' : job.defaults.shell);
  if (shell === '') throw new UnknownFeature('a step of a composite action must name its shell');
  if (shell !== null && shell !== 'bash') throw new UnknownFeature(`the shell ${shell} is not known to this runner`);
  const script = join(await mkdtemp(join(job.temporary, 'run-')), 'script.sh');
  await writeFile(script, text(step.run, call.scope));
  // https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
  const command = shell === null ? ['bash', '-e', script] : ['bash', '--noprofile', '--norc', '-e', '-o', 'pipefail', script];
  const folder = text(step['working-directory'], call.scope) || (inComposite ? null : job.defaults.folder) || '.';
  return runProcess({ command, folder: resolve(job.workspace, folder), environment: {}, minutes: minutesOf(step, call.scope) }, call);
}

export interface Process {
  readonly command: readonly string[];
  readonly folder: string;
  /** Beside the step's own: INPUT_*. */
  readonly environment: Readonly<Record<string, string>>;
  readonly minutes: number;
  readonly onState?: (state: Record<string, string>) => void;
}

/** A process with the runner's files and environment, whose words go to the job's log. */
export async function runProcess({ command, folder, environment, minutes, onState }: Process, call: StepCall): Promise<Outcome> {
  const { job, contexts } = call.frame;
  const files = await commandFiles(job.temporary);
  const reader = createCommandReader({
    mask: (value) => addMask(job, value),
    annotate: (annotation) => job.annotations.push(annotation),
  });
  const actionPath = (contexts['github'] as { action_path?: string } | undefined)?.action_path;
  const status = await runChild({
    command,
    folder,
    environment: {
      ...job.world.machine,
      ...call.environment,
      ...environment,
      PATH: [...job.path, job.world.machine['PATH'] ?? ''].join(':'),
      ...job.runner,
      ...(actionPath === undefined ? {} : { GITHUB_ACTION_PATH: actionPath }),
      ...files,
    },
    timeoutMinutes: minutes,
    signal: job.status === 'cancelled' ? new AbortController().signal : job.world.signal,
    onLine: (line) => {
      const shown = reader.take(line);
      if (shown !== null) job.lines.push(shown);
    },
  });
  Object.assign(job.environment, await readPairs(files.GITHUB_ENV));
  job.path = [
    ...(await readFile(files.GITHUB_PATH, 'utf8'))
      .split('\n')
      .filter((line) => line !== '')
      .reverse(),
    ...job.path,
  ];
  job.summary += await readFile(files.GITHUB_STEP_SUMMARY, 'utf8');
  onState?.(await readPairs(files.GITHUB_STATE));
  const outputs = await readPairs(files.GITHUB_OUTPUT);
  if (status === null) {
    job.lines.push(job.world.signal.aborted ? 'Error: The operation was canceled.' : `Error: The step took more than ${minutes} minutes.`);
    return { status: job.world.signal.aborted ? 'cancelled' : 'failure', outputs };
  }
  if (status !== 0) job.lines.push(`Error: Process completed with exit code ${status}.`);
  return { status: status === 0 ? 'success' : 'failure', outputs };
}

/** A multi-line secret is masked line by line as well. */
export function addMask({ masks }: JobState, value: string): void {
  for (const piece of [value, ...value.split(/\r?\n/)]) if (piece.trim() !== '') masks.add(piece);
}

export function minutesOf(step: StepFields, scope: Scope): number {
  return step['timeout-minutes'] === undefined ? 360 : Number(evaluate(step['timeout-minutes'], scope));
}

export function scopeOf({ job, contexts }: Frame, before: readonly StepRun[], environment: Readonly<Record<string, string>>): Scope {
  const steps = Object.fromEntries(before.map(({ id, outputs, outcome, conclusion }) => [id, { outputs, outcome, conclusion }]));
  return {
    status: job.status,
    contexts: { ...job.contexts, job: { ...(job.contexts['job'] as object), status: job.status }, ...contexts, steps, env: environment },
  };
}

async function commandFiles(temporary: string) {
  const folder = await mkdtemp(join(temporary, 'commands-'));
  const file = async (name: string) => {
    await writeFile(join(folder, name), '');
    return join(folder, name);
  };
  return {
    GITHUB_ENV: await file('env'),
    GITHUB_OUTPUT: await file('output'),
    GITHUB_PATH: await file('path'),
    GITHUB_STATE: await file('state'),
    GITHUB_STEP_SUMMARY: await file('summary'),
  };
}
