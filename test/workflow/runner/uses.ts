import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { condition, type Status, text, textMap } from './evaluate.ts';
import { isMapping, isSequence, type MappingToken, parseAction, type TemplateToken } from './parser.ts';
import { minutesOf, type Outcome, runProcess, runSteps, type StepCall, type StepFields, scopeOf } from './steps.ts';
import { fields, UnknownFeature } from './unknown.ts';

/** Runs an action: a stand-in by name, or a local one, JavaScript or composite. */
export async function runUses(step: StepFields, call: StepCall): Promise<Outcome> {
  const { job } = call.frame;
  const uses = text(step.uses, call.scope);
  const given = textMap(step.with, call.scope);
  const [name = ''] = uses.split('@');
  const standIn = job.world.standIns[name];
  if (standIn !== undefined) {
    const log = (line: string) => void job.lines.push(line);
    const end = await standIn({ uses, inputs: given, environment: call.environment, workspace: job.workspace, log });
    Object.assign(job.environment, end?.environment);
    return { status: 'success', outputs: end?.outputs ?? {} };
  }
  if (!uses.startsWith('./')) throw new UnknownFeature(`${uses} is not local, and nothing stands in for it`);
  const folder = join(job.workspace, uses);
  if (!existsSync(join(folder, 'action.yml'))) throw new Error(`Can't find 'action.yml' under '${folder}'. Did you forget to run actions/checkout?`);
  return runLocal(folder, given, step, call);
}

async function runLocal(folder: string, given: Readonly<Record<string, string>>, step: StepFields, call: StepCall): Promise<Outcome> {
  const { root, errors } = parseAction('action.yml', await readFile(join(folder, 'action.yml'), 'utf8'));
  if (root === null || errors.length > 0) throw new Error(`${folder} is no action: ${errors.join('; ')}`);
  const action = fields(root, folder, ['inputs', 'outputs', 'runs'], ['name', 'description', 'author', 'branding']);
  const inputs = withDefaults(action.inputs, given, call);
  const runs = asMapping(action.runs, 'runs');
  const using = text(runs.find('using'), call.scope);
  if (using === 'composite') return runComposite(folder, { inputs, runs, outputs: action.outputs }, call);
  if (using !== 'node24') throw new UnknownFeature(`an action that runs using ${using} is not known to this runner`);
  return runJavaScript(folder, inputs, runs, step, call);
}

/** An input that is not given, or that no action.yml has, which GitHub only warns of. */
function withDefaults(definitions: TemplateToken | undefined, given: Readonly<Record<string, string>>, call: StepCall): Record<string, string> {
  const inputs: Record<string, string> = {};
  for (const { key, value } of definitions === undefined ? [] : asMapping(definitions, 'inputs')) {
    const name = text(key, call.scope);
    const definition = fields(asMapping(value, name), `input ${name}`, ['default'], ['description', 'required', 'deprecationMessage']);
    inputs[name] = given[name] ?? text(definition.default, call.scope);
  }
  for (const name of Object.keys(given)) {
    if (!(name in inputs)) call.frame.job.annotations.push({ kind: 'warning', title: '', message: `Unexpected input(s) '${name}'` });
  }
  return { ...inputs, ...given };
}

interface Composite {
  readonly inputs: Readonly<Record<string, string>>;
  readonly runs: MappingToken;
  readonly outputs: TemplateToken | undefined;
}

async function runComposite(folder: string, { inputs, runs, outputs }: Composite, call: StepCall): Promise<Outcome> {
  const { job } = call.frame;
  const { steps } = fields(runs, `runs of ${folder}`, ['steps'], ['using']);
  if (steps === undefined || !isSequence(steps)) throw new UnknownFeature(`${folder} has no list of steps`);
  const github = { ...(job.contexts['github'] as object), action_path: folder };
  const frame = { job, contexts: { inputs, github }, environment: call.own, inComposite: true };
  const statusBefore = job.status;
  job.status = 'success';
  const done = await runSteps(steps, frame);
  const status = job.status as Status;
  job.status = statusBefore;
  const scope = scopeOf(frame, done, job.environment);
  const values = [...(outputs === undefined ? [] : asMapping(outputs, 'outputs'))].map(({ key, value }) => {
    const output = fields(asMapping(value, 'output'), 'an output', ['value'], ['description']);
    return [text(key, scope), text(output.value, scope)] as const;
  });
  return { status: status === 'skipped' ? 'success' : status, outputs: Object.fromEntries(values) };
}

async function runJavaScript(
  folder: string,
  inputs: Readonly<Record<string, string>>,
  runs: MappingToken,
  step: StepFields,
  call: StepCall,
): Promise<Outcome> {
  const { job } = call.frame;
  const { main, post, 'post-if': postIf } = fields(runs, `runs of ${folder}`, ['main', 'post', 'post-if'], ['using']);
  const state: Record<string, string> = {};
  const start = (script: TemplateToken | undefined) =>
    runProcess(
      {
        command: [process.execPath, join(folder, text(script, call.scope))],
        folder: job.workspace,
        environment: {
          ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value])),
          ...Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value])),
        },
        minutes: minutesOf(step, call.scope),
        onState: (saved) => Object.assign(state, saved),
      },
      call,
    );
  if (post !== undefined) {
    job.posts.push(async () => {
      if (postIf !== undefined && !condition(postIf, scopeOf(call.frame, [], job.environment))) return;
      const { status } = await start(post);
      if (status === 'failure' && job.status === 'success') job.status = 'failure';
    });
  }
  return start(main);
}

function asMapping(token: TemplateToken | undefined, what: string): MappingToken {
  if (token === undefined || !isMapping(token)) throw new UnknownFeature(`${what} is no mapping`);
  return token;
}
