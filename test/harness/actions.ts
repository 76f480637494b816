import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { ActionName } from '../../src/options/actions.ts';
import { builtActions } from './bundle.ts';
import { clusterOf } from './postgres.ts';
import { type RunnerLog, readRunnerLog } from './runner-log.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FILES = ['OUTPUT', 'STEP_SUMMARY', 'STATE', 'ENV', 'PATH'] as const;

export interface ActionOptions {
  /** A folder of the test's own; each run gets its files and its workspace in one below. */
  readonly folder: string;
  /** Under `with:`. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Files of the workspace. */
  readonly workspace?: Readonly<Record<string, string>>;
  /** What `github.token` is. */
  readonly token?: string;
}

export interface ActionEnd extends RunnerLog {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  /** What was masked. */
  readonly masks: readonly string[];
  readonly annotations: RunnerLog['commands'];
  /** All that was printed and written, but for the masks themselves: where no secret may be. */
  readonly everything: string;
}

export interface ActionRun {
  readonly child: ChildProcess;
  readonly ended: Promise<ActionEnd>;
}

/** Starts an action's bundle in a process of its own, as the runner does a step with `uses:`. */
export async function startAction(name: ActionName, options: ActionOptions): Promise<ActionRun> {
  const dist = await builtActions();
  const home = await mkdtemp(join(options.folder, `${name}-`));
  const workspace = join(home, 'workspace');
  await mkdir(workspace);
  for (const [path, text] of Object.entries(options.workspace ?? {})) await writeFile(join(workspace, path), text);
  const files = Object.fromEntries(FILES.map((file) => [`GITHUB_${file}`, join(home, file)]));
  for (const file of Object.values(files)) await writeFile(file, '');
  const { PATH = '', HOME = '', TMPDIR } = process.env;
  const child = spawn(process.execPath, [join(dist, `${name}.js`)], {
    cwd: workspace,
    env: {
      PATH,
      HOME,
      ...(TMPDIR === undefined ? {} : { TMPDIR }),
      LIFEBOAT_PG_BINDIR: clusterOf().installation.bindir,
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_ACTION_REPOSITORY: 'lifeboat-home/pg-lifeboat',
      GITHUB_ACTION_REF: 'v1',
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_WORKSPACE: workspace,
      ...files,
      ...(await inputVariables(name, options)),
      ...options.environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { child, ended: endOf(child, { ...files, ...options.environment }) };
}

export async function runAction(name: ActionName, options: ActionOptions): Promise<ActionEnd> {
  return (await startAction(name, options)).ended;
}

/** Every input that action.yml declares has a variable: what is given, or the default, or nothing. */
async function inputVariables(name: ActionName, { inputs, token = '' }: ActionOptions): Promise<Record<string, string>> {
  const { inputs: declared } = parse(await readFile(join(ROOT, 'actions', name, 'action.yml'), 'utf8')) as {
    inputs: Record<string, { default?: string }>;
  };
  const variables: Record<string, string> = {};
  for (const [input, { default: fallback = '' }] of Object.entries(declared)) {
    variables[`INPUT_${input.toUpperCase()}`] = /^\$\{\{ github\.token \}\}$/.test(fallback) ? token : fallback;
  }
  for (const [input, value] of Object.entries(inputs)) variables[`INPUT_${input.toUpperCase()}`] = value;
  return variables;
}

async function endOf(child: ChildProcess, files: Readonly<Record<string, string>>): Promise<ActionEnd> {
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      output[name] += chunk;
    });
  }
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const written = await Promise.all(FILES.map((file) => readFile(files[`GITHUB_${file}`] ?? '', 'utf8').catch(() => '')));
  const log = readRunnerLog(output.stdout);
  const unmasked = output.stdout.split('\n').filter((line) => !line.startsWith('::add-mask::'));
  return {
    status,
    ...output,
    ...log,
    outputs: readOutputs(written[0] ?? ''),
    summary: written[1] ?? '',
    masks: log.commands.filter(({ name }) => name === 'add-mask').map(({ data }) => data),
    annotations: log.commands.filter(({ name }) => name === 'error' || name === 'warning'),
    everything: [...unmasked, output.stderr, ...written].join('\n'),
  };
}

/** `name<<delimiter`, the value's lines, the delimiter. */
function readOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  for (const [, name = '', , value = ''] of text.matchAll(/^([^<\n]+)<<(\S+)\n(.*?)\n\2$/gms)) outputs[name] = value;
  return outputs;
}

/** Fails with the log when an action ended otherwise than it should, or left a word on standard error. */
export function expectStatus(end: ActionEnd, status: number): void {
  if (end.status !== status || end.stderr !== '' || !end.resumed) {
    throw new Error(`exit status ${end.status} instead of ${status}\n${end.stdout}\n${end.stderr}`);
  }
}
